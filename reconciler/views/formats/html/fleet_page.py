"""What the page of a fleet shows: every voice of a state, with its consent and its sample from the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from reconciler.model import urls
from reconciler.model.consent import Consent
from reconciler.model.manifest import AUDIO, Manifest, Voice
from reconciler.model.outputs import Row, outputs
from reconciler.model.recordings import Recordings
from reconciler.model.state import LIVE, Record, State, Status
from reconciler.model.time_format import format_time
from reconciler.values import value
from reconciler.views.document_context import DocumentContext
from reconciler.views.formats.html.parts import Player, player

_NOT_MADE = "not made"
_STATUSES = {  # the words of a status: of an output, of a record, or of an entry without a record
    "ready": "Ready",
    "running": "Being made",
    "intended": "Being made",
    "candidate": "Candidate",
    _NOT_MADE: "Not made yet",
    "unverifiable": "Made, not verifiable",
    "uncertain": "Outcome unknown",
    "failed": "Failed",
    "expired": "Expired",
    "deposed": "Replaced",
    "abandoned": "Released",
}
_CALM = frozenset({"ready", "unverifiable"})
_WRONG = frozenset({"failed", "uncertain", "expired"})
_LANGUAGES = ("language", "languages", "language_boost", "text_lang")
_NAMES = ("voice_name", "name")
_SOON = 30  # days before the end of a consent in which the page points at it


@value
class Fleet:
    """A state and the manifest at hand; None if it can't be read. `hidden` replaces values of the environment."""

    state: State
    manifest: Manifest | None
    now: datetime
    hidden: Callable[[str], str] = str
    notes: tuple[str, ...] = ()


@value
class ConsentCell:
    owner: str
    document: str
    until: str
    state: str  # held, soon, or over


@value
class Version:
    """Another voice of the same entry: an old one that is kept, or a new one that is to be heard."""

    status: str
    tone: str
    voice_id: str
    players: tuple[Player, ...]


@value
class VoiceRow:
    address: str
    name: str
    provider: str
    kind: str  # sound, official, made elsewhere, or empty
    status: str
    tone: str  # calm, wrong, or open
    message: str
    languages: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    consent: ConsentCell | None
    expires: str
    made: str
    voice_id: str
    players: tuple[Player, ...]
    others: tuple[Version, ...]


@value
class FleetPage:
    manifest: str
    sandbox: bool
    when: str
    rows: tuple[VoiceRow, ...]
    counts: tuple[tuple[str, int], ...]
    providers: tuple[str, ...]
    known: bool  # the manifest is at hand
    notes: tuple[str, ...]

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """What the voices can be filtered by."""
        return tuple((words, words) for words, _ in self.counts)


def page(fleet: Fleet, context: DocumentContext) -> FleetPage:
    rows = tuple(_rows(fleet, context.recordings))
    counts = Counter(row.status for row in rows)
    return FleetPage(
        manifest=context.manifest,
        sandbox=fleet.manifest is not None and fleet.manifest.sandbox,
        when=format_time(fleet.now),
        rows=rows,
        counts=tuple((words, counts[words]) for words in dict.fromkeys(_STATUSES.values()) if counts[words]),
        providers=tuple(sorted({row.provider for row in rows})),
        known=fleet.manifest is not None,
        notes=(*fleet.notes, *context.recordings.notes),
    )


def _rows(fleet: Fleet, recordings: Recordings) -> Iterable[VoiceRow]:
    """A row for each address of the state and of the manifest, by address."""
    declared = fleet.manifest.voices if fleet.manifest is not None else {}
    usable = outputs(fleet.state, now=fleet.now)
    for address in sorted(fleet.state.current.keys() | declared.keys()):
        record, voice = fleet.state.at(address), declared.get(address)
        if record is not None:
            yield _recorded(record, voice, usable.get(address), fleet, recordings)
        elif voice is not None:
            yield _unmade(voice, fleet, recordings)


def _recorded(
    record: Record, voice: Voice | None, usable: Row | None, fleet: Fleet, recordings: Recordings
) -> VoiceRow:
    status = str(usable.status if usable is not None else record.status)
    voice_id = record.voice_id or record.file_id or ""
    others = [each for each in fleet.state.by_address.get(record.address, ()) if _is_shown_beside(each, record)]
    return VoiceRow(
        address=record.address,
        name=fleet.hidden(record.voice_name or _name(record.sent)),
        provider=record.provider,
        kind=_kind(record, undeclared=fleet.manifest is not None and voice is None),
        status=_STATUSES.get(status, status),
        tone=_tone(status),
        message=fleet.hidden(record.message or "") if status in _WRONG else "",
        languages=_languages(record.sent, fleet.hidden),
        labels=_labels(record.labels, fleet.hidden),
        consent=_consent(voice, fleet),
        expires=_expiry(record, fleet.now),
        made=f"{'Made' if record.named else 'Begun'} {_day(record.created_at)}",
        voice_id=voice_id,
        players=_players(record, recordings),
        others=tuple(_version(each, recordings) for each in sorted(others, key=lambda r: -r.generation)),
    )


def _unmade(voice: Voice, fleet: Fleet, recordings: Recordings) -> VoiceRow:
    sample = player("Sample", voice.address, recordings.declared.get(voice.address))
    return VoiceRow(
        address=voice.address,
        name=fleet.hidden(_name(voice.inputs)),
        provider=voice.provider,
        kind="sound" if voice.address.startswith(AUDIO) else "",
        status=_STATUSES[_NOT_MADE],
        tone=_tone(_NOT_MADE),
        message="",
        languages=_languages(voice.inputs, fleet.hidden),
        labels=_labels(voice.labels, fleet.hidden),
        consent=_consent(voice, fleet),
        expires="",
        made="",
        voice_id="",
        players=() if sample is None else (sample,),
        others=(),
    )


def _is_shown_beside(other: Record, current: Record) -> bool:
    """Whether it is another voice of the entry that exists, or may exist."""
    return other.external_task_id != current.external_task_id and other.status in LIVE and other.named


def _version(record: Record, recordings: Recordings) -> Version:
    status = str(record.status)
    return Version(_STATUSES.get(status, status), _tone(status), record.voice_id or "", _players(record, recordings))


def _players(record: Record, recordings: Recordings) -> tuple[Player, ...]:
    key, sound = record.external_task_id, record.address.startswith(AUDIO)
    found = (
        player("Sample", record.address, recordings.samples.get(key)),
        player("Sound" if sound else "How it sounds", record.address, recordings.trials.get(key)),
    )
    return tuple(each for each in found if each is not None)


def _expiry(record: Record, now: datetime) -> str:
    if record.expires_at is None:
        return ""
    return f"{'Expired' if record.expires_at <= now else 'Expires'} {_day(record.expires_at)}"


def _day(when: datetime) -> str:
    """The day in UTC."""
    return f"{when.astimezone(UTC):%Y-%m-%d}"


def _tone(status: str) -> str:
    return "calm" if status in _CALM else "wrong" if status in _WRONG else "open"


def _kind(record: Record, *, undeclared: bool) -> str:
    if undeclared and record.status is not Status.ABANDONED:
        return "no longer declared"
    if record.address.startswith(AUDIO):
        return "sound"
    return {"preset": "official voice", "existing": "made elsewhere"}.get(record.method, "")


def _name(inputs: Mapping[str, object]) -> str:
    return next((name for key in _NAMES if isinstance(name := inputs.get(key), str)), "")


def _languages(inputs: Mapping[str, object], hidden: Callable[[str], str]) -> tuple[str, ...]:
    for key in _LANGUAGES:
        match inputs.get(key):
            case str() as one if one:
                return (hidden(one),)
            case [*several] if several:
                return tuple(hidden(str(each)) for each in several)
    return ()


def _labels(labels: Mapping[str, str], hidden: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    return tuple((str(urls.without_secrets(key)), hidden(urls.without_secrets(given))) for key, given in labels.items())


def _consent(voice: Voice | None, fleet: Fleet) -> ConsentCell | None:
    consent = voice.consent if voice is not None else None
    if consent is None:
        return None
    until = consent.expires.isoformat() if consent.expires is not None else ""
    owner, document = (fleet.hidden(urls.without_secrets(each)) for each in (consent.owner, consent.document))
    return ConsentCell(owner, document, until, _consent_state(consent, fleet.now))


def _consent_state(consent: Consent, now: datetime) -> str:
    if consent.has_expired(now):
        return "over"
    if consent.expires is not None and (consent.expires - now.date()).days <= _SOON:
        return "soon"
    return "held"

"""Collects the recordings of a page: links to samples, and how the voices sound. Embeds them if the user asks for it.

The query of a link is a secret. A sample's link that has one never reaches a page: it is only opened to embed the
sound. The links to how a voice sounds are signed by its cloud, and are shown because the user asks the page for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler import waits
from reconciler.engine.cloud import Cloud
from reconciler.engine.refresh import connect_all
from reconciler.errors import CloudError
from reconciler.model import redaction, urls
from reconciler.model.manifest import AUDIO, Manifest, Voice
from reconciler.model.methods import inputs_model
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.recordings import AudioChoice, Recording, Recordings
from reconciler.model.state import LIVE, Record, State
from reconciler.model.trusted_hosts import host_of
from reconciler.protocols.provider import Audible, Trials
from reconciler.values import value

if TYPE_CHECKING:
    from reconciler.engine.embedding import Embedding

_SILENT = frozenset({Action.MOVE, Action.UPDATE, Action.FORGET, Action.RESUME, Action.NO_OP})  # no voice is new or ends
_NOT_SHOWN = "its link is secret, so it is not in this page; --audio inline puts the sound itself here"
_SIMULATED = "the sandbox has no server for it; --audio inline puts the sound itself here"
_LOCAL = "it is a local file; --audio inline puts the sound itself here"
_CHANGED = "its file, or its link, is not in the manifest any more"
_IN_A_LIBRARY = "it is a file of its cloud's media library, which a page can't play"


@value
class Wanted:
    """What a page is about: records with the voices that they hold, and declared voices by their address."""

    records: tuple[Record, ...] = ()
    voices: Mapping[str, Voice] = field(default_factory=dict)


@value
class Sources:
    """Where recordings come from. `hidden` replaces the values of environment variables in a text."""

    connect: Callable[[Collection[str]], Mapping[str, Cloud]] | None  # None: no account is asked
    providers: Collection[str]  # those that can be connected
    hidden: Callable[[str], str]
    embedding: Embedding | None = None  # set to embed the sounds


@value
class _Place:
    """Where a sample is: at a link, or in a file whose bytes have this digest. `why`: it can't be heard."""

    link: str = ""
    file: str = ""
    sha256: str = ""
    why: str = ""


def of_plan(plan: Plan, state: State | None, manifest: Manifest) -> Wanted:
    """What the page of a plan lets its reader hear: voices that are made or end, new samples, and candidates."""
    voices: dict[str, Voice] = {}
    heard = [key for each in plan.candidates for key in (each.key, each.current_key)]
    for change in plan.changes:
        if change.action in _SILENT:
            continue
        heard += [change.record, change.key]
        voice = manifest.voices.get(change.address)
        if voice is not None and _is_planned(voice, change):
            voices[change.address] = voice
    voices |= {a: manifest.voices[a] for each in plan.candidates if (a := each.address) in manifest.voices}
    known: Mapping[str, Record] = state.records if state is not None else {}
    return Wanted(tuple(known[key] for key in dict.fromkeys(heard) if key is not None and key in known), voices)


def of_drift(addresses: Iterable[str], manifest: Manifest) -> Wanted:
    """What the page of drift lets its reader hear: the declared samples."""
    return Wanted(voices={each: manifest.voices[each] for each in addresses if each in manifest.voices})


def of_fleet(state: State, manifest: Manifest | None) -> Wanted:
    """What the page of a fleet lets its reader hear: every voice that exists or is declared."""
    current = frozenset(state.current.values())
    records = tuple(record for key, record in state.records.items() if record.status in LIVE or key in current)
    return Wanted(records, manifest.voices if manifest is not None else {})


def collect(wanted: Wanted, audio: AudioChoice, sources: Sources) -> Recordings:
    """The recordings of these records and voices. What can't be had is a reason or a note, never an error."""
    if audio is AudioChoice.NONE:
        return Recordings()
    collected = _Collected(audio, sources)
    declared = {address: _declared_place(voice) for address, voice in wanted.voices.items()}
    samples = {r.external_task_id: _sent_place(r, wanted.voices.get(r.address), declared) for r in wanted.records}
    trials, why = _trials(wanted.records, sources, collected.notes)
    collected.fetch([*declared.values(), *samples.values(), *map(_link_of, trials.values())])
    heard = {key: Recording(why=sources.hidden(words)) for key, words in why.items()}
    heard |= {key: collected.trial(link) for key, link in trials.items()}
    return Recordings(
        audio=audio,
        declared={key: found for key, place in declared.items() if (found := collected.sample(place)) is not None},
        samples={key: found for key, place in samples.items() if (found := collected.sample(place)) is not None},
        trials=heard,
        notes=tuple(map(sources.hidden, collected.notes)),
        signed=audio is AudioChoice.LINK and any(urls.may_have_secrets(each.source) for each in heard.values()),
    )


# -- how voices sound --------------------------------------------------------------------------------------------------


def _trials(records: Iterable[Record], sources: Sources, notes: list[str]) -> tuple[dict[str, str], Mapping[str, str]]:
    """external_task_id -> the link to how it sounds, and the reasons where there is none."""
    links = {r.external_task_id: r.url for r in records if r.address.startswith(AUDIO) and r.url and urls.is_url(r.url)}
    by_provider: dict[str, list[Record]] = {}
    for record in records:
        if record.voice_id is not None and not record.address.startswith(AUDIO):
            by_provider.setdefault(record.provider, []).append(record)
    providers = sources.providers
    if sources.connect is None:
        return links, {}
    notes += [_not_asked(name, "the manifest has no such provider") for name in by_provider if name not in providers]
    clouds, closed = connect_all(sources.connect, [name for name in by_provider if name in providers])
    notes += [_not_asked(name, problem.why) for name, problem in closed.items()]
    why: dict[str, str] = {}
    for name, answer in _ask_all(clouds, by_provider).items():
        if isinstance(answer, CloudError):
            notes.append(_not_asked(name, answer.detail))
        else:
            links |= answer.links
            why |= answer.why
    return links, why


def _ask_all(clouds: Mapping[str, Cloud], records: Mapping[str, Sequence[Record]]) -> dict[str, Trials | CloudError]:
    """Asks the accounts that have recordings, all at the same time."""

    def ask(name: str, provider: Audible) -> Trials | CloudError:
        try:
            return provider.trials(records[name])
        except CloudError as refusal:
            return refusal

    audible = {name: cloud.provider for name, cloud in clouds.items() if isinstance(cloud.provider, Audible)}
    if not audible:
        return {}
    pool = ThreadPoolExecutor(max_workers=min(16, len(audible)), thread_name_prefix="listen")
    try:
        futures = {name: pool.submit(ask, name, provider) for name, provider in audible.items()}
        return {name: waits.result(future) for name, future in futures.items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # an interrupted run does not wait for the answers


def _not_asked(provider: str, why: str) -> str:
    return f"{provider}: the account could not be asked how its voices sound: {why.rstrip('.')}."


# -- samples -----------------------------------------------------------------------------------------------------------


def _is_planned(voice: Voice, change: Change) -> bool:
    """Whether the entry declares the sample that was planned. A saved plan may be older than the manifest."""
    planned, now = change.after or {}, redaction.redacted(voice)
    return all(urls.compared(planned.get(key)) == urls.compared(now.get(key)) for key in voice.body.samples)


def _declared_place(voice: Voice) -> _Place | None:
    return _place(voice.inputs, voice.body.samples, voice.files)


def _sent_place(record: Record, voice: Voice | None, declared: Mapping[str, _Place | None]) -> _Place | None:
    """The sample of a record. If the entry still declares it, the whole link or the file is known."""
    body = inputs_model(record.type, record.method)
    keys = body.samples if body is not None else ()
    if voice is not None and voice.method == record.method:
        now = redaction.redacted(voice)
        if all(urls.compared(now.get(key)) == urls.compared(record.sent.get(key)) for key in keys):
            return declared[record.address]
    return _place(record.sent, keys, {})


def _place(inputs: Mapping[str, object], keys: Iterable[str], files: Mapping[str, str]) -> _Place | None:
    for key in keys:
        given = inputs.get(key)
        match given:
            case str() if urls.is_url(given):
                return _link_of(given)
            case {"url": str(link)} if urls.is_url(link):
                return _link_of(link)
            case {"file": str(), "sha256": str(digest)} if key in files:
                return _Place(file=files[key], sha256=digest)
            case {"file": str()}:
                return _Place(why=_CHANGED)
            case None:
                continue
            case _:
                return _Place(why=_IN_A_LIBRARY)
    return None


def _link_of(link: str) -> _Place:
    """The place of a link; a redacted one can't be opened."""
    return _Place(why=_CHANGED) if urls.MARK in link or "://***" in link else _Place(link=link)


@dataclass(slots=True)
class _Collected:
    audio: AudioChoice
    sources: Sources
    notes: list[str] = field(default_factory=list)
    embedded: Mapping[str, Recording] = field(default_factory=dict)  # link or file -> the sound

    def fetch(self, places: Iterable[_Place | None]) -> None:
        """Embeds the sounds of these places, each once."""
        if self.audio is not AudioChoice.INLINE or self.sources.embedding is None:
            return
        wanted = [place for place in places if place is not None and not place.why]
        files = {place.file: place.sha256 for place in wanted if place.file}
        self.embedded = self.sources.embedding.embed([place.link for place in wanted if place.link], files)

    def sample(self, place: _Place | None) -> Recording | None:
        if place is None:
            return None
        if place.why:
            return Recording(why=place.why)
        if self.audio is AudioChoice.INLINE:
            return self._embedded(place.link or place.file)
        if place.file:
            return Recording(why=_LOCAL)
        secret = urls.shown(place.link) != place.link or self.sources.hidden(place.link) != place.link
        return Recording(why=_NOT_SHOWN) if secret else Recording(source=place.link)

    def trial(self, link: str) -> Recording:
        if self.audio is AudioChoice.INLINE:
            return self._embedded(link)
        return Recording(why=_SIMULATED) if host_of(link).endswith(".invalid") else Recording(source=link)

    def _embedded(self, name: str) -> Recording:
        found = self.embedded.get(name) or Recording(why="it was not fetched")
        return found if found.source else Recording(why=self.sources.hidden(found.why))

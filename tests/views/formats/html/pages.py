"""Pages for tests: a fleet with a bit of everything, large fleets, and hostile ones; and how a page is taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from reconciler.model.consent import Consent
from reconciler.model.manifest import Manifest, Voice
from reconciler.model.recordings import AudioChoice, Recording, Recordings
from reconciler.model.state import Record, State, Status
from reconciler.views.document_context import DocumentContext
from reconciler.views.formats.html.fleet_page import Fleet
from tests.views.conftest import NOW
from tests.views.hostile import HOSTILE

ACCOUNT = "kling https://api-singapore.klingai.com"
CONTEXT = DocumentContext(manifest="voices.yaml")


def record(address: str, number: int = 0, **fields: Any) -> Record:
    made: dict[str, Any] = {
        "external_task_id": f"vc-3b1f8f0e-{number}-9c0d1e2f-1",
        "address": address,
        "provider": "kling",
        "account": ACCOUNT,
        "method": "create",
        "generation": 1,
        "status": Status.READY,
        "created_at": NOW - timedelta(days=40),
        "changed_at": NOW - timedelta(days=40),
        "sent": {"voice_name": address, "voice_url": f"https://cdn.example.com/{number}.mp3"},
        "voice_id": str(850_087_542_757_535_834 + number),
        "voice_name": address,
    }
    return Record(**(made | fields))


def state_of(*records: Record, former: tuple[Record, ...] = ()) -> State:
    return State(
        lineage="3b1f8f0e",
        serial=12,
        records={each.external_task_id: each for each in (*records, *former)},
        current={each.address: each.external_task_id for each in records},
    )


def voice(address: str, **fields: Any) -> Voice:
    given: dict[str, Any] = {"inputs": {"voice_name": address, "voice_url": "https://cdn.example.com/0.mp3"}}
    return Voice(address=address, provider="kling", type="kling", method="create", **(given | fields))


def small_fleet() -> tuple[Fleet, Recordings]:
    """One voice of each kind."""
    narrator = record("narrator", 1, labels={"used_by": "audiobook-app", "team": "sound"}, voice_name="Narrator EN")
    old = record("narrator", 2, status=Status.DEPOSED, generation=1)
    failed = record(
        "ghost", 3, status=Status.FAILED, voice_id=None, voice_name=None, message="the sample holds two voices"
    )
    spoken = record("mini", 4, sent={"name": "Mini", "languages": ["en", "zh"]}, method="existing")
    sound = record(
        "audio.fireworks",
        5,
        voice_id=None,
        voice_name=None,
        url="https://x/f.mp3?sign=1",
        expires_at=NOW - timedelta(1),
    )
    voices = {
        "narrator": voice(
            "narrator", consent=Consent.model_validate({"owner": "Ada Example", "document": "contracts/1"})
        ),
        "ghost": voice("ghost", consent=Consent.model_validate({"owner": "Bo", "expires": "2026-11-30"})),
        "mini": voice("mini", consent=Consent.model_validate({"owner": "Cy", "expires": "2026-11-01"})),
        "newcomer": voice("newcomer"),
    }
    fleet = Fleet(
        state=state_of(narrator, failed, spoken, sound, former=(old,)),
        manifest=Manifest("voices.yaml", voices=voices),
        now=NOW,
    )
    return fleet, Recordings(
        AudioChoice.LINK,
        declared={"newcomer": Recording("https://cdn.example.com/new.mp3")},
        samples={narrator.external_task_id: Recording("https://cdn.example.com/n.mp3")},
        trials={
            narrator.external_task_id: Recording("https://cdn.klingai.com/n.mp3?signature=trial"),
            old.external_task_id: Recording("https://cdn.klingai.com/o.mp3?signature=trial"),
            spoken.external_task_id: Recording(why="its task shows no recording"),
        },
        notes=("vod: the account could not be asked how its voices sound: no credentials.",),
        signed=True,
    )


def large_fleet(count: int) -> tuple[Fleet, Recordings]:
    """So many voices, with a sample and a trial each; one of them has a hostile name."""
    records = [
        record(
            f"voice_{number:05}",
            number,
            voice_name="<img src=x onerror=alert(1)>" if number == 7 else f"Voice {number}",
            labels={"team": "sound", "used_by": f"app-{number % 9}"},
            provider="kling" if number % 3 else "vod",
        )
        for number in range(count)
    ]
    heard = Recordings(
        AudioChoice.LINK,
        samples={each.external_task_id: Recording(f"https://cdn.example.com/{each.voice_id}.mp3") for each in records},
        trials={
            each.external_task_id: Recording(f"https://cdn.klingai.com/{each.voice_id}.mp3?s=1") for each in records
        },
        signed=True,
    )
    return Fleet(state=state_of(*records), manifest=None, now=NOW), heard


def hostile_fleet() -> tuple[Fleet, Recordings]:
    """Each hostile text in each place that the page of a fleet shows."""
    records = [
        record(
            text,
            number,
            provider=text,
            voice_name=text,
            voice_id=text,
            labels={text: text},
            message=text,
            status=Status.FAILED if number % 2 else Status.READY,
            sent={"language": text},
        )
        for number, text in enumerate(HOSTILE)
    ]
    former = tuple(record(text, 100 + n, status=Status.DEPOSED, voice_id=text) for n, text in enumerate(HOSTILE))
    voices = {
        text: voice(text, consent=Consent.model_construct(owner=text, document=text, expires=None)) for text in HOSTILE
    }
    heard = Recordings(
        AudioChoice.LINK,
        samples={each.external_task_id: Recording(why=text) for each, text in zip(records, HOSTILE, strict=True)},
        trials={
            each.external_task_id: Recording(f"https://h/{text}") for each, text in zip(records, HOSTILE, strict=True)
        },
        notes=tuple(HOSTILE),
    )
    fleet = Fleet(
        state=state_of(*records, former=former),
        manifest=Manifest("voices.yaml", voices=voices),
        now=datetime(2026, 11, 20, tzinfo=UTC),
        notes=tuple(HOSTILE),
    )
    return fleet, heard


@dataclass
class Taken(HTMLParser):
    """A page, taken apart: its elements with their attributes, and its text."""

    elements: list[tuple[str, Mapping[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    @property
    def attributes(self) -> set[str]:
        return {name for _, attributes in self.elements for name in attributes}

    def values(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]


def taken(page: str) -> Taken:
    parser = Taken()
    parser.feed(page)
    parser.close()
    return parser

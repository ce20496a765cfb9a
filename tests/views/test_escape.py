"""Foreign text in every view: nothing moves a cursor, hides, or turns letters round; JSON loses nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from reconciler.errors import ManifestError, Problem, Rejected, VoicectlError
from reconciler.hints import hint, way
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.manifest import Manifest
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.outputs import Output, OutputStatus
from reconciler.model.plan import Action, Change, Drift, DriftKind, FieldChange, Plan, Stop
from reconciler.model.state import Record, State, Status
from reconciler.model.voice_list import VoiceList
from reconciler.views import json_documents, progress, text
from reconciler.views.escape import escape
from reconciler.views.render_options import RenderOptions

HOSTILE = {
    "markup": "<b>bold</b>",
    "rich-markup": "[red]x[/red]",
    "newline": "a\nError: b\r\nc\td",
    "clear-screen": "\x1b[2J\x1b[H",
    "osc-link": "\x1b]8;;http://evil\x1b\\x\x1b]8;;\x07",
    "8-bit-csi": "\x9b31m",
    "nul-and-delete": "\x00\x7f\x08",
    "right-to-left-override": "abc\u202egnp.exe",
    "isolates": "\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
    "zero-width": "a\u200bb\u200cc\u200dd\u2060e\ufefff",
    "line-separators": "a\u2028b\u2029c\x85d",
    "tags": "a\U000e0041\U000e007f",
    "lone-surrogate": "a\ud800b\udfff",
    "emoji": "👩‍🚀🎙️👍🏽",
    "scripts": "Ünïcode ナレーター שלום नमस्ते",
    "10-kb": "x" * 10_000,
    "formula": "=cmd|' /C calc'!A0",
    "quotes": "\"'`$(x)\\",
    "percent-and-braces": "%s {0} {name}",
    "empty": "",
}
STAYS = {"markup", "rich-markup", "emoji", "scripts", "10-kb", "formula", "quotes", "percent-and-braces", "empty"}
WHEN = datetime(2026, 11, 20, tzinfo=UTC)


def plan_of(evil: str) -> Plan:
    inputs = {evil: evil, "nested": {evil: [evil]}}
    field = FieldChange(name=evil, before=evil, after={evil: evil})
    return Plan(
        plan_id=evil,
        lineage=evil,
        serial=1,
        manifest=evil,
        changes=tuple(
            Change(
                address=evil, provider=evil, action=action, reason=evil, hint=hint(evil),
                before=inputs | {"voice_id": evil},
                after=inputs, fields=(field,),
            )
            for action in Action
            if action is not Action.NO_OP
        ),
        drift=tuple(Drift(address=evil, provider=evil, kind=kind, fields=(field,)) for kind in DriftKind),
        notes=(evil,),
        stops=(Stop(what=evil, hint=hint(way(evil, evil, evil))),),
    )  # fmt: skip


def record_of(evil: str) -> Record:
    return Record(
        external_task_id=evil, address=evil, provider=evil, account=evil, method=evil, generation=1,
        status=Status.READY, created_at=WHEN, changed_at=WHEN, digest=evil, sent={evil: evil}, labels={evil: evil},
        task_id=evil, voice_id=evil, voice_name=evil, owned_by=evil, message=evil, deposed_by=evil,
    )  # fmt: skip


def state_of(evil: str) -> State:
    return State(lineage=evil, manifest=evil, records={evil: record_of(evil)}, current={evil: evil})


def rows_of(evil: str) -> dict[str, Output]:
    return {
        evil: Output(
            voice_id=evil, voice_name=evil, provider=evil, status=OutputStatus.READY, labels={evil: evil, "k": evil}
        )
    }


def remote_of(evil: str) -> RemoteVoice:
    return RemoteVoice(
        status=TaskStatus.READY, voice_id=evil, voice_name=evil, task_id=evil, external_task_id=evil, owned_by=evil,
        message=evil,
    )  # fmt: skip


def listed_of(evil: str) -> VoiceList:
    return VoiceList(voices=(remote_of(evil),), addresses={evil: evil})


def event_of(evil: str, kind: Kind) -> Event:
    return Event(
        kind=kind, address=evil, action=evil, provider=evil, voice_id=evil, detail=evil, hint=evil, tally=Tally()
    )


def events_of(evil: str) -> str:
    return "\n".join(text.event(event_of(evil, kind), RenderOptions(colour=True)) for kind in Kind)


def errors_of(evil: str) -> str:
    broken = ManifestError([Problem(evil, 1, 1, evil, evil), Problem(evil, 0, 0, "", evil)])
    refused = Rejected(evil, evil, code=evil, request_id=evil)
    return "\n".join(
        text.error(error, RenderOptions(colour=True)) for error in (VoicectlError(evil, evil), broken, refused)
    )


TEXTS: dict[str, Callable[[str], str]] = {
    "plan": lambda evil: text.plan(plan_of(evil), RenderOptions(colour=True)),
    "drift": lambda evil: text.drift(plan_of(evil), RenderOptions(colour=True)),
    "output": lambda evil: text.output(rows_of(evil)),
    "output-of-one": lambda evil: text.output(rows_of(evil), evil),
    "state": lambda evil: text.state(state_of(evil), RenderOptions(colour=True)),
    "state-list": lambda evil: text.state_list(state_of(evil)),
    "record": lambda evil: text.record(record_of(evil), RenderOptions(colour=True)),
    "voices": lambda evil: text.voices(listed_of(evil), RenderOptions(colour=True)),
    "events": events_of,
    "errors": errors_of,
    "manifest-ok": lambda evil: text.manifest_ok(Manifest(name=evil)),
    "progress": lambda evil: progress.lines(Tally(total=3), [(evil, evil, 1.0)], RenderOptions(colour=True)),
}
DOCUMENTS: dict[str, Callable[[str], object]] = {
    "plan": lambda evil: json_documents.plan_document(plan_of(evil)),
    "drift": lambda evil: json_documents.drift_document(plan_of(evil)),
    "output": lambda evil: json_documents.output_document(rows_of(evil)),
    "state": lambda evil: json_documents.state_document(state_of(evil)),
    "state-list": lambda evil: json_documents.state_list_document(state_of(evil)),
    "record": lambda evil: json_documents.record_document(record_of(evil)),
    "voices": lambda evil: json_documents.voices_document(listed_of(evil)),
    "events": lambda evil: [json_documents.event_document(event_of(evil, kind), 1) for kind in Kind],
}
# Written out anew, not taken from views.escape: the test has an opinion of its own.
RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\U000e0000-\U000e0fff]|(?<=[a-z])\u200d"
)
OUR_COLOURS = re.compile("\x1b\\[(0|1|2|31|32|33|36|1;31)m")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("view", TEXTS)
def test_nothing_raw_reaches_a_terminal(view: str, name: str) -> None:
    shown = OUR_COLOURS.sub("", TEXTS[view](HOSTILE[name]))
    assert RAW.search(shown) is None
    shown.encode("utf-8")


@pytest.mark.parametrize("view", TEXTS)
def test_a_foreign_newline_makes_no_line(view: str) -> None:
    assert TEXTS[view]("a\nb\nc").count("\n") == TEXTS[view]("abc").count("\n")


@pytest.mark.parametrize("view", TEXTS)
@pytest.mark.parametrize("name", sorted(STAYS - {"quotes", "empty"}))
def test_what_is_harmless_stays_as_it_is(view: str, name: str) -> None:
    assert HOSTILE[name] in TEXTS[view](HOSTILE[name])


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("view", DOCUMENTS)
@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_valid_loses_nothing_and_holds_nothing_raw(view: str, name: str, indent: int | None) -> None:
    document = DOCUMENTS[view](HOSTILE[name])
    written = json_documents.dumps(document, indent=indent)
    assert json.loads(written) == document
    assert RAW.search(written) is None
    assert indent is not None or "\n" not in written


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("a\r\tb", r"a\r\tb"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\u202egnp", r"\u202egnp"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("a\u200db", r"a\u200db"),
        ("👩‍🚀", "👩‍🚀"),
        ("C:\\new", "C:\\new"),
    ],
)
def test_what_can_not_be_trusted_is_shown_as_its_escape(raw: str, shown: str) -> None:
    assert escape(raw) == shown

"""Many changes at a glance: a paragraph for each action and reason, and every address by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from reconciler.hints import hint, way
from reconciler.model.plan import Action, Change, Drift, DriftKind, FieldChange, Plan
from reconciler.model.request_ids import marked
from reconciler.views import text
from reconciler.views.render_options import RenderOptions

Golden = Callable[[str, str], None]
LINK = "https://cdn.example.com"


def creates(count: int) -> list[Change]:
    return [
        Change(
            address=f"line-{n:03}",
            provider="kling",
            action=Action.CREATE,
            reason="declared, not created yet",
            after={"voice_name": f"Line {n}", "voice_url": f"{LINK}/{n}.mp3"},
        )
        for n in range(1, count + 1)
    ]


LOST = "the call's reply was lost, and this cloud can't be queried: HTTP 502"


def replaced(address: str, voice_id: str) -> Change:
    return Change(
        address=address,
        provider="kling",
        action=Action.REPLACE,
        reason="voice_url differs",
        hint=hint("The old voice_id stops working with this apply; lifecycle.keep_old: 24h keeps it a day"),
        before={"voice_id": voice_id, "voice_url": f"{LINK}/{address}-1.mp3"},
        after={"voice_url": f"{LINK}/{address}-2.mp3"},
        fields=(FieldChange(name="voice_url", before=f"{LINK}/{address}-1.mp3", after=f"{LINK}/{address}-2.mp3"),),
    )


def deleted(address: str, voice_id: str) -> Change:
    return Change(
        address=address,
        provider="kling",
        action=Action.DELETE,
        reason="no longer declared",
        before={"voice_id": voice_id, "voice_name": address},
    )


def lost(address: str, request: str) -> Change:
    """A creation at TRTC whose reply was lost."""
    return Change(
        address=address,
        provider="trtc",
        action=Action.BLOCKED,
        reason=marked(LOST, request),
        cause=LOST,
        hint=hint(
            way("Check the cloud's console. If it exists", "resolve", address, "--voice-id", "ID"),
            way("if it does not exist, pay again", "resolve", address, "--retry"),
            way("to forget it", "resolve", address, "--forget"),
        ),
    )


def labelled(address: str, before: str) -> Change:
    field = FieldChange(name="labels.tier", before=before, after="gold")
    return Change(
        address=address,
        provider="kling",
        action=Action.UPDATE,
        reason="changes the state only, no call",
        fields=(field, FieldChange(name="lifecycle.keep_old", before=None, after=86400)),
    )


@pytest.fixture
def large(no_change: Plan) -> Plan:
    """400 creates, 30 entries blocked by one cause, 3 replaces, 6 deletions, 12 updates."""
    changes: Iterable[Change] = (
        *(lost(f"guest-{n:02}", f"{n:08x}") for n in range(1, 31)),
        *creates(400),
        *(replaced(address, f"85000000000000000{n}") for n, address in enumerate(("narrator", "hero", "villain"))),
        *(deleted(f"old-{n}", f"86000000000000000{n}") for n in range(1, 7)),
        *(labelled(f"choir-{n:02}", "silver" if n % 2 else "bronze") for n in range(1, 13)),
    )
    drift = tuple(
        Drift(
            address=f"gone-{n:02}",
            provider="kling",
            kind=DriftKind.GONE,
            fields=(FieldChange(name="voice_id", before=str(n)),),
        )
        for n in range(1, 26)
    )
    return replace(no_change, changes=tuple(changes), drift=drift)


def test_a_large_plan_reads_as_its_golden_file_says(large: Plan, golden: Golden) -> None:
    golden("plan-large.txt", text.plan(large))


def test_its_summary_reads_as_its_golden_file_says(large: Plan, golden: Golden) -> None:
    golden("plan-large-summary.txt", text.plan(large, RenderOptions(detail=text.Detail.SUMMARY)))


@pytest.mark.parametrize("detail", text.Detail)
def test_every_address_is_named(large: Plan, detail: text.Detail) -> None:
    shown = text.plan(large, RenderOptions(detail=detail))
    for change in large.changes:
        assert re.search(rf"\b{change.address}\b", shown), change.address


@pytest.mark.parametrize("detail", text.Detail)
def test_what_goes_is_named_with_its_voice_id(large: Plan, detail: text.Detail) -> None:
    shown = text.plan(large, RenderOptions(detail=detail))
    for change in large.changes:
        if change.action in (Action.REPLACE, Action.DELETE):
            assert str((change.before or {})["voice_id"]) in shown


def test_in_full_each_change_has_its_fields(large: Plan) -> None:
    shown = text.plan(large, RenderOptions(detail=text.Detail.FULL))
    assert shown.count(f'voice_url   "{LINK}/') == 400
    assert shown.count("  ! blocked guest-") == 30


@pytest.mark.parametrize("count", [1, 5, 20])
def test_a_small_plan_is_shown_in_full(count: int, no_change: Plan) -> None:
    small = replace(no_change, changes=tuple(creates(count)))
    assert text.plan(small) == text.plan(small, RenderOptions(detail=text.Detail.FULL))
    assert "--full" not in text.plan(small)


def test_thirty_entries_blocked_by_one_cause_are_one_paragraph(no_change: Plan) -> None:
    blocked = [
        Change(
            address=f"v{n:02}",
            provider="kling",
            action=Action.BLOCKED,
            reason="no credentials",
            hint=hint("Declare kling"),
        )
        for n in range(30)
    ]
    shown = text.plan(replace(no_change, changes=tuple(blocked)))
    assert shown.count("! blocked") == 1
    assert "  ! blocked 30 voices (kling): no credentials\n" in shown
    assert shown.count("Declare kling") == 1


def test_a_few_blocked_by_different_causes_stay_apart(no_change: Plan) -> None:
    blocked = [
        Change(address=f"v{n}", provider="kling", action=Action.BLOCKED, reason=f"reason {n}") for n in range(30)
    ]
    assert text.plan(replace(no_change, changes=tuple(blocked))).count("! blocked") == 30


def test_hostile_names_are_escaped_in_groups_too(no_change: Plan) -> None:
    many = [replace(c, address=f"{c.address}\x1b[2J") for c in creates(30)]
    assert "\x1b" not in text.plan(replace(no_change, changes=tuple(many)))


def test_voices_and_sounds_of_one_reason_are_counted_apart(no_change: Plan) -> None:
    sound = replace(creates(1)[0], address="audio.bell")
    mixed = replace(no_change, changes=(*creates(30), sound))
    assert "+ create 30 voices and 1 sound (kling): declared, not created yet" in text.plan(mixed)

"""What a person reads before saying yes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.hints import hint, way
from reconciler.model.plan import Action, Change, FieldChange, Plan
from reconciler.views import text
from reconciler.views.render_options import RenderOptions

Golden = Callable[[str, str], None]


def test_a_plan_reads_as_its_golden_file_says(plan: Plan, golden: Golden) -> None:
    golden("plan.txt", text.plan(plan))


def test_drift_reads_as_its_golden_file_says(plan: Plan, golden: Golden) -> None:
    golden("drift.txt", text.drift(plan))


def test_colour_adds_colours_and_nothing_else(plan: Plan, golden: Golden) -> None:
    coloured = text.plan(plan, RenderOptions(colour=True))
    golden("plan-colour.txt", coloured)
    for code in ("0", "1", "2", "31", "32", "33", "36", "1;31"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == text.plan(plan)


def test_no_change_is_one_line(no_change: Plan) -> None:
    assert text.plan(no_change) == "No changes. 12 voices are as declared."


def test_one_unchanged_voice_is_as_declared(no_change: Plan) -> None:
    assert text.plan(replace(no_change, unchanged=1)) == "No changes. 1 voice is as declared."


def test_an_empty_manifest_over_an_empty_state_says_that_nothing_is_declared(no_change: Plan) -> None:
    assert text.plan(replace(no_change, unchanged=0)) == "No changes. No voices are declared."


def test_an_empty_destroy_says_that_there_is_nothing_to_destroy(no_change: Plan) -> None:
    empty = replace(no_change, unchanged=0, destroy=True)
    assert text.plan(empty) == "No changes. There is nothing to destroy."


def test_the_last_line_names_only_what_there_is(no_change: Plan) -> None:
    two = tuple(Change(address=a, provider="kling", action=Action.CREATE) for a in ("one", "two"))
    last = text.plan(replace(no_change, changes=two)).splitlines()[-1]
    assert last == "Plan: 2 to create; 2 paid calls. 12 unchanged."


def test_blocked_comes_last(plan: Plan) -> None:
    assert text.plan(plan).splitlines()[-1] == (
        "Plan: 1 to create, 1 to clone, 1 to replace, 1 to update, 1 to delete, 1 to recover, 1 to resume, "
        "1 to forget, 1 blocked; 3 paid calls. 12 unchanged."
    )


def test_a_plan_that_only_blocks_costs_nothing(no_change: Plan) -> None:
    blocked = Change(address="ghost", provider="kling", action=Action.BLOCKED, reason="two voices in the sample")
    shown = text.plan(replace(no_change, changes=(blocked,), unchanged=0))
    assert shown == "  ! blocked ghost (kling): two voices in the sample\n\nPlan: 1 blocked."


def test_a_declared_voice_id_is_known_before_the_apply(no_change: Plan) -> None:
    preset = Change(
        address="owen",
        provider="kling",
        action=Action.REPLACE,
        before={"voice_id": "829"},
        after={"voice_id": "830"},
        fields=(FieldChange(name="voice_id", before="829", after="830"),),
    )
    shown = text.plan(replace(no_change, changes=(preset,)))
    assert '      voice_id  "829" -> "830"' in shown.splitlines()


def test_long_values_are_written_one_under_the_other(no_change: Plan) -> None:
    moved = FieldChange(
        name="voice_url", before="https://a.example.com/" + "x" * 60, after="https://b.example.com/x.mp3"
    )
    change = Change(address="hero", provider="kling", action=Action.UPDATE, fields=(moved,))
    lines = text.plan(replace(no_change, changes=(change,))).splitlines()
    assert lines[1] == '      voice_url     "https://a.example.com/' + "x" * 60 + '"'
    assert lines[2] == '                 -> "https://b.example.com/x.mp3"'


def test_a_thousand_changes_are_all_shown(no_change: Plan) -> None:
    many = tuple(Change(address=f"v{i}", provider="kling", action=Action.CREATE) for i in range(1000))
    whole = text.plan(replace(no_change, changes=many), RenderOptions(detail=text.Detail.FULL))
    assert whole.count("+ create v") == 1000


@pytest.mark.parametrize("action", Action)
def test_every_action_has_its_sign_and_says_its_name(action: Action, no_change: Plan) -> None:
    change = Change(address="narrator", provider="kling", action=action)
    line = text.plan(replace(no_change, changes=(change,))).splitlines()[0]
    assert line[:3].strip()
    assert line[4:] == f"{action} narrator (kling)"


def test_no_drift_is_one_line(no_change: Plan) -> None:
    assert text.drift(no_change) == "No drift."


@pytest.mark.parametrize("name", ["older", "unclaimed"])
def test_thirty_voices_that_the_state_does_not_know_are_one_paragraph_of_drift(name: str, no_change: Plan) -> None:
    addresses = tuple(f"voice{number}" for number in range(30))
    blocked = tuple(
        Change(
            address=a,
            provider="kling",
            action=Action.BLOCKED,
            reason="unknown here",
            hint=hint(way("", "import", a, 1)),
        )
        for a in addresses
    )
    given: dict[str, Any] = {name: addresses}
    shown = text.drift(replace(replace(no_change, changes=blocked), **given))
    assert shown.count("unknown here") == 1
    assert "blocked 30 voices (kling): unknown here" in shown
    assert all(a in shown.replace(",", " ").split() for a in addresses)


def test_no_drift_still_says_what_could_not_be_checked(no_change: Plan) -> None:
    shown = text.drift(replace(no_change, notes=("vod could not be checked.",)))
    assert shown == "Note: vod could not be checked.\n\nNo drift."

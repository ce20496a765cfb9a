"""The page of a plan: its groups, its fields before and after, and what is heard on each side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.hints import hint, way
from reconciler.model.cost import Cost
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action, Candidate, Change, FieldChange, Plan, PlannedOutput
from reconciler.model.recordings import AudioChoice, Recording, Recordings
from reconciler.views.formats.html import plan_page
from reconciler.views.formats.html.plan_page import PlanPage
from reconciler.views.render_options import RenderOptions
from tests.views.formats.html.pages import CONTEXT

OPTIONS = RenderOptions(global_options="-f studio.yaml")
TRIAL, SAMPLE, NEW = Recording("https://k/trial"), Recording("https://h/old"), Recording("https://h/new")
NOTHING = Recording(why="it is a local file")
HERO = Change("hero", "kling", Action.REPLACE, record="old", key="new", before={"voice_id": "85"})


def shown(plan: Plan, heard: Recordings | None = None) -> PlanPage:
    return plan_page.page(plan, replace(CONTEXT, recordings=heard or Recordings()), OPTIONS)


def of(*changes: Change, **fields: object) -> Plan:
    return replace(Plan("5f", "3b1f8f0e", 12, "voices.yaml", changes=changes), **fields)  # type: ignore[arg-type]  # of a Plan


def test_what_needs_a_person_comes_first(plan: Plan) -> None:
    page = shown(plan)
    assert [group.heading for group in page.groups] == [
        "Blocked",
        "Replace",
        "Delete",
        "Forget",
        "Create",
        "Clone",
        "Update",
        "Recover",
        "Resume",
    ]
    assert page.verdict == "9 changes, 3 paid calls, 12 unchanged."
    assert page.drifted == 3
    assert [value for value, _ in page.kinds][-1] == "drift"


def test_every_action_has_a_heading() -> None:
    changes = [Change("a", "kling", action) for action in Action if action is not Action.NO_OP]
    assert sum(len(group.cards) for group in shown(of(*changes)).groups) == len(changes)


@pytest.mark.parametrize(
    ("heard", "titles"),
    [
        ({"trials": {"old": TRIAL}, "samples": {"old": SAMPLE}}, [("Now: the voice", TRIAL)]),
        ({"samples": {"old": SAMPLE}}, [("Now: the sample", SAMPLE)]),
        ({"trials": {"old": NOTHING}, "samples": {"old": SAMPLE}}, [("Now: the sample", SAMPLE)]),
        ({"trials": {"old": NOTHING}}, [("Now: the voice", NOTHING)]),
        ({"declared": {"hero": NEW}}, [("After the apply: the sample", NEW)]),
        (
            {"trials": {"old": TRIAL, "new": NEW}, "declared": {"hero": SAMPLE}},
            [("Now: the voice", TRIAL), ("After the apply: the voice", NEW)],
        ),
        ({}, []),
    ],
)
def test_each_side_is_heard_by_the_voice_or_else_by_its_sample(
    heard: dict[str, dict[str, Recording]], titles: list[tuple[str, Recording]]
) -> None:
    [group] = shown(of(HERO), Recordings(AudioChoice.LINK, **heard)).groups  # type: ignore[arg-type]  # of Recordings
    assert [(each.title, each.recording) for each in group.cards[0].players] == titles


def test_a_deleted_voice_has_no_new_side() -> None:
    gone = replace(HERO, action=Action.DELETE)
    [group] = shown(of(gone), Recordings(AudioChoice.LINK, declared={"hero": NEW}, samples={"old": SAMPLE})).groups
    assert [each.title for each in group.cards[0].players] == ["Now: the sample"]


def test_a_replaced_voice_shows_both_ids() -> None:
    made = RemoteVoice(TaskStatus.READY, voice_id="86")
    [group] = shown(
        of(replace(HERO, fields=(FieldChange("voice_name", "Hero", "The Hero"),)), replace(HERO, made=made))
    ).groups
    first, second = group.cards
    assert [(row.name, row.before, row.after) for row in first.fields] == [
        ("voice_name", '"Hero"', '"The Hero"'),
        ("voice_id", '"85"', "known after the apply"),
    ]
    assert second.fields[-1].after == '"86"'


def test_a_hint_has_commands_to_copy_for_the_same_place(plan: Plan) -> None:
    [blocked, *_] = shown(plan).groups
    ways = blocked.cards[0].ways
    assert [way.words for way in ways] == ["Change its inputs", "or, to pay for the same again"]
    assert ways[1].commands == ("voicectl -f studio.yaml apply --retry ghost",)


def test_cost_outputs_and_scope_are_shown() -> None:
    page = shown(
        of(
            HERO,
            cost=Cost(calls=2, paid=1, seconds=0.1, rate=20.0, known=("0.007 USD",)),
            outputs=(PlannedOutput("voices.json"),),
            targets=("hero",),
            excludes=("x",),
            left_out=2,
        )
    )
    assert page.cost == ("2 calls, 1 of them paid: less than 1 s at 20 calls a second.", "Cost: 0.007 USD.")
    assert page.outputs == (("voices.json", "is written by the apply"),)
    assert page.scope == ("Only hero.", "Without x.", "2 changes left out.")


def test_a_saved_plan_says_how_it_is_applied() -> None:
    saved = plan_page.page(of(HERO), replace(CONTEXT, planfile="saved.plan"), OPTIONS)
    assert saved.apply == "voicectl -f studio.yaml apply saved.plan"
    assert shown(of(HERO)).apply == ""


def test_a_plan_without_changes_says_so(no_change: Plan) -> None:
    assert shown(no_change).verdict == "No changes. 12 voices are as declared."


def test_a_candidate_is_heard_beside_the_voice_and_the_page_says_how_to_decide() -> None:
    waits = Candidate("hero", "kling", "new", "old", "86", "85", True, {}, {}, (FieldChange("voice_url", "a", "b"),))
    waits = replace(waits, hint=hint(way("Use it", "accept", "hero"), way("delete it", "reject", "hero")))
    page = shown(of(candidates=(waits,)), Recordings(trials={"old": TRIAL, "new": NEW}))
    [card] = page.waiting
    assert [(each.title, each.recording) for each in card.players] == [
        ("Now: the voice", TRIAL),
        ("Candidate: the voice", NEW),
    ]
    assert [way.commands for way in card.ways] == [
        ("voicectl -f studio.yaml accept hero",),
        ("voicectl -f studio.yaml reject hero",),
    ]
    assert page.kinds == (("candidate", "Waiting for review"),)

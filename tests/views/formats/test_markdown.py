"""A plan as Markdown: what a reviewer sees of it in a comment, read by a real parser."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.hints import hint, way
from reconciler.model.plan import Action, Drift, DriftKind, FieldChange, Plan
from reconciler.model.survey import Survey
from reconciler.views.document_context import DocumentContext
from reconciler.views.escape import escape
from reconciler.views.formats import markdown
from reconciler.views.render_options import PLAIN, RenderOptions
from tests.views import gfm
from tests.views.hostile import HOSTILE
from tests.views.hostile_plan import ACTIONS, hostile_plan, large_plan

CONTEXT = DocumentContext(manifest="studio/voices.yaml")
LARGEST = 65_536  # what GitHub takes in a comment
HEADING = re.compile(r"^(?:### |<summary>)([A-Z][a-z ]+) \((\d+)\)", re.MULTILINE)


def shown(plan: Plan, context: DocumentContext = CONTEXT, options: RenderOptions = PLAIN) -> str:
    return markdown.plan(plan, context, options)


def test_a_plan_is_a_comment(plan: Plan, golden: Callable[[str, str], None]) -> None:
    golden("plan.md", shown(plan))


def test_drift_is_a_comment(plan: Plan, golden: Callable[[str, str], None]) -> None:
    unseen = replace(plan, unseen=("narrator: the list of kling broke off",))
    golden("drift.md", markdown.drift(unseen, None, CONTEXT, PLAIN))


def test_a_program_finds_its_comment_again_whatever_the_plan_says(plan: Plan, no_change: Plan) -> None:
    first = {shown(each).splitlines()[0] for each in (plan, no_change, large_plan(5000, Action.CREATE))}
    assert first == {"<!-- voicectl:plan:studio/voices.yaml -->"}
    drift = markdown.drift(plan, None, CONTEXT, PLAIN).splitlines()[0]
    assert drift == "<!-- voicectl:drift:studio/voices.yaml -->"


def test_what_blocks_or_loses_a_voice_comes_first_and_unfolded(plan: Plan) -> None:
    folded = shown(plan).index("<details>")
    assert [shown(plan).index(f"### {heading} (1)") < folded for heading in ("Blocked", "Replace", "Delete", "Forget")]
    assert [heading for heading, _ in HEADING.findall(shown(plan))] == [
        "Blocked",
        "Replace",
        "Delete",
        "Forget",
        "Changed outside of voicectl",
        "Create",
        "Clone",
        "Update",
        "Recover",
        "Resume",
    ]


def test_each_change_has_one_row_with_all_it_says(plan: Plan) -> None:
    rows = gfm.read(shown(plan)).rows
    assert len(rows) == len(plan.changes) + len(plan.drift)
    [hero] = [row for row in rows if row[0] == "hero"]
    assert hero[:3] == ["hero", "kling", "voice_name, voice_url differs"]
    assert 'voice_name "Hero" -> "The Hero"' in hero[3]


def test_a_plan_without_changes_says_so(no_change: Plan) -> None:
    assert "**No changes.** 12 voices are as declared." in shown(no_change)
    assert "apply" not in shown(no_change)


def test_it_says_how_to_apply_it_and_how_to_see_all_of_it(plan: Plan) -> None:
    options = RenderOptions(global_options="-f studio/voices.yaml")
    assert "To apply: `voicectl -f studio/voices.yaml apply`" in shown(plan, options=options)
    assert "With all values: `voicectl -f studio/voices.yaml plan --full`" in shown(plan, options=options)
    saved = DocumentContext(manifest="voices.yaml", planfile="tonight's.plan")
    assert """To apply exactly this: `voicectl apply 'tonight'"'"'s.plan'`""" in shown(plan, saved)
    assert """With all values: `voicectl show --full 'tonight'"'"'s.plan'`""" in shown(plan, saved)


def test_the_commands_repeat_the_options_that_the_plan_was_made_with(plan: Plan) -> None:
    narrow = replace(plan, targets=("hero", "label:tier=a b"), excludes=("x*",), retry=("ghost",), allow_deletes=4)
    options = "--target hero --target 'label:tier=a b' --exclude 'x*' --retry ghost --allow-deletes 4"
    assert f"To apply: `voicectl apply {options}`" in shown(narrow)
    assert f"With all values: `voicectl plan --full {options}`" in shown(narrow)
    torn = replace(plan, destroy=True, replace=("hero",), new_state=True, allow_recreates=0)
    assert "To apply: `voicectl destroy --replace hero --allow-recreates 0 --new-state`" in shown(torn)
    assert "`voicectl plan --full --destroy --replace hero" in shown(torn)
    assert "To apply: `voicectl apply --refresh-only`" in shown(replace(plan, refresh_only=True))


def test_a_plan_that_cannot_be_applied_says_no_command_for_it(plan: Plan) -> None:
    written = shown(replace(plan, refreshed=False))
    assert "To apply" not in written
    assert "With all values: `voicectl plan --full --refresh=false`" in written


def test_a_plan_of_the_sandbox_says_so(plan: Plan) -> None:
    assert "## Sandbox: plan for `studio/voices.yaml`" in shown(replace(plan, sandbox=True))


def test_a_stream_that_is_not_utf8_gets_ascii(plan: Plan) -> None:
    moved = replace(plan.changes[0], action=Action.MOVE, source="old", reason="é")
    written = shown(replace(plan, changes=(*plan.changes, moved)), options=RenderOptions(encoding="latin-1"))
    assert written.isascii()
    assert "`old` &rarr; `narrator`" in written
    assert r"\xe9" in written
    assert len(shown(large_plan(10_000, Action.CREATE), options=RenderOptions(encoding="ascii"))) < LARGEST


# -- hostile names -----------------------------------------------------------------------------------------------------


def drifted(plan: Plan) -> str:
    return markdown.drift(plan, None, CONTEXT, PLAIN)


@pytest.mark.parametrize("view", [shown, drifted])
def test_hostile_names_break_out_of_nothing(view: Callable[[Plan], str]) -> None:
    plan = hostile_plan()
    found = gfm.read(view(plan))
    assert found.html == []
    assert not found.kinds & {"link_open", "image", "em_open", "s_open", "fence", "code_block", "hr"}
    assert {len(row) for row in found.rows} == {4}
    for text in HOSTILE:
        assert escape(text).strip() in found.words


def test_each_hostile_name_has_its_row() -> None:
    plan = hostile_plan()
    found = gfm.read(shown(plan))
    assert len(found.rows) == len(plan.changes) + len(plan.drift)
    listed = [*(each.address for each in plan.changes), *(each.address for each in plan.drift)]
    addresses = Counter(row[0].rpartition(" → ")[2].strip() for row in found.rows)
    assert addresses == Counter(escape(address).strip() for address in listed)


def test_no_line_begins_with_a_command_for_a_pipeline() -> None:
    lines = [*shown(hostile_plan()).splitlines(), *markdown.drift(hostile_plan(), None, CONTEXT, PLAIN).splitlines()]
    assert [line for line in lines if line.lstrip().startswith("::") or "##[" in line] == []


# -- large plans -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actions", "reason"),
    [
        ((Action.CREATE,), "declared, not created yet"),
        ((Action.BLOCKED,), "its creation failed: sample NUMBER"),
        ((Action.DELETE,), "no longer declared " * 60),
        (tuple(ACTIONS), "🎙 | ` @ reason NUMBER"),
    ],
    ids=["one action", "each its own reason", "long reasons", "all actions"],
)
def test_a_plan_of_10_000_changes_fits_into_a_comment(actions: tuple[Action, ...], reason: str) -> None:
    plan = large_plan(10_000, *actions, reason=reason)
    written = shown(plan)
    assert max(len(written), len(written.encode()), len(written.encode("utf-16-le")) // 2) < LARGEST
    assert sum(int(count) for _, count in HEADING.findall(written)) == 10_000
    headline = next(line for line in written.splitlines() if line.startswith("**"))
    counts = re.findall(r"(\d+) (?:to |blocked)", headline.split("**")[1])
    assert sum(map(int, counts)) == 10_000
    assert "To see all: `voicectl plan --full`" in written
    assert len(written) > LARGEST * 0.9  # its room is used


@pytest.mark.parametrize("actions", [(Action.CREATE,), tuple(ACTIONS)], ids=["one action", "all actions"])
def test_of_a_large_plan_each_row_is_whole_and_the_others_are_counted(actions: tuple[Action, ...]) -> None:
    plan = large_plan(10_000, *actions)
    written = shown(plan)
    whole = {row for row in shown(replace(plan, changes=plan.changes[:3000])).splitlines() if row.startswith("| `")}
    rows = [line for line in written.splitlines() if line.startswith("| `voice_")]
    assert len(rows) > 300
    assert {len(row) for row in gfm.read(written).rows} == {3, 4}  # the summary has three
    assert [row for row in rows[:50] if row in whole] == rows[:50]
    left_out = sum(int(count) for count in re.findall(r"^\.\.\. and (\d+) more$", written, re.MULTILINE))
    assert len(rows) + left_out == 10_000


def test_a_large_plan_is_summarised_by_action_provider_and_reason() -> None:
    plan = large_plan(10_000, Action.CREATE, Action.CREATE, Action.DELETE)
    rows = [row for row in gfm.read(shown(plan)).rows if len(row) == 3]
    assert rows == [
        ["6667", "create (kling)", "declared, not created yet"],
        ["3333", "delete (kling)", "declared, not created yet"],
    ]


def test_a_summary_of_many_reasons_leaves_them_out() -> None:
    rows = [
        row for row in gfm.read(shown(large_plan(10_000, Action.CREATE, reason="sample NUMBER"))).rows if len(row) == 3
    ]
    assert rows == [["10000", "create (kling)", ""]]


def test_the_few_blocked_changes_of_a_large_plan_are_all_shown() -> None:
    plan = large_plan(10_000, Action.CREATE)
    blocked = tuple(replace(each, action=Action.BLOCKED) for each in plan.changes[:40])
    written = shown(replace(plan, changes=(*blocked, *plan.changes[40:])))
    rows = [row[0] for row in gfm.read(written).rows if len(row) == 4]
    assert rows[:40] == [each.address for each in blocked]
    assert len(rows) > 300


def test_ten_thousand_notes_and_a_huge_value_fit_too() -> None:
    plan = large_plan(3, Action.CREATE)
    noted = replace(
        plan,
        notes=tuple(f"{number} could not be checked" for number in range(10_000)),
        unseen=tuple(f"voice_{number}: why" for number in range(10_000)),
        changes=tuple(replace(each, after={"text": "é|" * 50_000}) for each in plan.changes),
        drift=tuple(Drift(f"voice_{number}", "kling", DriftKind.GONE) for number in range(10_000)),
    )
    for written in (shown(noted), markdown.drift(noted, None, CONTEXT, PLAIN)):
        assert len(written.encode()) < LARGEST
        assert re.search(r"- \.\.\. and \d+ more", written)
        assert "### Changed outside of voicectl (10000)" in written
    assert "(100002 characters)" in shown(noted)


def test_stops_and_their_commands_fit_too() -> None:
    plan = large_plan(10_000, Action.DELETE)
    found = gfm.read(shown(replace(plan, stops=hostile_plan().stops)))
    assert "voicectl apply --allow-deletes 4" in found.words


# -- drift -------------------------------------------------------------------------------------------------------------


def test_without_a_state_drift_shows_what_the_accounts_hold() -> None:
    nothing = Plan(plan_id="", lineage="", serial=0, manifest="voices.yaml")
    survey = Survey(stateless=True, absent={"kling": ["narrator"]}, ways_to_see=hint(way("Check", "plan")))
    written = markdown.drift(nothing, survey, CONTEXT, PLAIN)
    assert "**No drift: nothing was made yet.**" in written
    assert "- kling: 1 declared, but do not exist: narrator" in written
    assert "To make what is declared: `voicectl apply`" in written
    lost = markdown.drift(nothing, Survey(stateless=True, lost={"kling": ["owen"]}), CONTEXT, PLAIN)
    assert "**Drift: 1 missing.**" in lost
    assert "| `owen` | `kling` | gone: it no longer exists in the cloud |" in lost


def test_a_renamed_voice_has_the_command_that_accepts_its_name(plan: Plan) -> None:
    one = Drift("mayor", "kling", DriftKind.RENAMED, (FieldChange(name="voice_name", before="Mayor", after="Major"),))
    written = markdown.drift(replace(plan, drift=(one,)), None, CONTEXT, PLAIN)
    assert "If a new name is meant: `voicectl drift --accept ADDRESS`" in written

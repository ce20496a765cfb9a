"""Annotations for GitHub Actions, read by the rules of its runner."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest

from reconciler.errors import ManifestError, Problem
from reconciler.model.manifest import Manifest
from reconciler.model.plan import Action, Plan
from reconciler.model.survey import Survey
from reconciler.views.document_context import DocumentContext, Place
from reconciler.views.escape import escape
from reconciler.views.formats import github
from reconciler.views.render_options import PLAIN, RenderOptions
from tests.views.hostile import HOSTILE
from tests.views.hostile_plan import hostile_plan, large_plan

CONTEXT = DocumentContext(
    manifest="voices.yaml",
    places={"hero": Place("studio/heroes.yaml", 12, 3), "mayor": Place("studio/town.yaml", 7, 3)},
)
COMMAND = re.compile(r"::(?P<kind>[a-z-]+)(?: (?P<properties>[^:]*?))?::(?P<message>.*)", re.DOTALL)


@dataclass(frozen=True)
class Annotated:
    kind: str
    properties: dict[str, str]
    message: str


def parsed(written: str) -> list[Annotated]:
    """As the runner reads them: a command is one line, properties end at a comma, and escapes are undone."""
    found = []
    for line in written.split("\n"):
        matched = COMMAND.fullmatch(line)
        assert matched is not None, line
        pairs = [pair.split("=", 1) for pair in (matched["properties"] or "").split(",") if pair]
        properties = {name: undone(given, also=True) for name, given in pairs}
        found.append(Annotated(matched["kind"], properties, undone(matched["message"])))
    return found


def undone(text: str, *, also: bool = False) -> str:
    if also:
        text = text.replace("%3A", ":").replace("%2C", ",")
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_what_blocks_is_an_error_and_what_loses_a_voice_a_warning(plan: Plan) -> None:
    found = {each.properties["title"]: each.kind for each in parsed(github.plan(plan, CONTEXT, PLAIN))}
    assert found == {
        "Stop": "error",
        "ghost (kling): blocked": "error",
        "hero (kling): to replace": "warning",
        "extra (kling): to delete": "warning",
        "owen (kling): to forget": "warning",
        "lost (kling): gone": "warning",
        "mayor (kling): renamed": "warning",
        "a voice (kling): surplus": "warning",
        "narrator (kling): to create": "notice",
        "villain (vod): to clone": "notice",
        "concierge (kling): to update": "notice",
        "late (kling): to recover": "notice",
        "slow (kling): to resume": "notice",
        "Plan": "notice",
    }


def test_an_annotation_is_at_the_line_of_its_entry(plan: Plan) -> None:
    found = {each.properties["title"]: each.properties for each in parsed(github.plan(plan, CONTEXT, PLAIN))}
    assert found["hero (kling): to replace"] == {
        "file": "studio/heroes.yaml",
        "line": "12",
        "col": "3",
        "title": "hero (kling): to replace",
    }
    assert found["mayor (kling): renamed"]["line"] == "7"
    assert found["extra (kling): to delete"] == {"file": "voices.yaml", "title": "extra (kling): to delete"}


def test_an_instance_is_at_the_line_of_its_entry(plan: Plan) -> None:
    one = replace(plan.changes[0], address='hero["en"]')
    [found, _] = parsed(github.plan(replace(plan, changes=(one,), drift=(), stops=()), CONTEXT, PLAIN))
    assert (found.properties["line"], found.properties["title"]) == ("12", 'hero["en"] (kling): to create')


def test_a_block_says_what_to_do(plan: Plan) -> None:
    [ghost] = [each for each in parsed(github.plan(plan, CONTEXT, PLAIN)) if "ghost" in each.properties["title"]]
    assert ghost.message == (
        "its creation failed: the sample holds two voices. "
        "Change its inputs; or, to pay for the same again: voicectl apply --retry ghost"
    )


def test_hostile_names_are_text_in_one_annotation_each() -> None:
    plan = hostile_plan()
    found = parsed(github.plan(plan, CONTEXT, PLAIN))
    assert {each.kind for each in found} == {"error", "warning", "notice"}
    assert all(set(each.properties) <= {"file", "line", "col", "title"} for each in found)
    blocked = [change for change in plan.changes if change.action is Action.BLOCKED]
    shown = [each for each in found if each.properties["title"].endswith(": blocked")]
    assert [each.properties["title"] for each in shown] == [
        f"{escape(change.address)} ({escape(change.provider)}): blocked" for change in blocked
    ]
    for change, annotation in zip(blocked, shown, strict=True):
        assert annotation.message.startswith(f"{escape(change.reason)}. About {escape(change.address)}")


def test_notices_are_few_and_the_last_says_how_many_changes_there_are() -> None:
    found = parsed(github.plan(large_plan(500, Action.CREATE), CONTEXT, PLAIN))
    assert [each.kind for each in found] == ["notice"] * 10
    assert found[-1].message == ("Plan: 500 to create; 500 paid calls. 491 of these changes have no annotation.")


def test_every_blocked_change_is_in_the_log_and_the_last_notice_says_that_github_hides_some() -> None:
    found = parsed(github.plan(large_plan(50, Action.BLOCKED, Action.DELETE), CONTEXT, PLAIN))
    assert [each.kind for each in found] == ["error", "warning"] * 25 + ["notice"]
    assert "GitHub shows 10 annotations of a kind; 15 errors and 15 warnings more are in the log." in found[-1].message


def test_a_problem_is_an_error_at_its_line_and_column() -> None:
    here = Problem(file="voices.yaml", line=12, column=7, path="voices.hero", what="100 % wrong,\nreally: so")
    whole = Problem(file="a,b:c%.yaml", line=0, column=0, path="", what="can't be read")
    written = github.problems(ManifestError([here, whole]), CONTEXT, PLAIN)
    assert written.splitlines() == [
        "::error file=voices.yaml,line=12,col=7,title=The manifest is not valid::"
        r"voices.hero: 100 %25 wrong,\nreally: so",
        "::error file=a%2Cb%3Ac%25.yaml,title=The manifest is not valid::can't be read",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_problem_is_one_error(text: str) -> None:
    problem = Problem(file="voices.yaml", line=1, column=1, path=text, what=text)
    [found] = parsed(github.problems(ManifestError([problem]), CONTEXT, PLAIN))
    assert (found.kind, found.message) == ("error", escape(f"{text}: {text}"))


def test_a_valid_manifest_is_a_notice() -> None:
    manifest = Manifest(name="voices.yaml", notes=("hero: its link is private",))
    remark, last = parsed(github.manifest(manifest, CONTEXT, PLAIN))
    assert (remark.kind, remark.properties["file"], remark.properties["line"]) == (
        "warning",
        "studio/heroes.yaml",
        "12",
    )
    assert (last.kind, last.message) == ("notice", "voices.yaml is valid: 0 voices, 0 providers.")


def test_what_could_not_be_checked_is_a_warning(plan: Plan) -> None:
    unseen = replace(plan, drift=(), unseen=("hero: the list broke off", "kling: no answer"))
    found = parsed(github.drift(unseen, None, CONTEXT, PLAIN))
    assert [(each.kind, each.properties.get("line"), each.message) for each in found[:2]] == [
        ("warning", "12", "hero: the list broke off"),
        ("warning", None, "kling: no answer"),
    ]
    assert found[-1].message == "No drift found. 2 voices could not be checked."


def test_without_a_state_the_last_notice_says_what_the_accounts_hold() -> None:
    nothing = Plan(plan_id="", lineage="", serial=0, manifest="voices.yaml")
    survey = Survey(stateless=True, absent={"kling": ["narrator"]})
    [last] = parsed(github.drift(nothing, survey, CONTEXT, PLAIN))
    assert last.message == "kling: 1 declared, but do not exist: narrator; No drift: nothing was made yet."


def test_a_log_that_is_not_utf8_gets_ascii(plan: Plan) -> None:
    named = large_plan(1, Action.BLOCKED, reason="é")
    assert r"::\xe9" in github.plan(named, CONTEXT, RenderOptions(encoding="latin-1"))

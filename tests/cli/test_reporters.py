"""What each mode makes of the same run, and what is said aside once nobody reads stdout."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from reconciler.cli.reporters import JsonReporter, LineReporter
from reconciler.cli.results import Results
from reconciler.errors import Declined, OutputLost
from reconciler.hints import hint, way
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.plan import Action, Change, Plan
from reconciler.views.render_options import RenderOptions

STARTED = Event(kind=Kind.STARTED, address="hero", action="create", provider="kling")
DONE = Event(kind=Kind.DONE, address="hero", action="create", provider="kling", voice_id="85")
FAILED = Event(
    kind=Kind.FAILED, address="ghost", action="create", detail="too noisy", hint=hint(way("Again", "--retry", "ghost"))
)
SUMMARY = Event(kind=Kind.SUMMARY, tally=Tally(total=1, done=1))
WELL, BADLY = Tally(total=1, done=1), Tally(total=2, done=1, failed=1)


def blocked(address: str) -> Change:
    return Change(address=address, provider="kling", action=Action.BLOCKED, reason="the account is not the right one")


PLAN = Plan(plan_id="1", lineage="l", serial=1, manifest="m", changes=tuple(blocked(f"v{n}") for n in range(5)))


@dataclass
class Terminal:
    """Both streams. `put` is what becomes of a line on stdout."""

    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    put: Callable[[str], bool] | None = None

    @property
    def results(self) -> Results:
        return Results(
            write_stdout=self.put or self._put, write_stderr=self.err.append, render_options=lambda _: RenderOptions()
        )

    def _put(self, words: str) -> bool:
        self.out.append(words)
        return True


def _nobody_reads(_: str) -> bool:
    return False


def _is_full(_: str) -> bool:
    raise OutputLost("stdout: No space left on device.")


def test_json_is_an_event_a_line_and_no_plan() -> None:
    terminal = Terminal()
    reporter = JsonReporter(terminal.results)
    reporter.plan(PLAN)
    for event in (STARTED, FAILED, SUMMARY):
        reporter.event(event)
    reporter.ended(WELL)
    told = [json.loads(line) for line in terminal.out]
    assert [(each["sequence"], each["type"]) for each in told] == [(1, "started"), (2, "failed"), (3, "summary")]
    assert told[1]["hint"] == "Again: voicectl apply --retry ghost"
    assert told[1]["commands"] == ["voicectl apply --retry ghost"]


def test_json_of_a_run_with_nothing_to_do_is_its_summary() -> None:
    terminal = Terminal()
    reporter = JsonReporter(terminal.results)
    reporter.ended(Tally())
    assert [json.loads(line)["type"] for line in terminal.out] == ["summary"]


def test_json_of_a_run_that_could_not_begin_says_why() -> None:
    terminal = Terminal()
    reporter = JsonReporter(terminal.results)
    reporter.plan(PLAN)
    reporter.refused(Declined("You did not answer yes.", "--auto-approve"))
    stopped, summary = (json.loads(line) for line in terminal.out)
    assert (stopped["type"], stopped["hint"]) == ("stopped", "--auto-approve")
    assert (summary["type"], summary["total"], summary["left"]) == ("summary", 5, 5)


def test_lines_are_the_plan_and_what_has_ended() -> None:
    terminal = Terminal()
    reporter = LineReporter(terminal.results)
    reporter.plan(PLAN)
    for event in (STARTED, DONE, SUMMARY):
        reporter.event(event)
    assert terminal.out[0].startswith("  ! blocked 5 voices (kling)")
    assert terminal.out[1:] == ["hero: create: done, voice_id 85", "Applied: 1 done."]


def test_the_reason_of_a_blocked_voice_is_shown_once() -> None:
    terminal = Terminal()
    reporter = LineReporter(terminal.results)
    reporter.plan(PLAN)
    reporter.event(Event(kind=Kind.BLOCKED, address="v0", detail="the account is not the right one"))
    reporter.event(Event(kind=Kind.BLOCKED, address="other", detail="no credentials"))
    assert terminal.out[1:] == ["other: blocked: no credentials"]


@pytest.mark.parametrize("reporter", [JsonReporter, LineReporter])
def test_errors_go_to_stderr_once_stdout_is_closed(
    reporter: type[JsonReporter] | type[LineReporter],
) -> None:
    terminal = Terminal(put=_nobody_reads)
    telling = reporter(terminal.results)
    telling.plan(PLAN)
    for event in (DONE, FAILED, SUMMARY):
        telling.event(event)
    assert terminal.err == ["ghost: create: failed: too noisy -> Again: voicectl apply --retry ghost"]


@pytest.mark.parametrize(("tally", "ended"), [(WELL, "Everything was done"), (BADLY, "Not everything was done")])
def test_a_full_disk_is_reported_at_the_end(tally: Tally, ended: str) -> None:
    results = Terminal(put=_is_full).results
    LineReporter(results).event(DONE)
    with pytest.raises(OutputLost, match=f"No space left on device. {ended}; the state holds it."):
        results.account_for_lost_lines(well=not tally.unfinished, hint=hint(way("", "state list")))

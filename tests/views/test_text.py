"""Errors, and the lines of an apply."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import reconciler
from reconciler import errors
from reconciler.errors import ManifestError, OutcomeUnknown, Problem, StateLocked, StateNotSaved, VoicectlError
from reconciler.hints import hint, way
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.manifest import Manifest, Voice
from reconciler.providers.kling.account import KlingAccount
from reconciler.views import text
from tests.views.error_examples import EXAMPLES, WRITTEN_OUT, example

Golden = Callable[[str, str], None]

TWO_PROBLEMS = ManifestError(
    [
        Problem("voices.yaml", 12, 7, "voices.narrator.create.voice_name", "24 characters, at most 20"),
        Problem("voices.yaml", 15, 5, "voices.hero.crate", "unknown key, did you mean create?"),
    ]
)

RETRY = hint(way("", "--retry", "hero"))


def test_every_error_reads_as_the_golden_file_says(golden: Golden) -> None:
    golden("errors.txt", "\n\n---\n\n".join(text.error(example(kind)) for kind in EXAMPLES))


@pytest.mark.parametrize("kind", WRITTEN_OUT)
def test_an_example_that_no_code_makes_has_the_words_of_a_command(kind: type[VoicectlError]) -> None:
    commands = [path.read_text(encoding="utf-8") for path in Path(reconciler.__file__).parent.rglob("*.py")]
    assert any(f'{kind.__name__}("{example(kind).detail}"' in command for command in commands)


def test_an_error_is_its_title_its_facts_and_the_next_command() -> None:
    locked = StateLocked("ann@mac has been applying since 09:30.", "Wait, or if that run is dead: voicectl unlock 7f3a")
    assert text.error(locked) == (
        "Error: The state is locked\n\n"
        "ann@mac has been applying since 09:30.\n\n"
        "Wait, or if that run is dead: voicectl unlock 7f3a"
    )


def test_an_error_without_a_hint_ends_with_its_facts() -> None:
    assert text.error(StateLocked("ann@mac has it.")).endswith("ann@mac has it.")


def test_a_manifest_error_is_a_line_a_problem_and_their_count() -> None:
    assert text.error(TWO_PROBLEMS).splitlines() == [
        "Error: The manifest is not valid",
        "",
        "voices.yaml:12:7: voices.narrator.create.voice_name: 24 characters, at most 20",
        "voices.yaml:15:5: voices.hero.crate: unknown key, did you mean create?",
        "",
        "2 problems.",
    ]


def test_an_unsaved_state_is_listed_with_a_line_for_each_voice() -> None:
    lost = StateNotSaved("No space left.\n  narrator: voice 85, ready\nError: \x1b[2J")
    assert text.error(lost).splitlines()[2:] == ["No space left.", "  narrator: voice 85, ready", r"  Error: \x1b[2J"]


def test_a_clouds_code_and_request_are_reported_for_its_support() -> None:
    lost = OutcomeUnknown("Kling: Internal error", code="5000", request_id="9b1d")
    assert text.error(lost).splitlines()[-1] == "code 5000, request 9b1d"


def test_a_code_that_the_facts_contain_is_not_repeated() -> None:
    assert "code" not in text.error(OutcomeUnknown("Kling 5000: Internal error", code="5000"))


TALLY = Tally(total=50, done=2, failed=1, calls=6, seconds=2.1)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Event(kind=Kind.STARTED, address="narrator", action="create"), "narrator: create: started"),
        (Event(kind=Kind.ACCEPTED, address="narrator", action="create"), "narrator: create: accepted, its task runs"),
        (
            Event(kind=Kind.RETRYING, address="narrator", action="create", detail="too many requests"),
            "narrator: create: trying again: too many requests",
        ),
        (
            Event(kind=Kind.DONE, address="narrator", action="create", voice_id="850087542757535834", tally=TALLY),
            "narrator: create: done, voice_id 850087542757535834 (3 of 50)",
        ),
        (
            Event(kind=Kind.DONE, address="narrator", action="create", voice_id="850087542757535834", detail="2.1 s"),
            "narrator: create: done, voice_id 850087542757535834 (2.1 s)",
        ),
        (Event(kind=Kind.DONE, address="old", action="delete", detail="0.3 s"), "old: delete: done (0.3 s)"),
        (Event(kind=Kind.STOPPED, detail="in arrears"), "stopped, nothing new is started: in arrears"),
        (
            Event(
                kind=Kind.FAILED,
                address="hero",
                action="create",
                detail="two voices",
                hint=hint(way("", "--retry", "hero")),
            ),
            "hero: create: failed: two voices -> voicectl apply --retry hero",
        ),
        (
            Event(kind=Kind.UNCERTAIN, address="hero", action="create", detail="no answer"),
            "hero: create: uncertain: no answer",
        ),
        (
            Event(kind=Kind.BLOCKED, address="ghost", action="blocked", detail="two voices"),
            "ghost: blocked: two voices",
        ),
        (
            Event(kind=Kind.SLOWED, provider="kling", detail="12 calls a second"),
            "kling: slowed down: 12 calls a second",
        ),
        (
            Event(kind=Kind.STOPPED, provider="kling", detail="in arrears"),
            "kling: stopped, nothing new is started: in arrears",
        ),
        (
            Event(kind=Kind.SUMMARY, tally=Tally(total=1, done=1, calls=2, seconds=1)),
            "Applied: 1 done; 2 calls in 1.0 s.",
        ),
    ],
    ids=lambda given: str(given.kind) if isinstance(given, Event) else "",
)
def test_an_event_is_one_line(event: Event, line: str) -> None:
    assert text.event(event) == line


def test_what_is_not_done_names_the_next_command() -> None:
    tally = Tally(total=50, done=48, failed=1, blocked=1, calls=51, seconds=12.3)
    assert text.applied(tally) == (
        "Applied: 48 done, 1 failed, 1 blocked; 51 calls in 12.3 s. "
        "The reasons of failures are above. "
        "The reasons of blocked changes are above."
    )


def test_a_stopped_run_says_how_to_continue() -> None:
    tally = Tally(total=5, done=1, running=2, left=2, calls=3, seconds=75.0)
    assert text.applied(tally) == (
        "Applied: 1 done, 2 still running, 2 not begun; 3 calls in 1 min 15 s. To continue, run voicectl apply again."
    )


def test_nothing_to_apply_says_so() -> None:
    assert text.applied(Tally()) == "Applied: nothing to do."


def test_a_valid_manifest_is_counted() -> None:
    voice = Voice(address="narrator", provider="kling", type="kling", method="create", inputs={})
    manifest = Manifest(name="voices.yaml", providers={"kling": KlingAccount(type="kling")}, voices={"narrator": voice})
    assert text.manifest_ok(manifest) == "voices.yaml is valid: 1 voice, 1 provider."


def test_a_valid_folder_is_called_a_folder() -> None:
    assert text.manifest_ok(Manifest(name=".")) == "This folder is valid: 0 voices, 0 providers."


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (errors.UsageError("hero is not in the state."), "Error: hero is not in the state."),
        (errors.UsageError("No port. It is taken.", "--port 0"), "Error: No port.\n\nIt is taken.\n\n--port 0"),
        (errors.StateError("a.json: e.g. X.", summary="No state yet"), "Error: No state yet\n\na.json: e.g. X."),
        (errors.StateConflict("It moved on."), "Error: The state was changed during this run\n\nIt moved on."),
        (errors.UsageError("a\x1b[2J.json: No such file."), r"Error: a\x1b[2J.json: No such file."),
    ],
)  # fmt: skip
def test_the_headline_of_an_error_is_the_fact(error: VoicectlError, shown: str) -> None:
    assert text.error(error) == shown


def test_no_error_has_a_category_for_its_headline() -> None:
    constant = {
        kind.summary for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, VoicectlError)
    }
    assert not [summary for summary in constant if summary.startswith("That") or summary.endswith("can't be used")]

"""Hints as lines: commands that can be copied, and never looked for in a sentence."""

from __future__ import annotations

import json
import shlex

import pytest

from reconciler.errors import VoicectlError
from reconciler.hints import NO_HINT, Hint, Way, as_hint, command, hint, operands, way
from reconciler.model.events import Event, Kind
from reconciler.views import hints, json_documents, text
from reconciler.views.render_options import PLAIN, RenderOptions
from reconciler.views.screen import fitted
from reconciler.views.wrap import HELD
from tests.support.hints import in_words

ELSEWHERE = RenderOptions(global_options="-f 'my voices.yaml' --sandbox", verb="plan --out next.plan")


def line(given: Hint, options: RenderOptions = PLAIN) -> str:
    return fitted(hints.on_one_line(given, options), options)


def test_a_command_leads_to_the_same_place() -> None:
    assert line(hint(way("", "state rm", "hero")), ELSEWHERE) == "voicectl -f 'my voices.yaml' --sandbox state rm hero"


def test_an_option_alone_is_an_option_of_the_command_that_runs() -> None:
    told = line(hint(way("To pay again", "--retry", "hero")), ELSEWHERE)
    assert told == "To pay again: voicectl -f 'my voices.yaml' --sandbox plan --out next.plan --retry hero"


@pytest.mark.parametrize(("place", "told"), [("-f old.yaml", "voicectl -f old.yaml plan"), ("", "voicectl plan")])
def test_a_command_may_lead_elsewhere(place: str, told: str) -> None:
    assert line(hint(way("", "plan", place=place)), ELSEWHERE) == told


def test_a_single_command_is_on_the_line_of_its_text() -> None:
    told = hint(
        "Restore the former settings of the provider", way("or, if it is the same account", "state rebind", "kling")
    )
    assert [fitted(each, PLAIN) for each in hints.lines(told, PLAIN)] == [
        "Restore the former settings of the provider; or, if it is the same account: voicectl state rebind kling"
    ]


def test_of_several_commands_each_has_a_line() -> None:
    told = hint(way("It is there", "import", "a", "1"), "or wait", way("to pay again", "--retry", "a"))
    assert [fitted(each, PLAIN) for each in hints.lines(told, PLAIN)] == [
        "It is there: voicectl import a 1;",
        "or wait;",
        "to pay again: voicectl apply --retry a",
    ]


def test_two_commands_of_one_way_follow_each_other() -> None:
    told = hint(Way("If b was renamed", (command("state rm", "a"), command("state mv", "b", "a")), after="."))
    assert line(told) == "If b was renamed: voicectl state rm a, then voicectl state mv b a."


@pytest.mark.parametrize("evil", ["$(rm -rf ~)", "a b", "it's", "; ls", "`id`", "-x", "*"])
def test_what_a_cloud_says_is_one_word_of_a_shell(evil: str) -> None:
    assert shlex.split(line(hint(way("", "import hero", evil)))) == ["voicectl", "import", "hero", evil]


def test_an_id_that_looks_like_an_option_is_an_argument() -> None:
    assert (
        line(hint(way("", "import", *operands("hero", "--auto-approve")))) == "voicectl import -- hero --auto-approve"
    )
    assert operands("hero", "85") == ("hero", "85")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "iso-8859-1"])
def test_in_json_a_letter_that_the_stream_lacks_is_json_s_own_escape(encoding: str) -> None:
    options = RenderOptions(global_options="-f 'studio-é.yaml'", encoding=encoding)
    event = Event(kind=Kind.FAILED, hint=hint(way("Again", "apply")))
    told = json.loads(
        json_documents.dumps(json_documents.event_document(event, 1, options), ascii_only=not options.utf8)
    )
    assert told["commands"] == ["voicectl -f 'studio-é.yaml' apply"]
    assert told["hint"] == "Again: voicectl -f 'studio-é.yaml' apply"


def test_what_would_move_a_cursor_is_escaped_in_words_and_commands() -> None:
    told = line(hint(way("\x1b[2J", "import hero", "\x1b[2J\n"), Way("", (), "\x00")))
    assert "\x1b" not in told
    assert "\n" not in told
    assert "\x00" not in told


@pytest.mark.parametrize("name", ["voicectl plan B", "x: --retry hero", "one; voicectl destroy; two"])
def test_a_voice_that_is_named_like_a_command_stays_what_it_is(name: str) -> None:
    told = hint(way(f"If {name} is yours", "import", "hero", name))
    (shown,) = hints.lines(told, ELSEWHERE)
    assert fitted(shown, ELSEWHERE).startswith(f"If {name} is yours: voicectl -f ")
    assert told.commands == (command("import", "hero", name),)
    assert text.error(VoicectlError("It failed.", name), ELSEWHERE).endswith(f"\n\n{name}")


def test_a_command_is_held_together() -> None:
    assert hints.command_line(command("state rm", "a b"), PLAIN) == f"voicectl{HELD}state{HELD}rm{HELD}'a{HELD}b'"


def test_a_text_is_a_hint_without_a_command() -> None:
    assert as_hint("Try again later.") == hint("Try again later.") == Hint((Way("Try again later."),))
    assert not hint("")
    assert hints.lines(NO_HINT, PLAIN) == []


def test_two_hints_are_the_ways_of_both_each_once() -> None:
    later, again = hint("Try again later."), hint(way("", "plan"))
    assert in_words(later + again + later) == "Try again later. voicectl plan"

"""`${env:NAME}`: replaced before validation, coerced to the field's type, never shown."""

from __future__ import annotations

import pytest

from tests.loader.conftest import Load, Problems

KLING = "providers: {kling: {type: kling}}\n"


def voice(body: str, rest: str = "") -> str:
    return f"{KLING}voices:\n  a:\n    provider: kling\n    create: {{{body}}}\n{rest}"


def test_a_variable_is_replaced_inside_text(loaded: Load) -> None:
    text = voice('voice_name: "Voice ${env:N}", voice_url: "https://${env:HOST}/${env:N}.mp3"')
    inputs = loaded(text, environ={"N": "7", "HOST": "cdn.example.com"}).voices["a"].inputs
    assert inputs == {"voice_name": "Voice 7", "voice_url": "https://cdn.example.com/7.mp3"}
    assert [type(value) for value in inputs.values()] == [str, str]


def test_a_variable_becomes_what_its_field_is(loaded: Load) -> None:
    manifest = loaded(
        """
version: ${env:ONE}
providers: {kling: {type: "${env:TYPE}", max_in_flight: "${env:SEVEN}", timeouts: {read: "${env:FIVE_MINUTES}"}}}
safety: {max_delete_percent: "${env:SEVEN}"}
voices:
  a:
    provider: ${env:TYPE}
    preset: {voice_id: "${env:SEVEN}"}
    lifecycle: {prevent_destroy: "${env:YES}", ignore_changes: ["${env:KEY}"]}
""",
        environ={"ONE": "1", "TYPE": "kling", "SEVEN": "7", "FIVE_MINUTES": "5m", "YES": "true", "KEY": "voice_id"},
    )
    assert manifest.providers["kling"].max_in_flight == 7
    assert manifest.providers["kling"].timeouts.read == 300
    assert manifest.safety.max_delete_percent == 7
    assert manifest.voices["a"].inputs == {"voice_id": "7"}
    assert manifest.voices["a"].lifecycle.prevent_destroy
    assert manifest.voices["a"].lifecycle.ignore_changes == ("voice_id",)


def test_a_doubled_dollar_is_an_escape(loaded: Load) -> None:
    assert loaded(voice('voice_name: "$${env:N}", video_id: "1"')).voices["a"].inputs["voice_name"] == "${env:N}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("$${TAKE}", "${TAKE}"),
        ("$${", "${"),
        ("$$${env:N}", "$${env:N}"),
        ("${5} $ {a} $a {b}", "${5} $ {a} $a {b}"),
        ("$$", "$$"),
    ],
)
def test_dollars_that_begin_no_reference_are_text(loaded: Load, written: str, meant: str) -> None:
    read = loaded(voice(f'voice_name: "{written}", video_id: "1"'), environ={"N": "7"}).voices["a"].inputs
    assert read["voice_name"] == meant


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${TAKE}", "${TAKE} is not a reference: write ${env:TAKE}, or $${TAKE} for the text itself"),
        ("a${take}b", "${take} is not a reference: write ${env:take}, or $${take} for the text itself"),
        ("${env.TAKE}", "${env.TAKE} is not a reference: write ${env:TAKE}, or $${env.TAKE} for the text itself"),
        ("${ENV:TAKE}", "${ENV:TAKE} is not a reference: write ${env:TAKE}, or $${ENV:TAKE} for the text itself"),
        ("${var.x}", "${var.x} is not a reference: write ${var:x}, or $${var.x} for the text itself"),
    ],
)
def test_a_name_in_braces_without_env_is_refused(problems: Problems, written: str, message: str) -> None:
    assert problems(voice(f'voice_name: "{written}", video_id: "1"'), environ={"TAKE": "7"}) == [
        f"voices.yaml:5:26: voices.a.create.voice_name: {message}"
    ]


def test_a_variable_s_value_is_not_expanded_again(loaded: Load) -> None:
    inputs = (
        loaded(voice('voice_name: "${env:N}", video_id: "1"'), environ={"N": "${env:M}", "M": "m"}).voices["a"].inputs
    )
    assert inputs["voice_name"] == "${env:M}"


def test_a_value_of_null_is_text(loaded: Load) -> None:
    inputs = loaded(voice('voice_name: "${env:N}", video_id: "1"'), environ={"N": "null"}).voices["a"].inputs
    assert inputs["voice_name"] == "null"


def test_keys_are_not_expanded(problems: Problems) -> None:
    reported = problems(KLING + 'voices: {"${env:N}": {provider: kling, preset: {voice_id: "1"}}}', environ={"N": "a"})
    assert reported[0].startswith('voices.yaml:2:10: voices."${env:N}": an address is a letter')


def test_every_variable_that_is_missing_is_reported(problems: Problems) -> None:
    reported = problems(voice('voice_name: "${env:A} ${env:B}", video_id: "${env:C}"'), environ={"C": ""})
    assert reported == [
        "voices.yaml:5:26: voices.a.create.voice_name: the environment variable A is not set",
        "voices.yaml:5:26: voices.a.create.voice_name: the environment variable B is not set",
        "voices.yaml:5:57: voices.a.create.video_id: the environment variable C is empty",
    ]


def test_a_missing_variable_behind_an_alias_is_reported_once(problems: Problems) -> None:
    reported = problems(voice('voice_name: &n "${env:A}", video_id: "1", callback_url: *n'))
    assert reported == ["voices.yaml:5:26: voices.a.create.voice_name: the environment variable A is not set"]


@pytest.mark.parametrize("value", ["a\x1b[31mb", "a\x00b", "a\udcffb"])
def test_a_value_with_a_control_character_is_refused(problems: Problems, value: str) -> None:
    reported = problems(voice('voice_name: "${env:A}", video_id: "1"'), environ={"A": value})
    assert reported == [
        "voices.yaml:5:26: voices.a.create.voice_name:"
        " the value of the environment variable A holds a control character"
    ]


def test_a_value_is_never_shown_in_the_error(problems: Problems) -> None:
    secret = "hunter2-secret-value-1234567890"
    reported = problems(
        """
version: ${env:S}
providers:
  a: {type: "${env:S}"}
  kling: {type: kling, region: "${env:S}", endpoint: "${env:S}", max_in_flight: "${env:S}",
          credentials: {api_key_env: "${env:S}"}, timeouts: "${env:S}", rate_limit: {create: "${env:S}"}}
defaults: {labels: "${env:S}"}
safety: {max_delete_percent: "${env:S}"}
voices:
  a:
    provider: ${env:S}
    create: {voice_name: "${env:S}", voice_url: "https://x.example.com/a.${env:S}", callback_url: "${env:S}"}
    lifecycle: {keep_old: "${env:S}", prevent_destroy: "${env:S}", ignore_changes: "${env:S}"}
  b: ${env:S}
  c: {provider: kling, preset: {voice_id: "${env:S}"}, lifecycle: {ignore_changes: ["${env:S}"]}}
""",
        environ={"S": secret},
    )
    assert len(reported) >= 12
    assert "hunter2" not in "\n".join(reported)

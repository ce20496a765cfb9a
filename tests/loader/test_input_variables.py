"""`variables:`, `values:`, --var, --var-file and VOICECTL_VAR_name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.loader.build import load
from reconciler.loader.variable_options import VariableOptions
from tests.loader.conftest import Load, Problems, Write

KLING = "providers: {kling: {type: kling}}\n"
VOICE = "voices: {a: {provider: kling, create: {voice_name: 'Take ${var:take}', video_id: '1'}}}\n"
NOT_SET = (
    "the variable take is not set: set it under values, with --var take=..., with --var-file, or as VOICECTL_VAR_take"
)


def problems_with(path: Path, *, options: VariableOptions, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(path, environ=environ or {}, options=options)
    return [str(problem) for problem in caught.value.problems]


def test_a_variable_has_its_default(loaded: Load) -> None:
    manifest = loaded(KLING + 'variables: {take: {default: "1", description: The take.}}\n' + VOICE)
    assert manifest.voices["a"].inputs["voice_name"] == "Take 1"
    assert type(manifest.voices["a"].inputs["voice_name"]) is str


def test_the_strongest_value_counts(write: Write) -> None:
    path = write(KLING + "variables: {take: {default: default}}\nvalues: {take: values}\n" + VOICE)
    write("take: first file", name="first.yaml")
    write("take: second file", name="second.yaml")
    environ = {"VOICECTL_VAR_take": "environment"}
    first, second = Path("first.yaml"), Path("second.yaml")

    def take(environ: Mapping[str, str], options: VariableOptions) -> str:
        return str(load(path, environ=environ, options=options).voices["a"].inputs["voice_name"])[5:]

    assert take({}, VariableOptions()) == "values"
    assert take({"VOICECTL_VAR_take": ""}, VariableOptions()) == "values"
    assert take(environ, VariableOptions()) == "environment"
    assert take(environ, VariableOptions(files=(first,))) == "first file"
    assert take(environ, VariableOptions(files=(first, second))) == "second file"
    assert take(environ, VariableOptions({"take": "option"}, files=(first, second))) == "option"


def test_a_variable_becomes_what_its_field_is(loaded: Load) -> None:
    manifest = loaded("""
providers: {vod: {type: tencent-vod, sub_app_id: "${var:account}", max_in_flight: "${var:calls}"}}
variables:
  account: {default: 221073}
  calls: {type: number, default: 5}
  yes: {type: bool, default: true}
  word: {default: 120}
safety: {max_delete_percent: "${var:calls}"}
audio:
  a:
    provider: vod
    task:
      prompt: Bell
      additional_parameters: {n: "${var:calls}", b: "${var:yes}", s: "${var:word}", t: "${var:word}!"}
    lifecycle: {prevent_destroy: "${var:yes}"}
""")
    assert manifest.providers["vod"].max_in_flight == 5
    assert manifest.safety.max_delete_percent == 5
    assert manifest.voices["audio.a"].lifecycle.prevent_destroy
    assert manifest.voices["audio.a"].inputs["additional_parameters"] == {"n": 5, "b": True, "s": "120", "t": "120!"}


def test_a_variable_may_be_in_defaults_and_in_an_anchor(loaded: Load) -> None:
    manifest = loaded("""
providers: {kling: {type: kling}}
variables: {film: {default: harbour}}
x-labels: &labels {film: "${var:film}", dollar: "$${var:film}"}
defaults: {provider: kling, create: {callback_url: "https://example.com/${var:film}"}}
voices:
  a: {create: {voice_name: A, video_id: "1"}, labels: *labels}
  b: {create: {voice_name: A, video_id: "1"}, labels: {<<: *labels, tier: gold}}
""")
    assert manifest.voices["a"].labels == {"film": "harbour", "dollar": "${var:film}"}
    assert manifest.voices["b"].labels == {"film": "harbour", "dollar": "${var:film}", "tier": "gold"}
    assert manifest.voices["a"].inputs["callback_url"] == "https://example.com/harbour"


def test_text_of_a_value_is_not_replaced_again(loaded: Load) -> None:
    text = KLING + "variables: {take: {default: '$${var:take}'}}\n" + VOICE
    assert loaded(text).voices["a"].inputs["voice_name"] == "Take ${var:take}"


def test_a_value_from_the_environment_is_not_shown(problems: Problems) -> None:
    text = KLING + "variables: {take: {default: '${env:SECRET}'}}\nsafety: {max_delete_percent: '${var:take}'}\n"
    [problem] = problems(text, environ={"SECRET": "hunter2"})
    assert problem == "voices.yaml:3:30: safety.max_delete_percent: text, should be a number"


def test_a_value_of_a_variable_is_shown(problems: Problems) -> None:
    text = KLING + "variables: {take: {default: many}}\nsafety: {max_delete_percent: '${var:take}'}\n"
    assert problems(text) == ['voices.yaml:3:30: safety.max_delete_percent: "many", should be a number']


def test_an_unset_variable_is_reported_once_at_its_first_place(problems: Problems) -> None:
    text = KLING + "variables:\n  take:\n  unused:\n" + VOICE + "defaults: {labels: {take: '${var:take}'}}\n"
    assert problems(text) == [f"voices.yaml:5:52: voices.a.create.voice_name: {NOT_SET}"]


@pytest.mark.parametrize(
    ("variables", "hint"),
    [
        ("", ": declare it under variables"),
        ("variables: {tale: {default: '1'}}\n", ", did you mean tale?"),
        ("variables: {host: {default: '1'}}\n", ", only host is"),
    ],
)
def test_a_variable_that_nobody_declares_is_an_error(problems: Problems, variables: str, hint: str) -> None:
    [problem] = problems(KLING + VOICE + variables)
    assert problem == f'voices.yaml:2:52: voices.a.create.voice_name: the variable "take" is not declared{hint}'


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ("[take]", '1:12: variables: a list, should be a mapping, such as take: {default: "1"}'),
        ("", "1:1: variables: empty, should be a mapping ({} for none)"),
        ("{take: '1'}", '1:19: variables.take: text, should be a mapping, such as {default: "1"}'),
        (
            "{1st: {default: '1'}}",
            "1:13: variables.1st: a variable's name is a letter or _, then at most 62 letters, digits or _",
        ),
        ("{take: {defualt: '1'}}", "1:20: variables.take.defualt: unknown key, did you mean default?"),
        ("{take: {type: text}}", '1:26: variables.take.type: "text", should be string, number or bool'),
        ("{take: {one_of: []}}", "1:28: variables.take.one_of: empty, at least 1 entry"),
        ("{take: {type: number, default: many}}", '1:43: variables.take.default: "many", should be a number'),
        ("{take: {type: number, one_of: [1, x]}}", '1:46: variables.take.one_of[1]: "x", should be a number'),
        ("{take: {type: bool, default: yes}}", '1:41: variables.take.default: "yes", should be true or false'),
        ("{take: {one_of: [1, 2], default: 3}}", '1:45: variables.take.default: "3", should be 1 or 2'),
        ("{take: {default: [1]}}", "1:29: variables.take.default: a list, should be text"),
        (
            "{take: {default: '${var:other}'}}",
            "1:29: variables.take.default: ${var:...} can't be used under variables; write the value itself",
        ),
    ],
)
def test_a_wrong_declaration_is_an_error(problems: Problems, declared: str, problem: str) -> None:
    assert problems(f"variables: {declared}\n{KLING}{VOICE}")[0] == f"voices.yaml:{problem}"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ("{tkae: '2'}", "1:10: values.tkae: no variable of this name is declared, did you mean take?"),
        ("{take: [2]}", "1:16: values.take: a list, should be text, a number, true or false"),
        ("{take: }", "1:10: values.take: empty, should be text, a number, true or false"),
        ("{take: 3}", '1:16: values.take: "3", should be 1 or 2'),
        ("{take: x}", '1:16: values.take: "x", should be a number'),
        ("{take: '${var:take}'}", "1:16: values.take: ${var:...} can't be used under values; write the value itself"),
    ],
)
def test_a_wrong_value_is_an_error_where_it_is_set(problems: Problems, values: str, problem: str) -> None:
    text = f"values: {values}\nvariables: {{take: {{type: number, one_of: [1, 2]}}}}\n{KLING}{VOICE}"
    assert problems(text)[0] == f"voices.yaml:{problem}"


def test_a_wrong_value_from_outside_names_where_it_was_set(write: Write) -> None:
    path = write(KLING + "variables: {take: {type: number}, host: }\n" + VOICE)
    write("take: x\nhots: a\nhost: [b]\n", name="values.yaml")
    assert problems_with(path, options=VariableOptions({"take": "x"})) == ['--var take: "x", should be a number']
    assert problems_with(path, options=VariableOptions({"tkae": "1", "take": "1"})) == [
        "--var tkae: no variable of this name is declared, did you mean take?"
    ]
    assert problems_with(path, options=VariableOptions({"take": "1\x1b"})) == [
        "--var take: text can't hold the control character U+001B"
    ]
    assert problems_with(path, options=VariableOptions(), environ={"VOICECTL_VAR_take": "x"}) == [
        'VOICECTL_VAR_take: "x", should be a number'
    ]
    assert problems_with(path, options=VariableOptions(files=(Path("values.yaml"), Path("Values.yaml")))) == [
        "--var-file: Values.yaml does not exist; there is values.yaml, which differs in upper and lower case",
        'values.yaml:1:7: take: "x", should be a number',
        "values.yaml:2:1: hots: no variable of this name is declared, did you mean host?",
        "values.yaml:3:7: host: a list, should be text, a number, true or false",
    ]


def test_a_variable_may_have_the_name_of_a_section(write: Write) -> None:
    path = write(
        KLING + "variables: {values: {type: number, default: 1}}\nsafety: {max_delete_percent: '${var:values}'}"
    )
    write("values: x\n", name="x.yaml")
    write("values: 2\n", name="2.yaml")
    assert load(path, environ={}, options=VariableOptions(files=(Path("2.yaml"),))).safety.max_delete_percent == 2
    assert problems_with(path, options=VariableOptions(files=(Path("x.yaml"),))) == [
        'x.yaml:1:9: values: "x", should be a number'
    ]


def test_a_file_of_values_has_only_values(write: Write) -> None:
    path = write(KLING + "variables: {take: }\n" + VOICE)
    write("take: '${var:take}'\n", name="a.yaml")
    write("- take\n", name="b.yaml")
    a, b = Path("a.yaml"), Path("b.yaml")
    assert problems_with(path, options=VariableOptions(files=(a,)))[0] == (
        "a.yaml:1:7: take: ${var:...} can't be used in the value of a variable"
    )
    assert problems_with(path, options=VariableOptions(files=(b,)))[0] == (
        'b.yaml:1:1: a list, should be a mapping that declares values of variables, such as take: "2"'
    )


def test_a_variable_of_the_environment_that_nobody_declares_is_ignored(loaded: Load) -> None:
    assert loaded(KLING, environ={"VOICECTL_VAR_other": "1"}).voices == {}


def test_a_variable_is_declared_and_set_once(write: Write) -> None:
    write(KLING + "variables: {take: }\nvalues: {take: '1'}\n" + VOICE, name="all/a.yaml")
    write("variables: {take: }\nvalues: {take: '1'}\n", name="all/b.yaml")
    assert problems_with(Path("all"), options=VariableOptions()) == [
        "all/b.yaml:1:13: variables.take: declared twice, first at all/a.yaml:2:13",
        "all/b.yaml:2:10: values.take: set twice, first at all/a.yaml:3:10",
    ]


@pytest.mark.parametrize("state", ["'s3://${var:take}'", "{url: 's3://${var:take}'}", "*url", "{<<: *place}"])
def test_the_state_does_not_depend_on_variables(problems: Problems, state: str) -> None:
    text = f"""{KLING}variables: {{take: {{default: "1"}}}}
x-url: &url "s3://${{var:take}}"
x-place: &place {{url: *url}}
state: {state}
"""
    [problem] = problems(text)
    assert problem.startswith("voices.yaml:5:")
    assert "${var:...} can't be used under state; write the value itself" in problem

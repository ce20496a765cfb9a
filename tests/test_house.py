"""Checks of rules that people forget: layers, fresh schemas, correct help, errors shown, short files, plain names."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import reconciler.errors
from reconciler.cli.context import Globals
from reconciler.cli.main import COMMANDS, voicectl
from reconciler.cli.sandbox import SANDBOX_COMMANDS
from reconciler.cli.state import STATE_COMMANDS
from reconciler.errors import VoicectlError
from reconciler.model.schema import manifest_schema
from reconciler.views.schema import event_schema, plan_schema, state_schema
from reconciler.views.webhook_document import webhook_schema
from tests.sabotage.planting import listed
from tests.views.error_examples import BASES, example

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "reconciler").rglob("*.py"))
EVERYWHERE = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
LONGEST = 400  # lines; most files have 100 to 250
LONGEST_OF_THE_ENGINE = 250

# A command in a text that the user should type.
TYPED = re.compile(
    rf"\bvoicectl ({'|'.join(COMMANDS)})\b|: --(retry|replace|allow-deletes|allow-recreates|auto-approve)\b"
)

NAMES_OF_DOCUMENTS = {"voicectl plan", "voicectl state", "What voicectl plan --json prints."}

# A rule's exception: its code and, after a dash or another #, its reason.
EXCEPTION = re.compile(r"# (noqa: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)* - |type: ignore\[[a-z, -]+\]  # )\S")

# Words that say nothing about the thing they name.
SAYS_NOTHING = {"manager", "handler", "helper", "util", "utils", "service", "data", "info", "process"}
NAMED_BY_OTHERS = {
    "providers/kling/schema.py: TaskInfo",  # Kling calls it task_info
    "providers/http/sockets.py: get_extra_info",  # httpcore's own name for it
    "sandbox/kling/responses.py: _task_info",  # the same, from the other side
    "protocols/backend.py: LockInfo",  # Terraform calls it so
    "sandbox/server.py: _Handler",  # http.server calls it so
    "sandbox/server.py: process_request",  # socketserver's own hook
}


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and group, with the words that lead to it."""
    yield path, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None, f"{name} leads nowhere"
            yield from commands(found, (*path, name))


EVERY_COMMAND = dict(commands(voicectl))


def words_of(name: str) -> set[str]:
    """The words of a name: `_TaskInfo` and `task_info` both have task and info."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def names_in(module: Path) -> Iterator[str]:
    yield module.stem
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


# -- code --------------------------------------------------------------------------------------------------------------


def test_imports_run_one_way(capsys: pytest.CaptureFixture[str]) -> None:
    linter = pytest.importorskip("importlinter.cli", reason="needs the extra [dev]")
    broken = linter.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert broken == 0, capsys.readouterr().out


def test_no_file_is_longer_than_a_sitting() -> None:
    lengths = {str(module.relative_to(ROOT)): len(module.read_text().splitlines()) for module in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_file_of_the_engine_is_longer_than_a_reader_holds_in_mind() -> None:
    engine = [path for path in MODULES if path.is_relative_to(ROOT / "reconciler" / "engine")]
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in engine}
    assert {name: count for name, count in lines.items() if count > LONGEST_OF_THE_ENGINE} == {}


def test_every_module_opens_with_its_job() -> None:
    mute = [m for m in MODULES if not ast.get_docstring(ast.parse(m.read_text(encoding="utf-8")))]
    assert [str(m.relative_to(ROOT)) for m in mute] == []


def test_names_say_what_the_thing_is() -> None:
    found = {
        f"{module.relative_to(ROOT / 'reconciler')}: {name}"
        for module in MODULES
        for name in names_in(module)
        if words_of(name) & SAYS_NOTHING or name.startswith("do_")
    }
    assert found == NAMED_BY_OTHERS


def test_every_exception_to_a_rule_says_its_code_and_its_reason() -> None:
    lines = [line for path in EVERYWHERE for line in path.read_text(encoding="utf-8").splitlines()]
    made = [line for line in lines if re.search(r"# (noqa|type: ignore)\b", line)]
    assert [line for line in made if not EXCEPTION.search(line)] == []


@pytest.mark.parametrize("never", ["cast(", "pragma: no cover"])
def test_no_setting_of_ours_silences_the_machine(never: str) -> None:
    assert [str(m.relative_to(ROOT)) for m in MODULES if never in m.read_text(encoding="utf-8")] == []


def test_no_text_contains_a_command_to_type() -> None:
    """It must be a `Command` of a hint. Help, docstrings and the manifest of `init` may hold commands."""
    written = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        for node in texts(ast.parse(path.read_text(encoding="utf-8")))
        if TYPED.search(str(node.value)) and node.value not in NAMES_OF_DOCUMENTS and path.name != "init.py"
    ]
    assert written == []


def texts(module: ast.Module) -> Iterator[ast.Constant]:
    """The string constants of a module, without docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


def test_the_text_that_a_sabotage_replaces_is_found_once() -> None:
    stale = {s.name: s.file for s in listed() if (ROOT / s.file).read_text(encoding="utf-8").count(s.there) != 1}
    assert stale == {}


# -- documents ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("manifest", manifest_schema),
        ("plan", plan_schema),
        ("event", event_schema),
        ("state", state_schema),
        ("webhook", webhook_schema),
    ],
)
def test_the_schemas_are_fresh(name: str, made: Callable[[], object]) -> None:
    assert json.loads((ROOT / f"schemas/{name}.schema.json").read_text(encoding="utf-8")) == made()


def every_error(base: type[VoicectlError] = VoicectlError) -> Iterator[type[VoicectlError]]:
    yield base
    for error in base.__subclasses__():
        yield from every_error(error)


def test_every_error_is_shown_once_in_the_golden_file() -> None:
    shown = re.findall(r"^Error: (.*)$", (ROOT / "tests/golden/errors.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert shown == [example(error).headline for error in every_error() if error not in BASES]


@pytest.mark.parametrize("base", sorted(BASES, key=str))
def test_a_base_of_errors_is_never_raised_itself(base: type[VoicectlError]) -> None:
    raised = re.compile(rf"\b(raise|return) {base.__name__}\b")
    assert [str(m.relative_to(ROOT)) for m in MODULES if raised.search(m.read_text(encoding="utf-8"))] == []


def test_every_error_is_drawn_in_the_tree() -> None:
    drawn = re.findall(r"[├└]── (\w+)", str(reconciler.errors.__doc__))
    assert sorted(["VoicectlError", *drawn]) == sorted(error.__name__ for error in every_error())


# -- help --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EVERY_COMMAND, ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(voicectl, [*path, "--help"], obj=Globals(), prog_name="voicectl")
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Usage: {' '.join(('voicectl', *path))} ")
    assert all(len(line) <= 80 for line in result.output.splitlines())


@pytest.mark.parametrize("path", EVERY_COMMAND, ids=" ".join)
def test_every_option_and_every_argument_is_explained(path: tuple[str, ...]) -> None:
    command = EVERY_COMMAND[path]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
    options = {flag for parameter in command.params for flag in parameter.opts}
    assert {"-C", "-f", "--file", "--sandbox", "--no-color", "-v", "--verbose"} <= options


@pytest.mark.parametrize(
    ("group", "summaries"),
    [((), COMMANDS), (("state",), STATE_COMMANDS), (("sandbox",), SANDBOX_COMMANDS)],
    ids=["voicectl", "state", "sandbox"],
)
def test_a_list_of_commands_says_what_each_says_of_itself(
    group: tuple[str, ...], summaries: Mapping[str, tuple[str, str, str]]
) -> None:
    own = {path[-1]: str(c.help).split("\n")[0] for path, c in EVERY_COMMAND.items() if path and path[:-1] == group}
    assert {name: words for name, (_, _, words) in summaries.items()} == own

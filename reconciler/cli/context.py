"""What every command shares: global options before or after its name, lazy groups, the session and its output."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from reconciler.cli import streams
from reconciler.cli.manifest_option import DEFAULT, at_a_file, manifest_option, variable_options
from reconciler.cli.shell_completion import folders
from reconciler.errors import UsageError
from reconciler.hints import Hint, Way, hint, way

if TYPE_CHECKING:
    from reconciler.audio.probing import Fetch
    from reconciler.engine.session import Session
    from reconciler.loader.files import Source
    from reconciler.model.manifest import Manifest
    from reconciler.views.render_options import RenderOptions
    from reconciler.workspace import Workspace

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(slots=True)
class Globals:
    """The global options that were given so far."""

    directory: str | None = None  # entered already
    file: str | None = None
    variables: dict[str, str] = field(default_factory=dict)  # of --var
    variable_files: list[str] = field(default_factory=list)
    sandbox: bool = False
    state: str | None = None  # the URL of the state
    plain: bool = False
    verbose: bool = False
    verb: str = "apply"  # what an option in a hint is an option of
    detail: str = "usual"  # how much of a plan is shown: views.render_options.Detail

    def colour(self, stream: TextIO) -> bool:
        """Whether to colour what goes to this stream (https://no-color.org, https://force-color.org).

        The first that says something decides: --no-color, NO_COLOR, FORCE_COLOR, TERM=dumb, a terminal.
        """
        if self.plain or os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return os.environ.get("TERM") != "dumb" and stream.isatty()

    def render_options(self, stream: TextIO) -> RenderOptions:
        """The render options of a stream."""
        from reconciler.views.render_options import Detail, RenderOptions

        return RenderOptions(
            colour=self.colour(stream),
            detail=Detail(self.detail),
            columns=room(stream),
            encoding=stream.encoding,
            global_options=_options_of(self.workspace()),
            verb=self.verb,
        )

    def workspace(self) -> Workspace:
        from pathlib import Path

        from reconciler.workspace import Workspace

        return Workspace(
            manifest=Path(self.file or DEFAULT),
            sandbox=self.sandbox,
            directory=self.directory,
            state_url=self.state,
            variables=tuple(self.variables.items()),
            variable_files=tuple(map(Path, self.variable_files)),
        )


@cache
def _options_of(workspace: Workspace) -> str:
    """Its global options. An apply needs them for each line that it writes."""
    return workspace.options


def options() -> Globals:
    found = click.get_current_context().find_root().obj
    if not isinstance(found, Globals):
        raise TypeError("the root context carries no global options")
    return found


def manifest_at(workspace: Workspace, *, fetch: Fetch | None = None, added: Iterable[Source] = ()) -> Manifest:
    from reconciler.loader.build import load
    from reconciler.loader.variable_options import VariableOptions

    given = VariableOptions(dict(workspace.variables), workspace.variable_files)
    manifest = load(workspace.manifest, environ=os.environ, options=given, fetch=fetch, added=added)
    return replace(manifest, sandbox=workspace.sandbox)


@contextmanager
def session(manifest: Manifest | None = None) -> Iterator[Session]:
    """Opens the manifest, unless it is given, its state and its clouds; closes them at the end."""
    from reconciler import wiring

    workspace, log = options().workspace(), say if options().verbose else _nobody
    declared = manifest or manifest_at(workspace)
    with ExitStack() as closing:
        opened = wiring.session(declared, workspace, environ=os.environ, closing=closing, log=log)
        log(f"manifest: {workspace.manifest}")
        log(f"state: {opened.store.where}")
        try:
            yield opened
        finally:
            warn(opened.store.notes)


def _nobody(_: str) -> None:
    """Writes a detail to stderr, only with -v."""


def say(words: str) -> None:
    """Writes one message line to stderr, since stdout is for data. Foreign names in it are escaped."""
    from reconciler.views.escape import escape

    if words:
        streams.write_stderr(escape(words))


def warn(notes: Iterable[str | Way]) -> None:
    """Writes warnings to stderr. It is called after a lock was released, because that may add some."""
    for note in notes:
        say(f"Warning: {on_one_line(hint(note))}")


def write(words: str) -> bool:
    """Writes a rendered result to stdout. Returns False if the reader has closed it; raises OutputLost."""
    return streams.write_stdout(words)


def write_json(document: object, *, indent: int | None = 2) -> bool:
    """Writes a JSON document to stdout: in ASCII if stdout is not UTF-8."""
    from reconciler.views import json_documents

    return streams.write_stdout(
        json_documents.dumps(document, indent=indent, ascii_only=not streams.is_utf8(sys.stdout))
    )


def command(verb: str, *arguments: object) -> str:
    """A command to type, with the global options that name the same workspace."""
    return on_one_line(hint(way("", verb, *arguments)))


def on_one_line(ways: Hint) -> str:
    """A hint on one line, for use inside a sentence."""
    from reconciler.views import hints
    from reconciler.views.screen import fitted

    given = replace(on_stdout(), columns=None)
    return fitted(hints.on_one_line(ways, given), given)


def room(stream: TextIO) -> int | None:
    """The columns of a terminal; None if the stream is none, so that lines are not wrapped."""
    import shutil

    return shutil.get_terminal_size().columns if stream.isatty() else None


def live_block_fits() -> bool:
    """Whether a live block can be drawn: both streams are a terminal that can overwrite lines."""
    able = os.environ.get("TERM") not in ("dumb", "unknown")
    return able and sys.stdout.isatty() and sys.stderr.isatty()


def on_stdout() -> RenderOptions:
    """The render options of stdout."""
    return options().render_options(sys.stdout)


# --- options ---


def _enter(context: click.Context, _: click.Parameter, directory: str | None) -> None:
    """Changes the directory at once, so that all paths are relative to it; a second -C starts from the first."""
    if directory is None:
        return
    try:
        if not context.resilient_parsing:  # a line that is being completed is not run
            os.chdir(directory)
    except OSError as error:
        raise UsageError(f"-C {directory}: {error.strerror}.") from None
    chosen = context.find_root().obj
    from pathlib import Path  # here and there, because --help must not pay for it

    chosen.directory = str(Path(chosen.directory or "", directory))


def _remember(attribute: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def remember(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value is not None and value is not False:
            setattr(context.find_root().obj, attribute, value)

    return remember


_GLOBAL_OPTIONS = (
    click.option(
        "-C",
        "directory",
        metavar="DIR",
        help="Run as if started in DIR.",
        expose_value=False,
        is_eager=True,
        callback=_enter,
        shell_complete=folders,
    ),
    manifest_option,
    *variable_options,
    click.option(
        "--state",
        metavar="URL",
        help="Where the state is, instead of what the manifest says: s3://, gs://, az://, postgresql://, https://, "
        "or local. http:// only on this machine.",
        expose_value=False,
        callback=_remember("state"),
    ),
    click.option(
        "--sandbox",
        is_flag=True,
        help="Use a simulated cloud on this machine: no account, no cost.",
        expose_value=False,
        callback=_remember("sandbox"),
    ),
    click.option(
        "--no-color", is_flag=True, help="Print without colours.", expose_value=False, callback=_remember("plain")
    ),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help="Print more details on stderr.",
        expose_value=False,
        callback=_remember("verbose"),
    ),
)


def global_options(command: Command) -> Command:
    command = at_a_file(command)
    for option in reversed(_GLOBAL_OPTIONS):
        command = option(command)
    return command


class LazyGroup(click.Group):
    """A click group that imports a command only when it is called; names and help are known before."""

    def __init__(self, *args: Any, commands_at: Mapping[str, tuple[str, str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in self._commands_at:
            return None
        module, attribute, _ = self._commands_at[cmd_name]
        found = getattr(importlib.import_module(f"reconciler.cli.{module}"), attribute)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, _, words) in self._commands_at.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from reconciler.cli.subcommand import looks_like_a_path, name_it_with_f
            from reconciler.model.suggestion import nearest

            if looks_like_a_path(args[0]):
                raise click.UsageError(name_it_with_f(args[0], ctx), ctx) from None
            near = nearest(args[0], self._commands_at)
            if near is None:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near}?", ctx) from None

"""What every command shares: global options before or after its name, lazy groups, the session and its output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from reconciler.cli import environment, streams
from reconciler.cli.lazy_group import LazyGroup as LazyGroup  # with the options that each group takes
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
    files: list[str] = field(default_factory=list)  # every -f, also where only one is allowed
    file_from_environment: bool = False
    variables: dict[str, str] = field(default_factory=dict)  # of --var
    variable_files: list[str] = field(default_factory=list)
    sandbox: bool = False
    state: str | None = None  # the URL of the state
    allow_commands: bool = False
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

    def workspaces(self) -> list[Workspace]:
        """A workspace for each -f of a command that takes several."""
        from pathlib import Path

        named = list(dict.fromkeys(self.files or [self.file or DEFAULT]))
        if len(named) > 1 and self.state:
            raise UsageError(
                "--state names one place, and each manifest needs a state of its own.", "Run one watch for each."
            )
        return [replace(self.workspace(), manifest=Path(file)) for file in named]

    def workspace(self) -> Workspace:
        from pathlib import Path

        from reconciler.workspace import Workspace

        return Workspace(
            manifest=Path(self.file or DEFAULT),
            sandbox=self.sandbox,
            directory=self.directory,
            state_url=self.state,
            allow_commands=self.allow_commands,
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


def manifest_at(
    workspace: Workspace, *, fetch: Fetch | None = None, listen: bool = False, added: Iterable[Source] = ()
) -> Manifest:
    from reconciler.loader.build import load
    from reconciler.loader.variable_options import VariableOptions

    given = VariableOptions(dict(workspace.variables), workspace.variable_files)
    manifest = load(workspace.manifest, environ=os.environ, options=given, fetch=fetch, listen=listen, added=added)
    return replace(manifest, sandbox=workspace.sandbox)


@contextmanager
def session(manifest: Manifest | None = None) -> Iterator[Session]:
    """Opens the manifest, unless it is given, its state and its clouds; closes them at the end."""
    from reconciler import wiring

    workspace, log = options().workspace(), say if options().verbose else _nobody
    declared = manifest or manifest_at(workspace)
    with ExitStack() as closing:
        log_call = say if wiring.logs_calls(os.environ) else None
        opened = wiring.session(declared, workspace, environ=os.environ, closing=closing, log=log, log_call=log_call)
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


def on_stdout() -> RenderOptions:
    """The render options of stdout."""
    return options().render_options(sys.stdout)


# --- options ---


def _enter(context: click.Context, parameter: click.Parameter, directory: str | None) -> None:
    """Changes the directory at once, so that all paths are relative to it; a second -C starts from the first."""
    chosen = context.find_root().obj
    if directory is None or not environment.counts(context, parameter, given=chosen.directory):
        return
    try:
        if not context.resilient_parsing:  # a line that is being completed is not run
            os.chdir(directory)
    except OSError as error:
        named = "-C " if not environment.is_from_environment(context, parameter) else f"{environment.CHDIR}="
        raise UsageError(f"{named}{directory}: {error.strerror}.") from None
    from pathlib import Path  # here and there, because --help must not pay for it

    chosen.directory = str(Path(chosen.directory or "", directory))


def _remember(attribute: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        chosen = context.find_root().obj
        given = getattr(chosen, attribute)
        if value is not None and value is not False and environment.counts(context, parameter, given=given):
            setattr(chosen, attribute, value)

    return remember


def _flag(*names: str, words: str, variable: str, attribute: str) -> Callable[[Command], Command]:
    """A global flag, which a variable of the environment may set too."""
    return click.option(
        *names,
        is_flag=True,
        help=words,
        envvar=variable,
        show_envvar=True,
        expose_value=False,
        callback=_remember(attribute),
    )


_GLOBAL_OPTIONS = (
    click.option(
        "-C",
        "directory",
        metavar="DIR",
        help="Run as if started in DIR.",
        envvar=environment.CHDIR,
        show_envvar=True,
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
        "or local. http:// only on this machine.  [env var: VOICECTL_STATE]",
        expose_value=False,
        callback=_remember("state"),
    ),
    _flag(
        "--sandbox",
        words="Use a simulated cloud on this machine: no account, no cost.",
        variable=environment.SANDBOX,
        attribute="sandbox",
    ),
    _flag(
        "--allow-commands",
        words="Let the manifest start programs: the commands of policy and of state.encryption.",
        variable=environment.ALLOW_COMMANDS,
        attribute="allow_commands",
    ),
    _flag("--no-color", words="Print without colours.", variable=environment.NO_COLOR, attribute="plain"),
    _flag(
        "-v",
        "--verbose",
        words="Print more details on stderr.",
        variable=environment.VERBOSE,
        attribute="verbose",
    ),
)


def global_options(command: Command) -> Command:
    command = at_a_file(command)
    for option in reversed(_GLOBAL_OPTIONS):
        command = option(command)
    return command

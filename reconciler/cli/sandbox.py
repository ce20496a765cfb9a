"""sandbox: serves the simulated cloud, sets its faults, empties it."""

from __future__ import annotations

import shlex
import signal
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from reconciler import waits
from reconciler.cli.context import LazyGroup, global_options, options, room, say, write, write_json
from reconciler.cli.shell_completion import provider_names
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError
from reconciler.hints import hint, way

if TYPE_CHECKING:
    from reconciler.sandbox.faults import Faults

_LAID_OUT = 80  # columns, where no screen says how many

SANDBOX_COMMANDS = {
    "serve": ("sandbox", "serve", "Serve the simulated cloud on loopback."),
    "faults": ("sandbox", "faults", "Show and set the faults of the simulated cloud."),
    "reset": ("sandbox", "reset", "Delete everything in the simulated cloud."),
}


@click.group(cls=LazyGroup, commands_at=SANDBOX_COMMANDS)
@global_options
def sandbox() -> None:
    """Run against a simulated cloud on this machine.

    `voicectl --sandbox COMMAND` runs any command against it. It keeps its world and its
    state in .voicectl beside the manifest, apart from the real state.
    """


@click.command(cls=Subcommand)
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="The port; 0 picks a free one."
)
@global_options
def serve(port: int) -> int:
    """Serve the simulated cloud on loopback.

    Prints its address, then one line for each request. Ctrl-C ends it.
    """
    from reconciler import wiring
    from reconciler.sandbox import router, server

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with wiring.world(options().workspace()) as world:
        try:
            opened = server.serve(world, port, log=say)
        except OSError as error:
            raise UsageError(f"Port {port} can't be used: {error.strerror}.", "--port 0 takes a free one.") from None
        with opened:
            write(f"The sandbox listens at {opened.url}")
            ways = "; to ".join(cloud.sign_in for cloud in router.clouds())
            say(f"Sign in to {ways}. In a provider: endpoint: {opened.url}")
            sys.stdout.flush()
            waits.event(ended)
    return 0


@click.command(cls=Subcommand)
@click.argument("switches", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--clear", is_flag=True, help="Turn all faults off before setting others.")
@click.option("--delete", "deleted", multiple=True, metavar="VOICE", help="Delete a voice outside of voicectl.")
@click.option("--rename", nargs=2, multiple=True, metavar="VOICE NAME", help="Rename a voice outside of voicectl.")
@click.option("--add", multiple=True, metavar="NAME", help="Add a voice that voicectl did not create.")
@click.option(
    "--account",
    metavar="NAME",
    help="The account for --add: a provider's name, or an account of the sandbox.",
    shell_complete=provider_names,
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@global_options
def faults(
    switches: tuple[str, ...],
    clear: bool,
    deleted: tuple[str, ...],
    rename: tuple[tuple[str, str], ...],
    add: tuple[str, ...],
    account: str | None,
    as_json: bool,
) -> int:
    """Show and set the faults of the simulated cloud.

    Example: `voicectl sandbox faults reply_lost=0.1 task_seconds=5`. Without arguments, it lists all switches. VOICE
    is a voice_id or a voice_name.
    """
    from reconciler import wiring
    from reconciler.sandbox.faults import Faults

    if account is not None and not add:
        raise UsageError("--account needs --add.", "Name an existing voice by its id or its name.")
    with wiring.world(options().workspace()) as world:
        wanted = _wanted(Faults() if clear else world.faults(), switches)
        if clear or switches:
            world.set_faults(wanted)
        for voice in deleted:
            say(f"Deleted: {world.delete_outside(voice).voice_id}")
        for voice, name in rename:
            say(f"Renamed: {world.rename_outside(voice, name).voice_id}")
        if add:
            where = _account(account, world.accounts())
            for name in add:
                say(f"Added: {world.add_foreign(name, where).voice_id}, to {where}")
    if as_json:
        write_json(wanted.model_dump(mode="json"))
    elif not (deleted or rename or add):
        from reconciler.views import text

        standard = Faults()
        rows = [
            (
                name,
                _typed(value),
                "" if value == getattr(standard, name) else "*",
                Faults.model_fields[name].description,
            )
            for name, value in wanted.model_dump(mode="json").items()
        ]
        if clear or switches:  # what was just set, and what was before; all of them are listed when asked for
            rows = [row for row in rows if row[2]]
        shown = text.switches(rows, within=room(sys.stdout) or _LAID_OUT)
        write(shown or "No faults are set.")
    return 0


def _account(named: str | None, called: Sequence[str]) -> str:
    """The account for --add. `called`: the accounts that were ever called.

    The manifest's own comes first: that is where `--sandbox` looks. Raises UsageError where several are possible.
    """
    from reconciler.sandbox import router

    clouds = [cloud.foreign for cloud in router.clouds() if cloud.foreign is not None]
    manifest = _declared_accounts()
    declared = manifest or {}
    used = [account for account in called if any(account.startswith(cloud.prefix) for cloud in clouds)]
    known = dict.fromkeys([*declared.values(), *used])
    if named is not None:
        account = declared.get(named, named)
        if account not in known:
            raise UsageError(f"--account {named}: the sandbox has no such account.", _listed(declared, known))
        return account
    own = dict.fromkeys(declared.values())
    if manifest is not None and not known:
        raise UsageError(
            "No cloud of the manifest lists voices that were made elsewhere.", "--add needs an account that lists them."
        )
    candidates = list(own or known) or [cloud.default for cloud in clouds]
    if len(candidates) > 1:
        raise UsageError("The sandbox has several accounts.", _listed(declared, dict.fromkeys([*known, *candidates])))
    return candidates[0]


def _declared_accounts() -> dict[str, str] | None:
    """Provider -> account, if there is a valid manifest: the sandbox works without one."""
    from reconciler import wiring
    from reconciler.cli.context import manifest_at
    from reconciler.errors import VoicectlError

    try:
        return wiring.sandbox_accounts(manifest_at(options().workspace()))
    except VoicectlError:
        return None


def _listed(declared: Mapping[str, str], known: Iterable[str]) -> str:
    """The name of each account: its provider's name if it has one, else its own."""
    names = {account: provider for provider, account in reversed([*declared.items()])}
    ways = [f"--account {shlex.quote(names.get(account, account))}" for account in known]
    return f"Say which one: {', '.join(ways)}" if ways else "No cloud of the manifest lists voices made elsewhere."


def _typed(value: object) -> str:
    """A switch as it is typed on the command line."""
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wanted(held: Faults, switches: tuple[str, ...]) -> Faults:
    from pydantic import ValidationError

    from reconciler.model.suggestion import nearest
    from reconciler.sandbox.faults import Faults

    words: dict[str, object] = {}
    for switch in switches:
        name, sign, value = switch.partition("=")
        if not sign or name not in Faults.model_fields:
            near = nearest(name, Faults.model_fields)
            raise UsageError(
                f"{switch} is not a switch." if sign else f"{switch}: set a switch as NAME=VALUE.",
                f"Did you mean {near}?"
                if near not in (None, name)
                else hint(way("", "sandbox faults", after=" lists them.")),
            )
        words[name] = value
    try:
        return Faults.model_validate(held.model_dump() | words)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{first['loc'][0]}={first['input']}: {first['msg']}.") from None


@click.command(cls=Subcommand)
@global_options
def reset() -> int:
    """Delete everything in the simulated cloud.

    Also deletes the sandbox's state; the real state stays.
    """
    from reconciler import wiring

    workspace = options().workspace()
    with wiring.world(workspace) as world:
        world.reset()
    wiring.remove_sandbox_states(workspace)
    say("The sandbox is empty.")
    return 0

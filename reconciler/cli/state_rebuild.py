"""state rebuild: rebuilds a lost state from the markers of its voices."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.context import command, global_options, on_one_line, options, say, session, write
from reconciler.cli.options import lock_option, locking
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import Declined, UsageError
from reconciler.hints import hint, way
from reconciler.views.layout import counted

if TYPE_CHECKING:
    from reconciler.engine.session import Session
    from reconciler.engine.state_rebuild import Rebuilt


@click.command(cls=Subcommand)
@click.option("--lineage", metavar="L", help="Adopt the voices whose markers carry this lineage.")
@click.option("--new-lineage", is_flag=True, help="The voices belong to another project: ignore them.")
@click.option("--auto-approve", is_flag=True, help="Do not ask for confirmation.")
@lock_option
@global_options
def rebuild(lineage: str | None, new_lineage: bool, auto_approve: bool, lock_timeout: str | None) -> int:
    """Rebuild a lost state from the markers of its voices.

    It adopts a voice if the voice's marker matches a declared entry exactly. Without an option, it lists the lineages;
    with --auto-approve, it adopts the only one. First it shows how many voices it would adopt, and asks for
    confirmation, because no other state may hold them.
    """
    from reconciler.engine import state_rebuild

    if lineage is not None and new_lineage:
        raise UsageError("--lineage and --new-lineage can't be used together.")
    with session() as opened:

        def rebuilt(chosen: str | None) -> Rebuilt:
            return state_rebuild.rebuild(
                opened,
                locking(lock_timeout),
                lineage=chosen,
                new_lineage=new_lineage,
                approve=lambda found: _may_take(found, str(chosen), _place(opened), approved=auto_approve),
            )

        found = rebuilt(lineage)
        if auto_approve and lineage is None and not new_lineage and len(found.lineages) == 1:
            (lineage,) = found.lineages
            found = rebuilt(lineage)
    for address, manifest in found.held.items():
        ask = hint(
            "If it belongs there, remove the entry here",
            way(
                "if it belongs here",
                "state mv --to-manifest",
                options().workspace().manifest,
                address,
                place=f"-f {manifest}",
            ),
        )
        say(f"{address} is left out: the state of {manifest} holds its voice. {on_one_line(ask)}")
    if lineage is not None:
        failed = f"; {len(found.failed)} of them failed when they were made" if found.failed else ""
        say(f"Adopted: {counted(len(found.taken), 'voice')}{failed}.")
        if found.renamed:
            left = ", ".join(found.renamed)
            say(f"Left out, because their markers name other addresses: {left}. What to do: {command('plan')}")
    elif new_lineage:
        say(f"Ignored from now on: {', '.join(found.lineages) or 'nothing was found'}.")
    for name, addresses in found.lineages.items() if lineage is None else ():
        write(
            f"{name}  {counted(len(addresses), 'declared voice')}: "
            f"{', '.join(addresses[:5])}{' ...' if len(addresses) > 5 else ''}"
        )
    if not found.lineages:
        say("Nothing to rebuild: no declared voice carries a marker of another lineage.")
    elif lineage is None and not new_lineage:
        for name in found.lineages:
            say(f"To adopt them: {command('state rebuild --lineage', name)}")
        say(f"If they belong to another project: {command('state rebuild --new-lineage')}")
    return 0


def _place(opened: Session) -> str:
    """Where the state is: as the user would type a file."""
    return opened.store.where if opened.shared else str(options().workspace().state)


def _may_take(found: Rebuilt, lineage: str, where: str, *, approved: bool) -> bool:
    """Says which voices are adopted and under what condition, and asks at a terminal."""
    names = ", ".join(found.taken[:5]) + (" ..." if len(found.taken) > 5 else "")
    voices = counted(len(found.taken), "voice")
    say(f"This adopts {voices} into {where}, made under lineage {lineage}: {names}.")
    say("No other state may hold them: a run with that state would replace or delete them here too.")
    if approved:
        return True
    if not sys.stdin.isatty():
        unasked = hint(way("To continue without confirmation", "state rebuild --lineage", lineage, "--auto-approve"))
        raise Declined(
            "voicectl needs a confirmation, but it does not run in a terminal.", unasked, summary="No voice was adopted"
        )
    click.echo("\nAdopt them? Only 'yes' will be accepted: ", err=True, nl=False)
    return sys.stdin.readline().strip() == "yes"

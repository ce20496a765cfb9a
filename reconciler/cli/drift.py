"""drift: shows what changed outside of voicectl."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from reconciler.cli.address_type import ADDRESS
from reconciler.cli.audio_option import audio_option, chosen
from reconciler.cli.context import global_options, on_one_line, say, session, write
from reconciler.cli.format_option import format_option
from reconciler.cli.options import lock_option, locking
from reconciler.cli.review import drift_document, problems_annotated
from reconciler.cli.shell_completion import recorded_addresses
from reconciler.cli.state_access import say_held, under_way
from reconciler.cli.streams import ask
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import ProbeDeclined, UsageError
from reconciler.hints import hint, way
from reconciler.views.formats.registry import REVIEWS

if TYPE_CHECKING:
    from reconciler.engine.probe import Probe
    from reconciler.model.plan import Plan
    from reconciler.model.survey import Survey

DRIFTED = 2  # the exit code


@click.command(cls=Subcommand)
@click.option(
    "--accept",
    multiple=True,
    type=ADDRESS,
    metavar="ADDRESS",
    help="Accept the current name of the voice at this address.",
    shell_complete=recorded_addresses,
)
@click.option("--probe", is_flag=True, help="Also use slower or paid calls to find out whether voices still exist.")
@click.option("--auto-approve", is_flag=True, help="Pay for --probe without asking.")
@format_option(REVIEWS)
@audio_option()
@lock_option
@global_options
def drift(
    format_name: str,
    audio: str | None,
    accept: tuple[str, ...],
    probe: bool,
    auto_approve: bool,
    lock_timeout: str | None,
) -> int:
    """Show what changed outside of voicectl.

    Exits with 2 if something changed. Exits with 1 if something could not be checked, if the state is out of date, or
    if the account holds voices of this manifest that are in no state here. Some clouds list no voices: only --probe
    can check whether such a voice still exists. Before paid calls, it shows their number and asks for confirmation.
    """
    from reconciler.engine import operations
    from reconciler.engine.probe import probing

    if auto_approve and not probe:
        raise UsageError("--auto-approve needs --probe.", "Without it, drift pays for nothing.")
    choice = chosen(audio, format_name)
    verifier = probing(lambda probes, without: _consent(probes, without, approved=auto_approve)) if probe else None
    with problems_annotated(format_name), session() as opened:
        if accept:
            from reconciler.engine import import_resolve

            for record in import_resolve.accept(opened, accept, locking(lock_timeout)):
                say(f"{record.address} is named {record.voice_name} from now on.")
        held = opened.store.holder()
        looked = operations.drift(opened, verifier=verifier, under_way=under_way(held))
        say_held(held)
        made, heard = looked.plan, None
        if choice is not None:
            from reconciler.cli.pages import recordings_of_drift

            heard = recordings_of_drift(opened, made, choice)
    write(drift_document(made, looked.survey, format_name, recordings=heard))
    if looked.survey is not None:
        return _without_records(made, looked.survey, opened.store.where)
    for note in made.unseen:
        say(f"Could not check: {note}")
    if made.ways_to_see:
        say(on_one_line(made.ways_to_see))
    if made.older or made.unclaimed:
        return 1
    if made.drift:
        return DRIFTED
    return 1 if made.unseen else 0


def _without_records(made: Plan, survey: Survey, where: str) -> int:
    """Drift without a state: "no drift" is only true if the accounts hold no voice of this manifest. Raises NoState."""
    from reconciler.planning import no_state

    say(no_state.note(survey))
    refusal = no_state.refusal(survey, where)
    if refusal is not None:
        raise refusal
    return DRIFTED if made.drift or survey.drift else 0


def _consent(probes: Sequence[Probe], without: Sequence[str], *, approved: bool) -> None:
    """Prints the cost of the probes, and asks if one is paid. Raises ProbeDeclined."""
    from reconciler.views.layout import counted

    for probe in probes:
        voices, calls = counted(len(probe.records), "voice"), counted(probe.calls, "call")
        price = probe.look.price or "not paid"
        say(f"{probe.provider}: {voices} to check, in {calls} of {probe.look.call}: {price}.")
    for name in without:
        say(f"{name}: its cloud offers no probe, or not with these credentials.")
    paid = sum(probe.calls for probe in probes if probe.look.price)
    if not paid or approved:
        return
    if not sys.stdin.isatty():
        unasked = hint(way("To continue without confirmation", "drift --probe --auto-approve"))
        raise ProbeDeclined("voicectl needs a confirmation, but it does not run in a terminal.", unasked)
    if ask(f"\nMake {counted(paid, 'paid call')}? Only 'yes' will be accepted: ") != "yes":
        elsewhere = way("Answer yes, or run without confirmation", "drift --probe --auto-approve")
        raise ProbeDeclined("You did not answer yes.", hint(elsewhere))

"""plan: shows what apply would change."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from reconciler.cli import review
from reconciler.cli.audio_option import audio_option, chosen
from reconciler.cli.context import command, global_options, on_one_line, options, say, session, write
from reconciler.cli.format_option import format_option
from reconciler.cli.options import Options, detail_options, plan_options, request
from reconciler.cli.planfile import write_plan
from reconciler.cli.state_access import say_held, under_way
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import PolicyDenied, UsageError
from reconciler.views.formats.registry import JSON, REVIEWS

CHANGES = 2  # the exit code of --detailed-exitcode


@click.command(cls=Subcommand)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan for `apply FILE`.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if anything would change or is blocked.")
@click.option(
    "--refresh",
    type=bool,
    default=True,
    metavar="BOOLEAN",
    help="With false, look only at the state: quick, but the accounts may differ.  [default: true]",
)
@format_option(REVIEWS)
@audio_option()
@detail_options
@plan_options
@global_options
def plan(out: Path | None, format_name: str, audio: str | None, detailed_exitcode: bool, **asked: Any) -> int:
    """Show what apply would change.

    Reads the manifest, the state and the accounts; writes only the file of --out. Exits with 1 if a policy of the
    manifest, --max-paid-calls or --max-cost does not allow the plan.
    """
    from reconciler.engine import operations

    if out is not None and not asked["refresh"]:
        raise UsageError("A plan without a look at the accounts can't be saved.", "Leave out --refresh=false or --out.")
    choice = chosen(audio, format_name)
    if out is not None:
        options().verb = f"plan --out {shlex.quote(str(out))}"
    with review.problems_annotated(format_name), session() as opened:
        asked_for = request(Options(**asked), opened.manifest)
        held = opened.store.holder()  # before the state is read: what this run begins later is not in the plan
        made = operations.plan(opened, asked_for.seen_during(under_way(held)))
        say_held(held)
        heard = None
        if choice is not None:
            from reconciler.cli.pages import recordings_of_plan

            heard = recordings_of_plan(opened, made, choice)
    write(review.plan_document(made, format_name, planfile=out, recordings=heard))
    if format_name == JSON:
        for stop in made.stops:  # its document has no key for them
            say(f"Stop: {stop.what}. {on_one_line(stop.hint)}")
        for file in made.outputs:
            say(f"{file.path} {file.what}.")
    if out is not None:
        from reconciler.model import planfile
        from reconciler.protocols.backend import Stamp

        stamp = Stamp(made.lineage, made.serial)
        saved = planfile.dump(review.environment_values().plan(made))
        write_plan(out, opened.store.cipher.encrypt(saved, stamp, "plan"))
        say(f"Saved to {out}. To apply exactly this: {command('apply', out)}")
    if made.denied:
        from reconciler.planning import rules

        raise PolicyDenied("; ".join(rules.lines(rules.denied(made.findings))), "The plan above can't be applied.")
    return CHANGES if detailed_exitcode and not made.does_nothing else 0

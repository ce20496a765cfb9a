"""apply: makes the changes of a plan."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.context import global_options, options, session
from reconciler.cli.options import (
    Options,
    detail_options,
    grace_option,
    lock_option,
    plan_options,
    repeat_in_hints,
    request,
)
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import PlanStale, UsageError
from reconciler.hints import hint, way

if TYPE_CHECKING:
    from reconciler.model.plan import Plan
from reconciler.cli.execution import execute
from reconciler.cli.planfile import read_plan


@click.command(cls=Subcommand)
@click.argument("planfile", required=False, type=click.Path(path_type=Path))
@click.option("--auto-approve", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON event per line.")
@lock_option
@grace_option
@detail_options
@plan_options
@global_options
def apply(
    planfile: Path | None, auto_approve: bool, as_json: bool, lock_timeout: str | None, grace: str | None, **asked: Any
) -> int:
    """Create, replace and delete voices as the manifest says.

    With PLANFILE, made by `plan --out`, it applies exactly the reviewed plan, and does not ask for confirmation.
    Exits with 1 if anything failed, or stayed blocked or uncertain. Exits with 130 if it was interrupted: the next
    apply continues.
    """
    approved = None
    if planfile is not None:
        if any(value is not None and value is not False and value != () for value in asked.values()):
            raise UsageError(
                "A saved plan is applied as it was reviewed.",
                hint(way("Give --retry, --replace and the like to", "plan --out FILE")),
            )
        approved = read_plan(planfile)
        _refuse_elsewhere(approved)
        options().verb = f"plan --out {shlex.quote(str(planfile))}"
        repeat_in_hints(
            Options(
                target=approved.targets,
                exclude=approved.excludes,
                destroy=approved.destroy,
                refresh_only=approved.refresh_only,
            )
        )
    with session() as opened:
        wanted = request(Options(**asked, lock_timeout=lock_timeout, grace=grace), opened.manifest)
        return execute(opened, wanted, approved, auto_approve=auto_approve or approved is not None, as_json=as_json)


def _refuse_elsewhere(approved: Plan) -> None:
    """Refuses a plan of the sandbox for real accounts, and the other way round."""
    if approved.sandbox and not options().sandbox:
        raise PlanStale(
            "The plan was made in the sandbox, but this run uses real accounts.",
            hint(way("Apply it with --sandbox. To make one for the real accounts", "plan --out FILE")),
        )
    if options().sandbox and not approved.sandbox:
        raise PlanStale(
            "The plan was made for real accounts, but this run uses the sandbox.",
            hint(way("Make one", "plan --out FILE")),
        )

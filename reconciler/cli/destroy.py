"""destroy: deletes every voice of the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.context import global_options, options, session
from reconciler.cli.options import COUNT, Options, detail_options, grace_option, lock_option, request, scope_options
from reconciler.cli.subcommand import Subcommand

if TYPE_CHECKING:
    pass
from reconciler.cli.execution import execute


@click.command(cls=Subcommand)
@click.option("--auto-approve", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON event per line.")
@click.option("--allow-recreates", type=COUNT, metavar="N", help="Confirm that exactly N voices no longer exist.")
@scope_options
@lock_option
@grace_option
@detail_options
@global_options
def destroy(
    auto_approve: bool,
    as_json: bool,
    allow_recreates: int | None,
    target: tuple[str, ...],
    exclude: tuple[str, ...],
    lock_timeout: str | None,
    grace: str | None,
) -> int:
    """Delete every voice of the state.

    Deletes only voices that voicectl made or adopted; other voices of the account stay. Without a state, it deletes
    nothing, and exits with 1 if the account holds voices of this manifest.
    """
    asked = Options(
        allow_recreates=allow_recreates, target=target, exclude=exclude, lock_timeout=lock_timeout, grace=grace
    )
    options().verb = "destroy"
    with session() as opened:
        return execute(opened, request(asked, None, destroy=True), None, auto_approve=auto_approve, as_json=as_json)

"""Builds the objects that an operation needs: the session, the sandbox's world. Imports are late, for speed.

`state_wiring` builds what keeps the state, and `clouds` names the clouds.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from reconciler import state_wiring
from reconciler.model import trusted_hosts
from reconciler.system_clock import SystemClock
from reconciler.workspace import SANDBOX, Workspace

if TYPE_CHECKING:
    from reconciler.audio.probing import Fetch
    from reconciler.engine.account_limits import AccountLimits
    from reconciler.engine.output_files import OutputFiles
    from reconciler.engine.session import Session
    from reconciler.model.finding import Finding
    from reconciler.model.manifest import Manifest
    from reconciler.model.plan import Plan
    from reconciler.sandbox.world import World

LOG_VARIABLE = "VOICECTL_LOG"


def in_pipeline(environ: Mapping[str, str]) -> bool:
    """Whether this run is a job of a pipeline."""
    return trusted_hosts.in_pipeline(environ)


def output_files(manifest: Manifest, workspace: Workspace) -> OutputFiles | None:
    """The files for applications, below the manifest; the sandbox has its own. None if the manifest declares none."""
    if not manifest.outputs:
        return None
    from reconciler.engine.output_files import Formats, OutputFiles
    from reconciler.engine.output_folder import OutputFolder
    from reconciler.views.output_formats.registry import is_ours, rows_format

    formats = Formats(
        render=lambda named, rows: rows_format(named).render(rows),
        faults=lambda named, rows: rows_format(named).faults(rows),
        is_ours=is_ours,
    )
    return OutputFiles(manifest.outputs, tuple(manifest.voices), OutputFolder(workspace.outputs), formats)


def logs_calls(environ: Mapping[str, str]) -> bool:
    """Whether each call to a cloud is logged. Raises UsageError for a level that does not exist."""
    level = environ.get(LOG_VARIABLE, "").strip().lower()
    if level not in ("", "off", "debug"):
        from reconciler.errors import UsageError

        raise UsageError(
            f"{LOG_VARIABLE} is not a level of the log.", "debug logs each call to a cloud; off logs none."
        )
    return level == "debug"


def fetch() -> Fetch:
    """The function that downloads a sample from a link."""
    from reconciler.providers.http import download

    return download.fetch


def fetch_sounds(workspace: Workspace) -> Fetch:
    """The same for the sounds of a page: there may be many, so a slow server gets less time. Knows the sandbox's."""
    from reconciler.audio.probing import Fetched, NotFetched
    from reconciler.model.account import Timeouts
    from reconciler.providers.http import download
    from reconciler.sandbox.sounds import sound

    real = partial(download.fetch, timeouts=Timeouts(connect=5, read=15, operation=45))

    def fetched(url: str, *, largest: int) -> Fetched | NotFetched:
        simulated = sound(url) if workspace.sandbox else None
        return Fetched(simulated, len(simulated), whole=True) if simulated else real(url, largest=largest)

    return fetched


def remove_sandbox_states(workspace: Workspace) -> None:
    """Removes the sandbox's states and outputs in this folder, because the sandbox's world was emptied.

    The workspace may be the real one: `sandbox reset` works without --sandbox too.
    """
    import shutil

    for kept in (workspace.folder / SANDBOX).glob("*.state.*"):
        kept.unlink()
    for folder in (replace(workspace, sandbox=True).history.parent, replace(workspace, sandbox=True).outputs):
        shutil.rmtree(folder, ignore_errors=True)


def world(workspace: Workspace) -> World:
    """Opens the sandbox's database."""
    from reconciler.sandbox.world import World

    state_wiring.sandbox_folder(workspace.folder)
    return World.open(workspace.world, SystemClock())


def sandbox_accounts(manifest: Manifest) -> dict[str, str]:
    """Provider -> the sandbox account that `--sandbox` uses for it, where that account lists other users' voices."""
    from reconciler.clouds import sandbox_account

    named = {name: sandbox_account(account) for name, account in manifest.providers.items()}
    return {name: account for name, account in named.items() if account is not None}


def _run_policies(
    manifest: Manifest, plan: Plan, workspace: Workspace, environ: Mapping[str, str]
) -> Sequence[Finding]:
    if not any(rule.command for rule in manifest.policy):
        return ()
    from reconciler import policy_commands

    allowed = state_wiring.allows_commands(workspace, environ)
    return policy_commands.findings(manifest, plan, folder=workspace.folder, environ=environ, allowed=allowed)


def session(
    manifest: Manifest,
    workspace: Workspace,
    *,
    environ: Mapping[str, str],
    closing: ExitStack,
    log: Callable[[str], None] = lambda _: None,
    log_call: Callable[[str], None] | None = None,
    limits: AccountLimits | None = None,
) -> Session:
    """The session for an operation. `closing` closes what it opens.

    `log` gets a line for each closed account, and `log_call` one for each call to a cloud.
    `limits`: of the accounts, if the process has more sessions.
    """
    from reconciler.clouds import Clouds, foreign_host_notes
    from reconciler.engine.session import Session

    @cache
    def the_world() -> World:
        return closing.enter_context(world(workspace))

    if log_call is not None:
        from reconciler.providers.http import call_log

        closing.enter_context(call_log.to(log_call))
    clock = SystemClock()
    settings = state_wiring.state_settings(workspace, manifest.state, environ)
    clouds = Clouds(
        manifest,
        environ,
        clock=clock,
        closing=closing,
        log=log,
        world=the_world if workspace.sandbox else None,
        limits=limits,
    )
    return Session(
        manifest=manifest,
        store=state_wiring.store(workspace, settings, environ),
        connect=clouds.connect,
        clock=clock,
        lineage=lambda: str(uuid.uuid4()),
        is_set=lambda name: bool(environ.get(name, "").strip()),
        neighbours=lambda: state_wiring.neighbours(workspace, settings, environ),
        held_beside=lambda: state_wiring.held_beside(workspace, settings, environ),
        outputs=output_files(manifest, workspace),
        shared=state_wiring.is_shared(settings),
        pipeline=in_pipeline(environ),
        limits=limits,
        run_policies=lambda plan: _run_policies(manifest, plan, workspace, environ),
        notes=() if workspace.sandbox else foreign_host_notes(manifest, environ),
    )

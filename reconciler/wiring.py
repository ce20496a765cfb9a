"""Builds the objects that an operation needs: the workspace, the backend, the session. Imports are late, for speed.

`clouds` names the clouds, and `backends.opening` the backends.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import waits
from reconciler.model import trusted_hosts
from reconciler.workspace import SANDBOX, Workspace

if TYPE_CHECKING:
    from reconciler.audio.probing import Fetch
    from reconciler.backends.neighbours import Files
    from reconciler.engine.account_limits import AccountLimits
    from reconciler.engine.lock_owner import LockOwner
    from reconciler.engine.output_files import OutputFiles
    from reconciler.engine.session import Session
    from reconciler.engine.store import Store
    from reconciler.model.finding import Finding
    from reconciler.model.manifest import Manifest
    from reconciler.model.neighbour import Neighbour
    from reconciler.model.plan import Plan
    from reconciler.model.state_settings import StateSettings
    from reconciler.protocols.backend import Backend
    from reconciler.protocols.file_cipher import FileCipher
    from reconciler.sandbox.world import World

STATE_VARIABLE = "VOICECTL_STATE"
ALLOW_COMMANDS = "VOICECTL_ALLOW_COMMANDS"
LOG_VARIABLE = "VOICECTL_LOG"


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds; only differences mean something."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Blocks the thread."""
        waits.sleep(seconds)


def declared_state(workspace: Workspace, environ: Mapping[str, str]) -> StateSettings | None:
    """The section `state:` of the manifest, also if other parts of it are broken; None if there is none."""
    from reconciler.loader.state_section import read_settings

    return read_settings(workspace.manifest, environ)


def state_settings(
    workspace: Workspace, declared: StateSettings | None, environ: Mapping[str, str]
) -> StateSettings | None:
    """Where the state is: --state, else VOICECTL_STATE, else what the manifest declares. None: beside the manifest.

    The first two replace only the URL and the endpoint. The sandbox has its own state beside its world.
    """
    if workspace.sandbox:
        if workspace.state_url:
            from reconciler.errors import UsageError

            raise UsageError(
                "--sandbox and --state can't be used together: the sandbox keeps a state of its own, beside its world.",
                "Leave one of them out.",
            )
        return None
    named, url = "--state", workspace.state_url
    if not url:
        named, url = STATE_VARIABLE, environ.get(STATE_VARIABLE)
    if not url:
        if declared is not None and declared.url is None and (declared.dsn_env or declared.endpoint):
            from reconciler.errors import UsageError

            raise UsageError(
                "state: says how the state is stored, and not where: url is missing.",
                f"Write url: into the section state:, or set {STATE_VARIABLE}.",
            )
        return declared
    return settings_at(url, declared, named).named_outside()


def settings_at(url: str, declared: StateSettings | None, named: str) -> StateSettings:
    """The declared settings for another place. Raises UsageError for a wrong URL, which `named` gave."""
    from reconciler.errors import UsageError
    from reconciler.model.state_settings import StateSettings, url_fault

    fault = url_fault(url)
    if fault is not None:
        raise UsageError(f"{named}: {fault}.")
    if declared is not None and declared.is_at(url):
        return declared
    return (declared or StateSettings()).at(url).named_outside()


def backend(workspace: Workspace, settings: StateSettings | None, environ: Mapping[str, str]) -> Backend:
    """The backend that stores the workspace's state."""
    from reconciler.backends.opening import open_backend

    if workspace.sandbox:
        sandbox_folder(workspace.folder)
    return open_backend(
        settings,
        folder=workspace.folder,
        local=workspace.state,
        history=workspace.history,
        default_name=workspace.state_name,
        environ=environ,
        clock=SystemClock(),
        allow_commands=allows_commands(workspace, environ),
    )


def allows_commands(workspace: Workspace, environ: Mapping[str, str]) -> bool:
    """Whether the manifest may start programs. Only the command line and the environment can allow it."""
    return workspace.allow_commands or trusted_hosts.is_true(ALLOW_COMMANDS, environ)


def file_cipher(workspace: Workspace, settings: StateSettings | None, environ: Mapping[str, str]) -> FileCipher:
    """What encrypts rescue copies and saved plans, if the settings ask for it."""
    from reconciler.backends.opening import open_file_cipher

    allowed = allows_commands(workspace, environ)
    return open_file_cipher(settings, folder=workspace.folder, environ=environ, allow_commands=allowed)


def in_pipeline(environ: Mapping[str, str]) -> bool:
    """Whether this run is a job of a pipeline."""
    return trusted_hosts.in_pipeline(environ)


def is_shared(settings: StateSettings | None) -> bool:
    """Whether the state is stored in an engine that other machines use too."""
    return settings is not None and not settings.is_local


def neighbours(workspace: Workspace, settings: StateSettings | None, environ: Mapping[str, str]) -> list[Neighbour]:
    """The state files nearby that may belong to a manifest without a state. Reads all of them."""
    from reconciler.backends import neighbours
    from reconciler.backends.neighbours import Spot

    def at(manifest: Path) -> Workspace:
        return replace(workspace, manifest=manifest)

    def options(manifest: Path) -> str:
        named = at(manifest).options
        # `Workspace.options` leaves out the default manifest.
        return named if " -f " in f" {named}" else f"{named} -f {manifest}".strip()

    here, files = Spot(workspace.manifest, workspace.state), _state_files(workspace, settings, environ)
    found = neighbours.neighbours(here, lambda manifest: Spot(manifest, at(manifest).state), options, files)
    return [*neighbours.left_behind(here, options, files), *found] if is_shared(settings) else found


def held_beside(workspace: Workspace, settings: StateSettings | None, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The keys of the voices that other state files of the folder hold -> the manifest of that state."""
    from reconciler.backends import neighbours

    here = neighbours.Spot(workspace.manifest, workspace.state)
    return neighbours.held_beside(here, _state_files(workspace, settings, environ))


def _state_files(workspace: Workspace, settings: StateSettings | None, environ: Mapping[str, str]) -> Files:
    from reconciler.backends.neighbours import Files
    from reconciler.backends.opening import open_state_file

    allowed = allows_commands(workspace, environ)
    return Files(
        lambda path: open_state_file(path, settings, folder=workspace.folder, environ=environ, allow_commands=allowed),
        file_cipher(workspace, settings, environ),
    )


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


def set_aside(workspace: Workspace, *, moved_to: Workspace | None) -> None:
    """Renames a state file to its backup, after its content was written elsewhere.

    `moved_to`: whose state file has it; it gets the earlier snapshots too.
    """
    from reconciler.backends.local import LocalBackend
    from reconciler.backends.local_history import LocalHistory
    from reconciler.model.state_defaults import KEPT

    if moved_to is not None:
        LocalHistory(moved_to.history, KEPT).take(workspace.history)
    LocalBackend(workspace.state).set_aside()


def store(workspace: Workspace, settings: StateSettings | None, environ: Mapping[str, str]) -> Store:
    """The store that loads and saves the workspace's state."""
    from reconciler.engine.store import Store

    def owner() -> LockOwner:
        from reconciler.engine.lock_owner import LockOwner  # only for a lock

        return LockOwner.here(environ)

    return Store(
        backend(workspace, settings, environ),
        cipher=file_cipher(workspace, settings, environ),
        clock=SystemClock(),
        rescue_path=workspace.rescue,
        lock_owner=owner,
        place=workspace.options,
    )


def sandbox_folder(folder: Path) -> Path:
    """Creates the folder `.voicectl`, ignored by git. Raises UsageError if it can't be created."""
    made = folder / SANDBOX
    try:
        if folder.is_dir() and not made.is_dir():
            made.mkdir(mode=0o700)
            (made / ".gitignore").write_text("*\n")
    except OSError as error:
        from reconciler.sandbox.world import unwritable

        raise unwritable(made, error.strerror or str(error)) from None
    return made


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

    sandbox_folder(workspace.folder)
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

    allowed = allows_commands(workspace, environ)
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
    settings = state_settings(workspace, manifest.state, environ)
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
        store=store(workspace, settings, environ),
        connect=clouds.connect,
        clock=clock,
        lineage=lambda: str(uuid.uuid4()),
        is_set=lambda name: bool(environ.get(name, "").strip()),
        neighbours=lambda: neighbours(workspace, settings, environ),
        held_beside=lambda: held_beside(workspace, settings, environ),
        outputs=output_files(manifest, workspace),
        shared=is_shared(settings),
        pipeline=in_pipeline(environ),
        limits=limits,
        run_policies=lambda plan: _run_policies(manifest, plan, workspace, environ),
        notes=() if workspace.sandbox else foreign_host_notes(manifest, environ),
    )

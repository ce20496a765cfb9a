"""Builds what keeps the state: its settings, its backend, its store, its neighbours. Imports are late, for speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model import trusted_hosts
from reconciler.system_clock import SystemClock
from reconciler.workspace import SANDBOX, Workspace

if TYPE_CHECKING:
    from reconciler.backends.neighbours import Files
    from reconciler.engine.lock_owner import LockOwner
    from reconciler.engine.store import Store
    from reconciler.model.neighbour import Neighbour
    from reconciler.model.state_settings import StateSettings
    from reconciler.protocols.backend import Backend
    from reconciler.protocols.file_cipher import FileCipher

STATE_VARIABLE = "VOICECTL_STATE"
ALLOW_COMMANDS = "VOICECTL_ALLOW_COMMANDS"


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

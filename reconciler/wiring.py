"""Builds the objects that an operation needs: the workspace, the backend, the session. Imports are late, for speed.

The only module that names backends; `clouds` names the clouds.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.values import value

if TYPE_CHECKING:
    from reconciler.audio.probing import Fetch
    from reconciler.engine.session import Session
    from reconciler.engine.store import Store
    from reconciler.model.manifest import Manifest
    from reconciler.model.neighbour import Neighbour
    from reconciler.protocols.backend import Backend
    from reconciler.sandbox.world import World

SANDBOX = ".voicectl"  # the folder beside the manifest with the sandbox's world and state


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
        time.sleep(seconds)


@value
class Workspace:
    """The paths of a manifest and its state. `manifest` is a file or a folder, as the user typed it.

    `directory` is the value of -C. The working directory is changed already; the commands in hints need the value.
    """

    manifest: Path
    sandbox: bool = False
    directory: str | None = None

    @property
    def folder(self) -> Path:
        """The folder of the manifest."""
        return self.manifest if self.manifest.is_dir() else self.manifest.parent

    @property
    def name(self) -> str:
        """The name of the manifest, as the state holds it."""
        if self.manifest.is_dir():
            return "."
        return os.fsencode(self.manifest.name).decode(errors="replace")  # a file name may not be valid UTF-8

    @property
    def state(self) -> Path:
        """`NAME.state.json` beside NAME.yaml, `voices.state.json` in a folder; the sandbox has its own state."""
        stem = "voices" if self.manifest.is_dir() else self.manifest.stem
        kept = self.folder / SANDBOX if self.sandbox else self.folder
        return kept / f"{stem}.state.json"

    @property
    def rescue(self) -> Path:
        """The file for the state if the state file can't be written."""
        return self.folder / f"{self.state.name.removesuffix('.json')}.rescue.json"

    @property
    def world(self) -> Path:
        """The sandbox's database."""
        return self.folder / SANDBOX / "world.db"

    @property
    def options(self) -> str:
        """The global options that select this workspace, for the commands in hints."""
        import shlex

        options = {
            f"-C {shlex.quote(str(self.directory))}": self.directory is not None,
            f"-f {shlex.quote(str(self.manifest))}": self.manifest != Path("voices.yaml"),
            "--sandbox": self.sandbox,
        }
        return " ".join(option for option, given in options.items() if given)


def backend(workspace: Workspace) -> Backend:
    """The backend that stores the workspace's state."""
    from reconciler.backends.local import LocalBackend

    if workspace.sandbox:
        sandbox_folder(workspace.folder)
    return LocalBackend(workspace.state)


def neighbours(workspace: Workspace) -> list[Neighbour]:
    """The state files nearby that may belong to a manifest without a state. Reads all of them."""
    from reconciler.backends import neighbours
    from reconciler.backends.neighbours import Spot

    def at(manifest: Path) -> Workspace:
        return replace(workspace, manifest=manifest)

    def options(manifest: Path) -> str:
        named = at(manifest).options
        # `Workspace.options` leaves out the default manifest.
        return named if " -f " in f" {named}" else f"{named} -f {manifest}".strip()

    return neighbours.neighbours(
        Spot(workspace.manifest, workspace.state), lambda manifest: Spot(manifest, at(manifest).state), options
    )


def rename_to_backup(workspace: Workspace) -> None:
    """Renames a state file that was moved to another workspace to its backup."""
    workspace.state.replace(workspace.state.with_name(f"{workspace.state.name.removesuffix('.json')}.backup"))
    workspace.state.with_name(f"{workspace.state.name.removesuffix('.json')}.journal").unlink(missing_ok=True)


def store(workspace: Workspace) -> Store:
    """The store that loads and saves the workspace's state."""
    from reconciler.engine.store import Store

    return Store(backend(workspace), clock=SystemClock(), rescue_path=workspace.rescue, place=workspace.options)


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


def fetch() -> Fetch:
    """The function that downloads a sample from a link."""
    from reconciler.providers.http import download

    return download.fetch


def remove_sandbox_states(workspace: Workspace) -> None:
    """Removes the sandbox's states in this folder, because the sandbox's world was emptied."""
    for kept in (workspace.folder / SANDBOX).glob("*.state.*"):
        kept.unlink()


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


def session(
    manifest: Manifest,
    workspace: Workspace,
    *,
    environ: Mapping[str, str],
    closing: ExitStack,
    log: Callable[[str], None] = lambda _: None,
) -> Session:
    """The session for an operation. `closing` closes what it opens, and `log` gets a line for each closed account."""
    from reconciler.clouds import Clouds
    from reconciler.engine.session import Session

    @cache
    def the_world() -> World:
        return closing.enter_context(world(workspace))

    clock = SystemClock()
    clouds = Clouds(
        manifest, environ, clock=clock, closing=closing, log=log, world=the_world if workspace.sandbox else None
    )
    return Session(
        manifest=manifest,
        store=store(workspace),
        connect=clouds.connect,
        clock=clock,
        lineage=lambda: str(uuid.uuid4()),
        is_set=lambda name: bool(environ.get(name, "").strip()),
        neighbours=lambda: neighbours(workspace),
    )

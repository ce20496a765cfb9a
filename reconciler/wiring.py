"""Names -> objects: places, disks and what an operation needs. Imports each where it is built, and not before.

The only file that names disks; the clouds are `clouds`'.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.audio.probing import Fetch
    from reconciler.engine.session import Session
    from reconciler.engine.store import Store
    from reconciler.model.manifest import Manifest
    from reconciler.model.neighbour import Neighbour
    from reconciler.protocols import Backend
    from reconciler.sandbox.world import World

SANDBOX = ".voicectl"  # beside the manifest: the sandbox's world, and its own state


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a manifest is, and so its state. `manifest` is a file or a folder, as it was typed.

    `directory` is what -C said; it was entered already, and is kept for the commands in hints.
    """

    manifest: Path
    sandbox: bool = False
    directory: str | None = None

    @property
    def folder(self) -> Path:
        return self.manifest if self.manifest.is_dir() else self.manifest.parent

    @property
    def name(self) -> str:
        """What a state remembers of its manifest."""
        if self.manifest.is_dir():
            return "."
        return os.fsencode(self.manifest.name).decode(errors="replace")  # its bytes need be no text

    @property
    def state(self) -> Path:
        """`NAME.state.json` beside NAME.yaml, `voices.state.json` in a folder; the sandbox keeps its own."""
        stem = "voices" if self.manifest.is_dir() else self.manifest.stem
        kept = self.folder / SANDBOX if self.sandbox else self.folder
        return kept / f"{stem}.state.json"

    @property
    def rescue(self) -> Path:
        return self.folder / f"{self.state.name.removesuffix('.json')}.rescue.json"

    @property
    def world(self) -> Path:
        return self.folder / SANDBOX / "world.db"

    @property
    def options(self) -> str:
        """The options that lead here, for the commands in hints."""
        import shlex

        told = {
            f"-C {shlex.quote(str(self.directory))}": self.directory is not None,
            f"-f {shlex.quote(str(self.manifest))}": self.manifest != Path("voices.yaml"),
            "--sandbox": self.sandbox,
        }
        return " ".join(option for option, given in told.items() if given)


def backend(workspace: Workspace) -> Backend:
    from reconciler.backends.local import LocalBackend

    if workspace.sandbox:
        own_folder(workspace.folder)
    return LocalBackend(workspace.state)


def neighbours(workspace: Workspace) -> list[Neighbour]:
    """The state files elsewhere that a manifest without a state may really mean. Reads them all."""
    from reconciler.backends import neighbours
    from reconciler.backends.neighbours import Spot

    def at(manifest: Path) -> Workspace:
        return replace(workspace, manifest=manifest)

    def options(manifest: Path) -> str:
        named = at(manifest).options
        return named if " -f " in f" {named}" else f"{named} -f {manifest}".strip()  # the default needs no option

    return neighbours.neighbours(
        Spot(workspace.manifest, workspace.state), lambda manifest: Spot(manifest, at(manifest).state), options
    )


def retire(workspace: Workspace) -> None:
    """Takes a state that lives elsewhere now out of the way; it stays as a backup."""
    workspace.state.replace(workspace.state.with_name(f"{workspace.state.name.removesuffix('.json')}.backup"))
    workspace.state.with_name(f"{workspace.state.name.removesuffix('.json')}.journal").unlink(missing_ok=True)


def store(workspace: Workspace) -> Store:
    from reconciler.engine.store import Store

    return Store(backend(workspace), clock=SystemClock(), rescue_path=workspace.rescue, place=workspace.options)


def own_folder(folder: Path) -> Path:
    """`.voicectl`, which no repository should hold. Raises UsageError if it can't be made."""
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
    """How a sample behind a link is looked at."""
    from reconciler.providers.http import download

    return download.fetch


def forget_rehearsal(workspace: Workspace) -> None:
    """Removes the sandbox's states of this folder; they know nothing of the emptied world."""
    for kept in (workspace.folder / SANDBOX).glob("*.state.*"):
        kept.unlink()


def world(workspace: Workspace) -> World:
    from reconciler.sandbox.world import World

    own_folder(workspace.folder)
    return World.open(workspace.world, SystemClock())


def rehearsal_accounts(manifest: Manifest) -> dict[str, str]:
    """Provider -> the account of the sandbox that `--sandbox` uses for it, where that lists other people's voices."""
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
    """Everything an operation needs. What it opens is closed by `closing`, and `log` is told what it was."""
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

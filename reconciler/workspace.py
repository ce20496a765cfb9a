"""The paths of a manifest, its state and its sandbox."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.values import value

SANDBOX = ".voicectl"  # the folder beside the manifest with the sandbox's world and state, and the history of states


@value
class Workspace:
    """The paths of a manifest and its state. `manifest` is a file or a folder, as the user typed it.

    `directory` is the value of -C. The working directory is changed already; the commands in hints need the value.
    """

    manifest: Path
    sandbox: bool = False
    directory: str | None = None
    state_url: str | None = None  # the value of --state
    allow_commands: bool = False  # --allow-commands: the manifest may start programs
    variables: tuple[tuple[str, str], ...] = ()  # names and values of --var
    variable_files: tuple[Path, ...] = ()

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
        kept = self.folder / SANDBOX if self.sandbox else self.folder
        return kept / f"{self.state_name}.state.json"

    @property
    def state_name(self) -> str:
        """The name of the state in a database, unless its URL gives another."""
        return "voices" if self.manifest.is_dir() else self.manifest.stem

    @property
    def history(self) -> Path:
        """The folder of the earlier snapshots of a state file."""
        return self.folder / SANDBOX / ("history-of-sandbox" if self.sandbox else "history") / self.state_name

    @property
    def outputs(self) -> Path:
        """The folder that the paths of `outputs:` are relative to. A rehearsal leaves the real files alone."""
        return self.folder / SANDBOX / "outputs" if self.sandbox else self.folder

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
        """The global options that select this workspace, for the commands in hints, quoted for a shell.

        A URL that may hold a token is not shown: the user puts it there again.
        """
        import shlex

        options = {
            f"-C {shlex.quote(str(self.directory))}": self.directory is not None,
            f"-f {shlex.quote(str(self.manifest))}": self.manifest != Path("voices.yaml"),
            "--sandbox": self.sandbox,
            f"--state {shlex.quote(self._shown_url)}": self.state_url is not None,
            "--allow-commands": self.allow_commands,
        }
        values = [f"--var {shlex.quote(f'{name}={text}')}" for name, text in self.variables]
        values += [f"--var-file {shlex.quote(str(file))}" for file in self.variable_files]
        return " ".join([*(option for option, given in options.items() if given), *values])

    @property
    def _shown_url(self) -> str:
        if self.state_url is None:
            return ""
        from reconciler.model.state_settings import shown_url

        return self.state_url if shown_url(self.state_url) == self.state_url else "URL"

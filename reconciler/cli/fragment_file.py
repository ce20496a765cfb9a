"""The file that `adopt --out` writes: a new one, or one that gets more entries at its end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.model.address import parts
from reconciler.values import value
from reconciler.views.fragment import entries, fragment

if TYPE_CHECKING:
    from reconciler.loader.files import Source
    from reconciler.model.adoption import Adoptable
    from reconciler.model.manifest import Manifest
    from reconciler.workspace import Workspace

_INDENTS = ("  ", "    ")


@value
class FragmentFile:
    """A file of entries. `content`: its text; None if the file does not exist yet, or is empty."""

    path: Path
    content: bytes | None = None

    @classmethod
    def at(cls, path: Path) -> FragmentFile:
        """Reads the file, if there is one. Raises UsageError, also for a pipe or a device, which none may replace."""
        from reconciler.loader.streams import stream

        if (kind := stream(str(path))) is not None:
            raise UsageError(f"--out {path}: {kind}, not a file.", "Without --out, the entries go to stdout.")
        try:
            content = path.read_bytes()
            return cls(path, content if content.strip() else None)
        except FileNotFoundError:
            if not path.parent.is_dir():
                raise UsageError(f"--out {path}: the folder {path.parent} does not exist.") from None
            return cls(path)
        except OSError as error:
            raise UsageError(f"--out {path}: {error.strerror}.") from None

    def is_in(self, workspace: Workspace) -> bool:
        """Whether the manifest consists of this file, or of the folder that the file is in."""
        from reconciler.loader.file_names import is_manifest_name

        if workspace.manifest.is_dir():
            in_folder = os.path.realpath(self.path.parent) == os.path.realpath(workspace.manifest)
            return in_folder and is_manifest_name(self.path.name)
        return os.path.realpath(self.path) == os.path.realpath(workspace.manifest)

    def is_declared_by(self, manifest: Manifest) -> bool:
        """Whether the manifest has all entries of the file, such as by an include."""
        if self.content is None:
            return True
        parsed = _parsed(self.content)
        voices = parsed.get("voices") if isinstance(parsed, dict) else None
        declared = {parts(address)[0] for address in manifest.voices}  # an entry may have instances
        return isinstance(voices, dict) and bool(voices) and declared >= voices.keys()

    def name_for_loader(self, workspace: Workspace) -> str:
        """The name that the loader gives to the file: `defaults:` are for the entries of a file with the same name."""
        if not self.is_in(workspace):
            return str(self.path)
        return str(workspace.manifest / self.path.name if workspace.manifest.is_dir() else workspace.manifest)

    def source(self) -> Source:
        """The file for the loader. Raises UsageError if it is no YAML."""
        from reconciler.loader.files import source_of

        return source_of(str(self.path), self.content or b"")

    def add(self, adopted: Sequence[Adoptable], provider: str) -> None:
        """Writes the entries of these voices at the end of the file, whole or not at all. Raises UsageError."""
        content = self._with(adopted, provider)
        if FragmentFile.at(self.path).content != self.content:
            raise UsageError(
                f"--out {self.path}: the file was changed while this run read the account.", "Run it again."
            )
        self._write(content)

    def _with(self, adopted: Sequence[Adoptable], provider: str) -> bytes:
        """The content with these entries at its end, and without any other change."""
        text = fragment(adopted, provider)
        if self.content is None:
            return text.encode()
        before, added = _parsed(self.content), _parsed(text.encode())
        if isinstance(before, dict) and isinstance(added, dict):
            has_voices = isinstance(before.get("voices"), dict)
            wanted = before | {"voices": (before["voices"] if has_voices else {}) | added["voices"]}
            ends = (entries(adopted, provider, indent=indent) for indent in _INDENTS) if has_voices else (text,)
            line_break = b"" if self.content.endswith(b"\n") else b"\n"
            for end in ends:
                content = self.content + line_break + end.encode()
                if _parsed(content) == wanted:
                    return content
        raise UsageError(
            f"--out {self.path}: the entries can't be added at the end of this file, because its last section is not "
            "voices: with each entry on lines of its own.",
            "Name another file.",
        )

    def _write(self, content: bytes) -> None:
        target = Path(os.path.realpath(self.path))
        temporary = target.with_name(f".{target.name}.voicectl.tmp")
        try:
            temporary.unlink(missing_ok=True)
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                temporary.chmod(target.stat().st_mode & 0o7777)
            temporary.replace(target)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise UsageError(f"--out {self.path}: {error.strerror}.") from None


def _parsed(content: bytes) -> object:
    """The content as plain values; None if it is empty or no YAML."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(content, Loader=loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, OverflowError):
        return None

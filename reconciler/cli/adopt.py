"""adopt: takes the unmanaged voices of an account into the state, and writes their entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.context import global_options, manifest_at, on_one_line, options, say, session, write
from reconciler.cli.options import lock_option, locking
from reconciler.cli.shell_completion import provider_names
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError
from reconciler.hints import hint, way

if TYPE_CHECKING:
    from reconciler.cli.fragment_file import FragmentFile
    from reconciler.loader.files import Source
    from reconciler.model.adoption import Adoptable, Selection
    from reconciler.model.manifest import Manifest, Voice


@click.command(cls=Subcommand)
@click.argument("provider", shell_complete=provider_names)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the entries into FILE, at its end if it exists.  [default: stdout]",
)
@click.option(
    "--lineage",
    "lineages",
    multiple=True,
    metavar="L",
    help="Also take voices that another state (lineage L) made.",
)
@lock_option
@global_options
def adopt(provider: str, out: Path | None, lineages: tuple[str, ...], lock_timeout: str | None) -> int:
    """Take all unmanaged voices of an account into the state.

    PROVIDER is a name from the manifest. Each voice gets a record in the state and an entry: `existing`, with an
    address made from its name, and with prevent_destroy. The entries are a part of a manifest: write them into a file
    of its folder, into a file that it includes, or add them to it. Then a plan shows no changes.

    No cloud is changed and nothing is paid. Voices that a voicectl state has made, or that this state has, are left
    out and counted. It can be repeated: it adds the voices that are new.
    """
    adopting = _Adopting(provider, out)
    with session(adopting.manifest) as opened:
        from reconciler.engine import adoption

        selected = adoption.adopt(
            opened, provider, locking(lock_timeout), lineages=_checked(lineages), publish=adopting.publish
        )
    for line in adopting.report(selected):
        say(line)
    return 0


def _checked(lineages: Sequence[str]) -> Sequence[str]:
    for lineage in lineages:
        if len(lineage) < 8:
            raise UsageError(f"--lineage {lineage}: a lineage has at least 8 characters.")
    return lineages


class _Adopting:
    """Where the entries go: into a file, or to stdout."""

    def __init__(self, provider: str, out: Path | None) -> None:
        self._provider = provider
        self._workspace = options().workspace()
        self._file: FragmentFile | None = None
        self._more: list[Source] = []  # what the file holds and the manifest does not
        self.manifest: Manifest = manifest_at(self._workspace)
        if out is not None:
            from reconciler.cli.fragment_file import FragmentFile

            self._file = FragmentFile.at(out)
            if not (self._file.is_in(self._workspace) or self._file.is_declared_by(self.manifest)):
                self._more = [self._file.source()]
                self.manifest = manifest_at(self._workspace, added=self._more)

    def publish(self, adopted: Sequence[Adoptable]) -> Mapping[str, Voice]:
        """Writes the entries of these voices. Returns the entries of the manifest and of these voices."""
        from reconciler.loader.files import source_of
        from reconciler.views.fragment import fragment

        text = fragment(adopted, self._provider)
        if not text:
            return self.manifest.voices
        # Read before anything is written: the entries are valid, and have what the manifest's defaults give them.
        name = self._file.name_for_loader(self._workspace) if self._file is not None else str(self._workspace.manifest)
        read = manifest_at(self._workspace, added=[*self._more, source_of(name, text.encode())])
        if self._file is not None:
            self._file.add(adopted, self._provider)
        elif not write(text.rstrip("\n")):
            raise UsageError(
                "Nothing reads the entries, so no voice was adopted.", "Write them into a file: --out FILE."
            )
        return read.voices

    def report(self, selected: Selection) -> Sequence[str]:
        lines = [self._adopted(selected)]
        if selected.skipped:
            total = sum(selected.skipped.values())
            reasons = ", ".join(f"{count} {why}" for why, count in selected.skipped.items())
            lines.append(f"{_voices(total)} not adopted: {reasons}.")
        if selected.lineages:
            counted = ", ".join(f"{lineage} ({count})" for lineage, count in selected.lineages.items())
            first = next(iter(selected.lineages))
            arguments = [self._provider, *(("--out", str(self._file.path)) if self._file else ())]
            take = hint(way("To adopt those of a lineage too", "adopt", *arguments, "--lineage", first))
            lines.append(f"They carry markers of the lineage {counted}. {on_one_line(take)}")
        account = self.manifest.providers[self._provider]
        if not account.lists:
            lines.append(f"{account.cloud} does not list all of its voices: others may exist.")
        return lines

    def _adopted(self, selected: Selection) -> str:
        if not selected.all:
            return f"The account of {self._provider} lists no voice that is unmanaged."
        parts: list[str] = []
        if fresh := len(selected.new) + len(selected.declared):
            parts.append(f"Adopted {_voices(fresh)} of {self._provider}.")
        if selected.again:
            again = _voices(len(selected.again))
            parts.append(f"{again} in the state had no entry in the manifest: the entries are written again.")
        if selected.undeclared and self._file is not None:
            parts.append(f"Their entries are in {self._file.path}.")
        declared = manifest_at(self._workspace).voices  # as it is now
        if all(each.address in declared for each in selected.all):
            parts.append(on_one_line(hint(way("Next", "plan"))))
        else:
            first = (
                "Add the entries to the manifest" if self._file is None else "Name this file in the manifest's include"
            )
            parts.append(f"{first}: until then, a plan blocks these voices.")
        return " ".join(parts)


def _voices(count: int) -> str:
    return "1 voice" if count == 1 else f"{count} voices"

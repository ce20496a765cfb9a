"""Which changes of files are seen, and what counts while they are broken. On a real disk."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.loader.build import load
from reconciler.watch.manifest_file import ManifestFile, Reading, is_settled, mark

PROVIDERS = "version: 1\nproviders: {kling: {type: kling}}\n"


def voices(*names: str) -> str:
    entries = "".join(
        f"  {name}: {{provider: kling, create: {{voice_name: {name}, voice_url: 'https://cdn.example.com/a.mp3'}}}}\n"
        for name in names
    )
    return f"voices:\n{entries}"


class Watched:
    """A manifest that was written an hour ago, unless a test writes a file again."""

    def __init__(self, path: Path) -> None:
        self.loads = 0
        self.path = path
        self.file = ManifestFile(str(path), self._load, now=time.time)

    def _load(self):  # type: ignore[no-untyped-def]  # the manifest
        self.loads += 1
        return load(self.path, environ={})


def write(path: Path, text: str, *, age: float = 3600.0) -> None:
    path.write_text(text, encoding="utf-8")
    then = time.time() - age
    os.utime(path, (then, then))


def addresses(watched: Watched) -> list[str]:
    return sorted(watched.file.manifest.voices)


def test_an_unchanged_manifest_is_not_read_again(tmp_path: Path) -> None:
    write(tmp_path / "voices.yaml", PROVIDERS + voices("a"))
    watched = Watched(tmp_path / "voices.yaml")
    assert addresses(watched) == ["a"]
    assert [watched.file.refresh() for _ in range(100)] == [Reading.SAME] * 100
    assert watched.loads == 1


def test_a_file_that_was_just_written_is_read_again_until_its_time_is_old_enough(tmp_path: Path) -> None:
    write(tmp_path / "voices.yaml", PROVIDERS + voices("a"), age=0.5)
    watched = Watched(tmp_path / "voices.yaml")
    assert addresses(watched) == ["a"]
    assert watched.file.refresh() is Reading.SAME
    assert watched.loads == 2


def test_a_changed_file_is_in_force_at_the_next_look(tmp_path: Path) -> None:
    write(tmp_path / "voices.yaml", PROVIDERS + voices("a"))
    watched = Watched(tmp_path / "voices.yaml")
    assert addresses(watched) == ["a"]
    write(tmp_path / "voices.yaml", PROVIDERS + voices("a", "b"), age=60)
    assert watched.file.refresh() is Reading.CHANGED
    assert addresses(watched) == ["a", "b"]


def test_a_comment_is_no_change(tmp_path: Path) -> None:
    write(tmp_path / "voices.yaml", PROVIDERS + voices("a"))
    watched = Watched(tmp_path / "voices.yaml")
    assert addresses(watched) == ["a"]
    write(tmp_path / "voices.yaml", "# a comment\n" + PROVIDERS + voices("a"), age=60)
    assert watched.file.refresh() is Reading.SAME


def test_an_included_file_counts(tmp_path: Path) -> None:
    write(tmp_path / "voices.yaml", PROVIDERS + "include: [cast.yaml]\n")
    write(tmp_path / "cast.yaml", voices("a"))
    watched = Watched(tmp_path / "voices.yaml")
    assert addresses(watched) == ["a"]
    write(tmp_path / "cast.yaml", voices("a", "c"), age=60)
    assert watched.file.refresh() is Reading.CHANGED
    assert addresses(watched) == ["a", "c"]


def test_a_new_file_in_a_folder_counts(tmp_path: Path) -> None:
    write(tmp_path / "accounts.yaml", PROVIDERS + voices("a"))
    watched = Watched(tmp_path)
    assert addresses(watched) == ["a"]
    write(tmp_path / "more.yaml", voices("b"))
    assert watched.file.refresh() is Reading.CHANGED
    assert addresses(watched) == ["a", "b"]


def test_the_swap_of_a_configmap_counts(tmp_path: Path) -> None:
    """Kubernetes replaces the link `..data`; the new file may have the same size and time as the old one."""
    for name, voice in (("..2026_01", "a"), ("..2026_02", "b")):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "voices.yaml", PROVIDERS + voices(voice))
    (tmp_path / "..data").symlink_to("..2026_01")
    (tmp_path / "voices.yaml").symlink_to("..data/voices.yaml")
    watched = Watched(tmp_path / "voices.yaml")
    assert addresses(watched) == ["a"]
    (tmp_path / "..data_tmp").symlink_to("..2026_02")
    (tmp_path / "..data_tmp").replace(tmp_path / "..data")
    assert watched.file.refresh() is Reading.CHANGED
    assert addresses(watched) == ["b"]


def test_a_broken_manifest_is_reported_once_with_its_place_and_the_last_good_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "voices.yaml"
    write(path, PROVIDERS + voices("a"))
    watched = Watched(path)
    assert addresses(watched) == ["a"]
    write(path, PROVIDERS + "voices:\n  a: {provider: klong}\n", age=60)
    assert [watched.file.refresh() for _ in range(3)] == [Reading.BROKEN, Reading.STILL_BROKEN, Reading.STILL_BROKEN]
    assert f"{path}:4:17: voices.a.provider" in str(watched.file.error)
    assert addresses(watched) == ["a"]
    write(path, PROVIDERS + "voices:\n  b: {provider: klong}\n", age=60)
    assert watched.file.refresh() is Reading.BROKEN
    write(path, PROVIDERS + voices("a"), age=60)
    assert watched.file.refresh() is Reading.REPAIRED
    assert watched.file.error is None


def test_a_missing_manifest_is_broken_and_not_empty(tmp_path: Path) -> None:
    path = tmp_path / "voices.yaml"
    write(path, PROVIDERS + voices("a"))
    watched = Watched(path)
    assert addresses(watched) == ["a"]
    path.unlink()
    assert watched.file.refresh() is Reading.BROKEN
    assert addresses(watched) == ["a"]


def test_a_manifest_that_is_broken_from_the_beginning_raises_its_errors(tmp_path: Path) -> None:
    write(tmp_path / "voices.yaml", "voices: [")
    with pytest.raises(ManifestError):
        addresses(Watched(tmp_path / "voices.yaml"))


def test_a_file_that_can_not_be_read_is_never_settled(tmp_path: Path) -> None:
    assert not is_settled({"there": mark(str(tmp_path / "nowhere"))}, time.time())

"""A path that a manifest names stays below its folder, whatever links are on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.contained_paths import file_below


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    (folder / "config").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("path", ["voices.env", "config/voices.env", "new/deeper/voices.env", ".env"])
def test_a_path_below_the_folder_is_that_file(folder: Path, path: str) -> None:
    assert file_below(folder, path) == folder / path


def test_a_link_inside_is_followed(folder: Path) -> None:
    (folder / "link.env").symlink_to("config/voices.env")
    assert file_below(folder, "link.env") == folder / "config/voices.env"


@pytest.mark.parametrize("path", ["../voices.env", "/etc/passwd", "config/../../x", ".", "config/.."])
def test_a_path_out_of_the_folder_is_refused(folder: Path, path: str) -> None:
    with pytest.raises(ValueError, match="leads out of the folder of the manifest"):
        file_below(folder, path)


def test_a_link_out_of_the_folder_is_refused_as_file_and_as_folder(folder: Path, tmp_path: Path) -> None:
    (folder / "out").symlink_to(tmp_path)
    (folder / "out.env").symlink_to(tmp_path / "x")
    for path in ("out/x", "out.env"):
        with pytest.raises(ValueError, match="leads out of the folder of the manifest"):
            file_below(folder, path)


@pytest.mark.parametrize("name", [".git", ".GIT", ".voicectl", ".Voicectl"])
def test_a_link_into_a_folder_of_others_is_refused(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    (folder / "hooks").symlink_to(name)
    with pytest.raises(ValueError, match=f"leads into {name}"):
        file_below(folder, "hooks/pre-commit")


def test_links_in_a_circle_are_refused(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    with pytest.raises(ValueError, match="its links can't be followed"):
        file_below(folder, "a")


def test_a_folder_that_is_a_link_itself_is_fine(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert file_below(tmp_path / "link", "voices.env") == folder / "voices.env"

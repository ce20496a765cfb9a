"""Limited disks: read-only folders and mounts, quotas, no hard links, no locks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.disk.harnesses import OLD, begin, bought, finishes, to_type
from tests.support import cli_harness as clis
from tests.support.cli_harness import COMMAND, CliHarness
from tests.support.moments import Watched
from tests.support.small_disk import SmallDisk

_UNPRIVILEGED = (
    "setpriv",
    "--bounding-set",
    "-dac_override,-dac_read_search",
)  # root, but without the right to ignore permissions


@pytest.fixture
def begun(cli: CliHarness) -> CliHarness:
    begin(cli)
    return cli


@pytest.fixture
def unprivileged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes permissions apply to the command, also if the tests run as root."""
    if os.geteuid() == 0:
        if shutil.which(_UNPRIVILEGED[0]) is None:
            pytest.skip("root heeds no permissions, and there is no setpriv to give that up")
        monkeypatch.setattr(clis, "COMMAND", (*_UNPRIVILEGED, *COMMAND))


def closed(folder: Path) -> None:
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)


def opened(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)


# -- read-only ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("unprivileged")
def test_in_a_read_only_folder_a_plan_is_made_and_an_apply_makes_no_call(begun: CliHarness, kling: Watched) -> None:
    closed(begun.folder)
    assert len(begun.actions()) == 6
    kling.calls.clear()
    refused = begun.apply(code=1)
    assert "voices.state.json could not be locked: Permission denied." in refused.err
    assert kling.calls == []
    opened(begun.folder)
    finishes(begun, kling)


@pytest.mark.usefixtures("unprivileged")
@pytest.mark.parametrize("pushed", [True, False], ids=["the copy is pushed", "the copy is never pushed"])
def test_a_folder_that_becomes_read_only_under_an_apply_costs_no_voice(
    begun: CliHarness, kling: Watched, elsewhere: Path, pushed: bool
) -> None:
    kling.during("create", lambda: closed(begun.folder))
    refused = begun.apply(code=1)
    assert "could not be written: Permission denied" in refused.err
    assert f"is in {elsewhere / 'voices.state.rescue.json'}." in refused.err
    opened(begun.folder)
    if pushed:
        begun.voicectl(*to_type(refused), code=0)
    finishes(begun, kling)


@pytest.mark.usefixtures("unprivileged")
def test_a_folder_that_takes_no_new_files_at_the_end_keeps_all_in_the_journal(
    begun: CliHarness, kling: Watched
) -> None:
    kling.during("create", lambda: begun.folder.chmod(0o555))  # the existing journal stays writable
    refused = begun.apply(code=1)
    assert "Applied: 6 done" in refused.out
    assert "The state could not be saved" in refused.err
    begun.folder.chmod(0o755)
    finishes(begun, kling)
    assert kling.count("create") == 8


@pytest.mark.usefixtures("unprivileged")
def test_a_state_that_may_not_be_read_is_reported(begun: CliHarness, kling: Watched) -> None:
    (begun.folder / "voices.state.json").chmod(0)
    kling.calls.clear()
    assert "voices.state.json could not be read: Permission denied." in begun.apply(code=1).err
    assert kling.calls == []


def test_on_a_read_only_mount_a_plan_is_made_and_an_apply_makes_no_call(
    small: CliHarness, disk: SmallDisk, kling: Watched
) -> None:
    with disk.read_only():
        assert len(small.actions()) == 6
        kling.calls.clear()
        assert "could not be locked: Read-only file system." in small.apply(code=1).err
        assert kling.calls == []
    finishes(small, kling)


# -- small, or poor ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocks", [1, 3, 5, 8])
def test_with_a_limit_on_a_files_size_nothing_is_bought_twice(
    begun: CliHarness, kling: Watched, monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    with monkeypatch.context() as limited:
        limits = ("sh", "-c", f'ulimit -f {blocks} && exec "$@"', "sh")
        limited.setattr(clis, "COMMAND", (*limits, *COMMAND))
        ran = begun.apply(code=None)
    assert "bug" not in ran.err
    assert ran.code == 0 or "File too large" in ran.err
    finishes(begun, kling)


def without(folder: Path, patch: str) -> str:
    """Makes a folder for PYTHONPATH; its `patch` removes a feature of the disk from the command."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(f"import errno, fcntl, os\n\n\ndef refuse(*_, **__):\n{patch}\n")
    return str(folder)


def test_on_a_disk_without_hard_links_everything_works(cli: CliHarness, kling: Watched, tmp_path: Path) -> None:
    refusing = "    raise OSError(errno.EPERM, os.strerror(errno.EPERM))\n\n\nos.link = refuse"
    cli.env["PYTHONPATH"] = without(tmp_path / "poorer", refusing)
    begin(cli)
    finishes(cli, kling)
    assert (cli.folder / "voices.state.backup").exists()


def test_a_disk_without_locks_is_reported_and_nothing_is_bought(
    cli: CliHarness, kling: Watched, tmp_path: Path
) -> None:
    refusing = "    raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))\n\n\nfcntl.flock = refuse"
    cli.env["PYTHONPATH"] = without(tmp_path / "poorer", refusing)
    cli.declare(*OLD)
    refused = cli.apply(code=1)
    assert "could not be locked: Operation not supported" in refused.err
    assert bought(kling) == []

"""Crash points do what their names say: a torn write is half written, and an unread answer was worked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.model.state import Status
from tests.crash.fleet import APPLY, Folder, ForkServer, entry
from tests.support.kling_service import KlingService

CREATION = "POST /v1/general/custom-voices #1"


@pytest.fixture
def kling() -> Iterator[KlingService]:
    with KlingService() as service:
        yield service


@pytest.fixture
def folder(tmp_path: Path, fork_server: ForkServer, kling: KlingService) -> Folder:
    folder = Folder(tmp_path, fork_server, kling.url, kling.api_key, {})
    folder.declare({"a": entry("a")})
    return folder


@pytest.mark.parametrize("name", ["voices.state.json.tmp", "voices.state.journal", "voices.state.lock"])
def test_a_torn_write_leaves_half_of_the_bytes(folder: Folder, name: str) -> None:
    assert folder.run(APPLY, die_at=f"half of write {name} #1").killed
    torn = (folder.path / name).read_bytes()
    assert torn
    assert not torn.endswith((b"}", b"\n"))


def test_what_is_written_without_the_os_module_can_be_torn_too(folder: Folder) -> None:
    assert folder.run(("plan", "--out", "p"), die_at="half of write .p.tmp #1").killed
    torn = (folder.path / ".p.tmp").stat().st_size
    assert folder.run(("plan", "--out", "p")).code == 0
    assert 0 < torn < (folder.path / "p").stat().st_size


def test_before_an_exchange_the_cloud_received_nothing(folder: Folder, kling: KlingService) -> None:
    assert folder.run(APPLY, die_at=f"before {CREATION}").killed
    assert kling.count("create") == 0


def test_an_unread_answer_was_paid_for(folder: Folder, kling: KlingService) -> None:
    assert folder.run(APPLY, die_at=f"answered, unread {CREATION}").killed
    assert kling.bought == 1
    assert folder.current["a"].status is Status.INTENDED


def test_a_point_that_is_not_passed_kills_no_run(folder: Folder, kling: KlingService) -> None:
    ran = folder.run(APPLY, die_at="before write nothing #1")
    assert (ran.killed, ran.code) == (False, 0)
    assert kling.bought == 1

"""`state mv --to-manifest`, killed at every point: each voice ends in one state, and no plan buys or deletes one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.fleet import APPLY, ForkServer, entry
from tests.support.kling_service import KlingService

MOVE = ("state", "mv", "--to-manifest", "games.yaml", "npc_*")
HERE, THERE = "voices", "games"
NPCS = {f"npc_{n}": entry(f"npc_{n}") for n in range(5)}


@pytest.fixture
def kling() -> Iterator[KlingService]:
    with KlingService() as service:
        yield service


class Folder:
    """Two manifests in one folder; the voices of the first are made."""

    def __init__(self, path: Path, server: ForkServer, kling: KlingService) -> None:
        self.path, self._server, self._kling = path, server, kling
        self.declare(HERE, {"hero": entry("hero"), **NPCS})
        assert self.run(APPLY).code == 0
        self.declare(HERE, {"hero": entry("hero")})
        self.declare(THERE, NPCS)
        self._kept = shutil.copytree(path, path.with_name("kept"))
        kling.calls.clear()

    def declare(self, name: str, voices: dict[str, Any]) -> None:
        providers = {"kling": {"type": "kling", "endpoint": self._kling.url}}
        document = {"version": 1, "providers": providers, "voices": voices, "safety": {"max_delete_percent": 100}}
        (self.path / f"{name}.yaml").write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML

    def run(self, *commands: tuple[str, ...], **kill: str) -> Any:
        environ = {"KLING_API_KEY": self._kling.api_key, "HOME": str(self.path)}
        return self._server.run(self.path, *commands, environ=environ, **kill)

    def reset(self) -> None:
        shutil.rmtree(self.path)
        shutil.copytree(self._kept, self.path)

    def held(self, name: str) -> set[str]:
        """The addresses that have a voice in this state, without those on their way to the other."""
        out = self.run(("-f", f"{name}.yaml", "show", "--json")).out
        if not out.startswith("{"):
            return set()  # no state yet
        state = json.loads(out)
        records = [state["records"][key] for key in state["current"].values()]
        return {record["address"] for record in records if record["status"] == "ready" and not record.get("moved_to")}

    def planned(self, name: str) -> set[str]:
        out = self.run(("-f", f"{name}.yaml", "plan", "--json")).out
        return {change["action"] for change in json.loads(out)["changes"]}


@pytest.fixture
def folder(tmp_path: Path, fork_server: ForkServer, kling: KlingService) -> Folder:
    (tmp_path / "work").mkdir()
    return Folder(tmp_path / "work", fork_server, kling)


def points_of(folder: Folder) -> tuple[str, ...]:
    ran = folder.run(MOVE)
    assert ran.code == 0, ran.out
    points: tuple[str, ...] = ran.points
    return points


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_killed_at_any_point_the_same_command_finishes_it(
    part: int, folder: Folder, kling: KlingService, record_property: Callable[[str, object], None]
) -> None:
    points = points_of(folder)
    assert len(points) >= 20
    for point in points[part::4]:
        folder.reset()
        assert folder.run(MOVE, die_at=point).killed
        here, there = folder.held(HERE), folder.held(THERE)
        assert not here & there, point
        assert folder.planned(THERE) <= {"blocked"}, point  # it asks, and buys nothing
        if not {f"npc_{n}" for n in range(5)} <= here:
            assert folder.planned(HERE) <= {"blocked"}, point  # once a voice is on its way, nothing is deleted
        ran = folder.run(MOVE)
        assert ran.code == 0, (point, ran.out)
        assert (folder.held(HERE), folder.held(THERE)) == ({"hero"}, set(NPCS)), point
        assert folder.planned(HERE) == folder.planned(THERE) == set(), point
    assert kling.count("create") == kling.count("delete") == 0
    record_property("points at which a move to another manifest was killed", len(points[part::4]))

"""The world survives processes, is shared by them, and can be changed outside of the API."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from reconciler.errors import UsageError
from reconciler.sandbox.faults import Faults
from reconciler.sandbox.world import World
from tests.sandbox.support import Caller
from tests.support.clock import FakeClock
from tests.support.hints import in_words

ACCOUNT = "kling:sandbox-default"
CREATES = """
import json, os, signal, sys
from reconciler.sandbox.router import handle
from reconciler.sandbox.http import Request
from reconciler.sandbox.world import World
from reconciler.system_clock import SystemClock

world = World.open(sys.argv[1], SystemClock())
for n in range(int(sys.argv[3])):
    body = {"voice_name": "v", "voice_url": "https://example.com/a.mp3", "external_task_id": f"{sys.argv[2]}-{n}"}
    asked = Request("POST", "/v1/general/custom-voices", headers={"authorization": "Bearer sandbox-default"},
                    body=json.dumps(body).encode())
    print(json.loads(handle(world, asked).body)["code"], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_after_creates(path: Path, name: str, creates: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CREATES, str(path), name, str(creates)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_world_survives_being_closed_and_opened_again(tmp_path: Path) -> None:
    clock, path = FakeClock(), tmp_path / ".voicectl" / "world.db"
    with World.open(path, clock) as world:
        voice_id = Caller(world, clock).made("Hero", external_task_id="k1")
        world.set_faults(Faults(task_seconds=7))
    with World.open(path, clock, seed=99) as world:
        assert [v.voice_id for v in world.voices()] == [voice_id]
        assert Caller(world, clock).create(external_task_id="k1").code == 1201
        assert world.faults() == Faults(task_seconds=7)


def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    with killed_after_creates(path, "a", 5) as process:
        answered, _ = process.communicate(timeout=30)
    assert (process.returncode, answered.split()) == (-9, ["0"] * 5)
    with World.open(path, FakeClock()) as world:
        kling = Caller(world, FakeClock())
        assert [kling.get(f"a-{n}").code for n in range(5)] == [0] * 5


def test_processes_share_one_world_from_its_first_moment(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    processes = [killed_after_creates(path, "same", 6) for _ in range(2)]
    codes = [code for process in processes for code in process.communicate(timeout=30)[0].split()]
    assert sorted(codes) == ["0"] * 6 + ["1201"] * 6


def test_a_switch_turned_by_another_process_holds_at_once(tmp_path: Path) -> None:
    clock, path = FakeClock(), tmp_path / "world.db"
    with World.open(path, clock) as ours, World.open(path, clock) as theirs:
        theirs.set_faults(Faults(pack_exhausted=True))
        assert Caller(ours, clock).create().code == 1102


def test_threads_share_one_world(kling: Caller) -> None:
    kling.change_faults(calls_per_second=1000)
    threads = [Thread(target=lambda: [kling.create(external_task_id=f"k{n}") for n in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kling.listed("?pageSize=1000").data) == 20
    assert sorted({line.rpartition(" ")[2] for line in kling.lines}) == ["0", "1201"]


def test_a_request_that_breaks_leaves_no_trace(kling: Caller) -> None:
    with pytest.raises(RuntimeError), kling.world.request(ACCOUNT, "create") as context:
        context.begin("Hero", key="k1", seconds=0)
        raise RuntimeError
    assert kling.get("k1").code == 1201
    assert kling.create(external_task_id="k1").code == 0


def test_the_same_calls_make_the_same_ids(kling: Caller) -> None:
    first = kling.made()
    kling.world.reset(seed=1)
    assert kling.made() == first


def test_a_reset_world_is_empty_and_makes_other_ids(kling: Caller) -> None:
    first = kling.made(external_task_id="k1")
    kling.change_faults(fail=0.5)
    kling.world.reset()
    assert (kling.world.voices(), kling.world.accounts(), kling.world.faults()) == ((), (), Faults())
    assert kling.made(external_task_id="k1") != first


def test_voices_are_those_that_exist_whatever_the_lists_show(kling: Caller) -> None:
    kling.made("Ready")
    kling.delete(kling.made("Deleted"))
    kling.made("Second")
    kling.create("Failed", voice_url="https://cdn.example.com/bad.mp3")
    kling.clock.sleep(1)
    kling.create("Running")
    kling.change_faults(empty_list=True)
    assert [v.voice_name for v in kling.world.voices()] == ["Ready", "Second"]
    assert [v.voice_name for v in kling.world.voices("kling:sandbox-other")] == []


@pytest.mark.parametrize("by_name", [True, False])
def test_a_voice_deleted_outside_is_gone(kling: Caller, by_name: bool) -> None:
    voice_id = kling.made("Hero", external_task_id="k1")
    deleted = kling.world.delete_outside("Hero" if by_name else voice_id)
    assert (deleted.voice_id, deleted.key) == (voice_id, "k1")
    assert kling.get("k1").code == 1201
    assert kling.delete(voice_id).code == 1201


def test_a_voice_renamed_outside_keeps_its_ids(kling: Caller) -> None:
    voice_id = kling.made("Hero", external_task_id="k1")
    assert kling.world.rename_outside("Hero", "Villain").voice_name == "Hero"
    voice = kling.get("k1").data["task_result"]["voices"][0]
    assert (voice["voice_id"], voice["voice_name"]) == (voice_id, "Villain")


def test_a_foreign_voice_is_listed_without_a_key(kling: Caller) -> None:
    kling.listed()
    added = kling.world.add_foreign("Colleague's", ACCOUNT)
    assert [r["task_info"] for r in kling.listed().data] == [{}]
    assert kling.names() == ["Colleague's"]
    assert kling.delete(added.voice_id).code == 0


def test_a_foreign_voice_has_the_owner_of_its_account(kling: Caller) -> None:
    kling.made("Ours")
    kling.world.add_foreign("Colleague's", ACCOUNT)
    assert len({r["task_result"]["voices"][0]["owned_by"] for r in kling.listed().data}) == 1


def test_a_foreign_voice_can_come_before_the_first_call(kling: Caller) -> None:
    kling.world.add_foreign("Colleague's", ACCOUNT)
    assert kling.names() == ["Colleague's"]


def test_a_foreign_voice_is_listed_by_its_account_only(kling: Caller) -> None:
    kling.listed()
    kling.key = "sandbox-other"
    kling.listed()
    assert kling.world.accounts() == (ACCOUNT, "kling:sandbox-other")
    kling.world.add_foreign("Colleague's", ACCOUNT)
    kling.world.add_foreign("Other colleague's", "kling:sandbox-other")
    assert kling.names() == ["Other colleague's"]


def test_a_name_that_two_voices_have_is_not_enough(kling: Caller) -> None:
    first, second = kling.made("Hero"), kling.made("Hero")
    with pytest.raises(UsageError) as caught:
        kling.world.delete_outside("Hero")
    assert first in in_words(caught.value.hint)
    assert second in in_words(caught.value.hint)
    assert len(kling.world.voices()) == 2


def test_a_voice_that_does_not_exist_can_not_be_changed(kling: Caller) -> None:
    with pytest.raises(UsageError, match="'Nobody'"):
        kling.world.rename_outside("Nobody", "Somebody")


def test_a_file_that_is_not_a_world_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    path.write_text("my diary, " * 1000)
    with pytest.raises(UsageError, match=r"world\.db"):
        World.open(path, FakeClock())
    assert path.read_text().startswith("my diary")


def test_a_world_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    with World.open(path, FakeClock()) as world:
        world._db.execute("PRAGMA user_version = 99")
    with pytest.raises(UsageError, match="another version"):
        World.open(path, FakeClock())


def test_a_path_that_can_not_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"world\.db"):
        World.open(tmp_path / "file" / "world.db", FakeClock())

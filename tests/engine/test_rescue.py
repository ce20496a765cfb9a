"""What is left of a run when the disk says no."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.backends.local import LocalBackend
from reconciler.engine import rescue
from reconciler.engine.store import Store
from reconciler.errors import (
    StateError,
    StateNotSaved,
)
from reconciler.model import statefile
from reconciler.model.state import State, Status
from tests.support.clock import FakeClock
from tests.support.hints import in_words
from tests.support.stores import FullDisk, loaded, on_full_disk, store_in, with_voice


def test_a_full_disk_before_any_answer_leaves_no_copy(applied: State, tmp_path: Path) -> None:
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    disk.full = True
    with pytest.raises(StateError, match="could not be written: No space left on device") as caught:
        store.commit(with_voice(applied, "hero"))
    assert not isinstance(caught.value, StateNotSaved)
    assert not (tmp_path / "voices.state.rescue.json").exists()


@pytest.mark.parametrize("write", ["commit", "finish"])
def test_what_a_cloud_answered_goes_into_a_copy_that_can_be_pushed(applied: State, tmp_path: Path, write: str) -> None:
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    state = with_voice(applied, "hero")
    store.commit(state)
    disk.full = True
    answered = with_voice(state, "hero", Status.READY, voice_id="86")
    with pytest.raises(StateNotSaved) as caught:
        getattr(store, write)(answered)
    copy = tmp_path / "voices.state.rescue.json"
    assert in_words(caught.value.hint) == f"voicectl state push {copy}"
    assert copy.stat().st_mode & 0o777 == 0o600
    disk.full = False
    pushed = store_in(tmp_path).push(copy.read_bytes())
    assert pushed.records == answered.records
    assert loaded(tmp_path) == pushed


def test_a_fold_that_fails_leaves_a_copy_too_and_loses_nothing(applied: State, tmp_path: Path) -> None:
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    state = with_voice(applied, "hero", Status.READY, voice_id="86")
    store.commit(state)
    disk.full = True
    with pytest.raises(StateNotSaved):
        store.finish(state)
    copy = (tmp_path / "voices.state.rescue.json").read_bytes()
    assert loaded(tmp_path) == statefile.load(copy)
    assert store_in(tmp_path).push(copy).records == state.records
    assert not (tmp_path / "voices.state.journal").exists()


def test_the_rescue_copy_is_updated_and_removed_once_all_is_saved(applied: State, tmp_path: Path) -> None:
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    disk.full = True
    one = with_voice(applied, "hero", Status.READY, voice_id="86")
    two = with_voice(one, "villain", Status.READY, voice_id="87")
    for state in (one, two):
        with pytest.raises(StateNotSaved):
            store.commit(state)
    copies = list(tmp_path.glob("*rescue*"))
    assert [p.name for p in copies] == ["voices.state.rescue.json"]
    assert statefile.load(copies[0].read_bytes()).records == two.records
    disk.full = False
    store.commit(two)
    assert list(tmp_path.glob("*rescue*")) == []
    assert loaded(tmp_path).records == two.records


def test_a_rescue_copy_that_was_not_pushed_yet_is_not_overwritten(applied: State, tmp_path: Path) -> None:
    (tmp_path / "voices.state.rescue.json").write_bytes(b"of an earlier run")
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    disk.full = True
    with pytest.raises(StateNotSaved) as caught:
        store.commit(with_voice(applied, "hero", Status.READY, voice_id="86"))
    assert in_words(caught.value.hint).endswith("voices.state.rescue.2.json")
    assert (tmp_path / "voices.state.rescue.json").read_bytes() == b"of an earlier run"


def test_the_command_in_the_hint_can_be_pasted(applied: State, tmp_path: Path) -> None:
    folder = tmp_path / "our voices"
    folder.mkdir()
    disk = FullDisk(LocalBackend(tmp_path / "voices.state.json"))
    store = Store(disk, clock=FakeClock(), rescue_path=folder / "prod.state.rescue.json", place="-f prod.yaml")
    store.begin(store.load())
    disk.full = True
    with pytest.raises(StateNotSaved) as caught:
        store.commit(with_voice(applied, "hero", Status.READY))
    assert in_words(caught.value.hint) == f"voicectl -f prod.yaml state push '{folder}/prod.state.rescue.json'"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another temporary folder than the machine's."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder


def test_where_the_manifest_lies_on_the_full_disk_the_copy_goes_to_the_temporary_folder(
    applied: State, tmp_path: Path, elsewhere: Path
) -> None:
    disk = FullDisk(LocalBackend(tmp_path / "voices.state.json"))
    store = Store(disk, clock=FakeClock(), rescue_path=tmp_path / "unmounted" / "voices.state.rescue.json")
    store.begin(store.load())
    disk.full = True
    with pytest.raises(StateNotSaved) as caught:
        store.commit(with_voice(applied, "hero", Status.READY))
    assert in_words(caught.value.hint) == f"voicectl state push {elsewhere}/voices.state.rescue.json"


def test_where_no_disk_takes_the_copy_the_answers_are_listed(applied: State, tmp_path: Path, elsewhere: Path) -> None:
    elsewhere.rmdir()
    disk = FullDisk(LocalBackend(tmp_path / "voices.state.json"))
    store = Store(disk, clock=FakeClock(), rescue_path=tmp_path / "unmounted" / "voices.state.rescue.json")
    store.begin(store.load())
    disk.full = True
    with pytest.raises(StateNotSaved) as caught:
        store.commit(with_voice(applied, "hero", Status.READY, voice_id="86", task_id="7"))
    assert caught.value.detail.endswith("\n  hero: voice 86, task 7, ready")


def test_where_the_copy_can_not_be_updated_the_answers_are_listed_too(
    applied: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    disk.full = True
    one = with_voice(applied, "hero", Status.READY, voice_id="86", task_id="7")
    with pytest.raises(StateNotSaved):
        store.commit(one)

    def full(path: Path, copy: bytes) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(rescue, "write_new", full)
    with pytest.raises(StateNotSaved) as caught:
        store.commit(with_voice(one, "villain", Status.READY, voice_id="87", task_id="8"))
    copy = tmp_path / "voices.state.rescue.json"
    assert f"{copy} lacks the latest results" in caught.value.detail
    assert caught.value.detail.endswith("\n  hero: voice 86, task 7, ready\n  villain: voice 87, task 8, ready")
    assert in_words(caught.value.hint) == f"Keep this list, and push the copy: voicectl state push {copy}"
    assert statefile.load(copy.read_bytes()).records == one.records


def test_a_state_replaced_in_the_middle_of_an_apply_leaves_a_copy(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    state = with_voice(applied, "hero")
    store.commit(state)
    store_in(tmp_path).push(statefile.dump(State(lineage="abcdef12", serial=1)), force=True)
    with pytest.raises(StateNotSaved, match="was changed by another program"):
        store.commit(with_voice(state, "hero", Status.READY, voice_id="86"))
    assert statefile.load((tmp_path / "voices.state.rescue.json").read_bytes()).records["vc-hero"].voice_id == "86"


def test_a_copy_of_a_run_whose_state_was_replaced_is_pushed_by_force_only(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    state = with_voice(applied, "hero")
    store.commit(state)
    (tmp_path / "voices.state.json").write_bytes(statefile.dump(applied.with_changes(serial=9)))
    with pytest.raises(StateNotSaved, match="look at that first") as caught:
        store.commit(with_voice(state, "hero", Status.READY, voice_id="86"))
    copy = tmp_path / "voices.state.rescue.json"
    assert in_words(caught.value.hint) == f"voicectl state push --force {copy}"
    assert store_in(tmp_path).push(copy.read_bytes(), force=True).records["vc-hero"].voice_id == "86"


def test_after_a_commit_that_failed_the_next_writes_more_than_it_touched(applied: State, tmp_path: Path) -> None:
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    disk.full = True
    one = with_voice(applied, "hero", Status.READY, voice_id="86")
    with pytest.raises(StateNotSaved):
        store.commit(one, touched=["vc-hero"])
    disk.full = False
    store.commit(with_voice(one, "villain"), touched=["vc-villain"])
    assert sorted(loaded(tmp_path).records) == ["vc-hero", "vc-narrator", "vc-villain"]


def test_where_not_even_a_temporary_folder_is_found_the_answers_are_listed(
    applied: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_usable() -> str:
        raise FileNotFoundError("No usable temporary directory found")  # as tempfile says on full disks

    monkeypatch.setattr(tempfile, "gettempdir", none_usable)
    disk = FullDisk(LocalBackend(tmp_path / "voices.state.json"))
    store = Store(disk, clock=FakeClock(), rescue_path=tmp_path / "unmounted" / "voices.state.rescue.json")
    store.begin(store.load())
    disk.full = True
    with pytest.raises(StateNotSaved) as caught:
        store.commit(with_voice(applied, "hero", Status.READY, voice_id="86", task_id="7"))
    assert caught.value.detail.endswith("\n  hero: voice 86, task 7, ready")


def test_a_run_that_pays_for_nothing_leaves_no_copy_and_is_run_again(applied: State, tmp_path: Path) -> None:
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load(), pays=False)
    disk.full = True
    with pytest.raises(StateError, match="could not be written") as caught:
        store.finish(with_voice(applied, "hero", Status.READY, voice_id="86"))
    assert not isinstance(caught.value, StateNotSaved)
    assert list(tmp_path.glob("*rescue*")) == []

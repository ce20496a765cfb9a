"""Whole applies over a real disk: killed, raced and weighed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from reconciler.engine.store import Store
from reconciler.model.state import Status
from tests.support.children import die_at, fork, said, wait
from tests.support.clock import FakeClock
from tests.support.stores import NEW, WHEN, loaded, record, store_in, with_voice


def apply(store: Store, promise: Callable[[bytes], object], addresses: Sequence[str]) -> None:
    with store.locked("apply"):
        state = store.load() or NEW
        store.begin(state)
        for address in addresses:
            state = with_voice(state, address)
            store.commit(state)
            promise(address.encode())
            state = with_voice(state, address, Status.READY, voice_id="8")
            store.commit(state)
            promise(address.encode() + b"!")
        store.finish(state)


def test_killed_at_any_call_an_apply_forgets_nothing_it_wrote(tmp_path: Path) -> None:
    for call in count(1):
        folder = tmp_path / str(call)
        apply(store_in(folder), lambda _: None, ["narrator"])
        begun = loaded(folder).serial

        def work(promise: Callable[[bytes], object], folder: Path = folder, call: int = call) -> None:
            die_at(call, torn=True)
            apply(store_in(folder), promise, ["hero", "villain"])

        with said(work) as (pid, pipe):
            promised = pipe.read().split()
            ended = wait(pid)
        state = loaded(folder)
        for word in promised:
            status = state.records[f"vc-{word.decode().rstrip('!')}"].status
            assert status is Status.READY or not word.endswith(b"!")
        assert state.serial - begun in (len(promised), len(promised) + 1)
        apply(store_in(folder), lambda _: None, ["owen"])
        assert set(loaded(folder).records) == {*state.records, "vc-owen"}
        if ended == 0:
            break
    assert call > 40


def test_eight_processes_that_add_voices_under_the_lock_lose_none(tmp_path: Path) -> None:
    def adding(name: str) -> Callable[[], None]:
        def work() -> None:
            for number in range(4):
                clock = FakeClock(on_sleep=lambda: time.sleep(0.001))
                store = store_in(tmp_path, clock=clock)
                with store.locked("apply", wait=1e9):
                    state = store.load() or NEW
                    store.begin(state)
                    store.commit(with_voice(state, f"{name}{number}"))
                    store.finish(with_voice(state, f"{name}{number}", Status.READY))

        return work

    assert [wait(pid) for pid in [fork(adding(name)) for name in "abcdefgh"]] == [0] * 8
    assert len(loaded(tmp_path).records) == 32


def test_an_apply_writes_less_than_three_times_its_final_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 voices, 20 intents a second, each accepted and ready in a commit of its own."""
    written = 0
    real = os.write

    def write(opened: int, content: bytes) -> int:
        nonlocal written
        written += len(content)
        return real(opened, content)

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    store = store_in(tmp_path)
    store.begin(store.load())
    state = NEW
    for second in range(25):
        addresses = [f"voice-{second * 20 + number}" for number in range(20)]
        made = [
            record(
                address,
                digest="0123abcd",
                attempts=1,
                sent={"voice_name": address, "voice_url": f"https://cdn.example.com/{address}.mp3"},
            )
            for address in addresses
        ]
        state = state.with_changes(made, current={a: f"vc-{a}" for a in addresses})
        store.commit(state)
        results: list[tuple[Status, dict[str, Any]]] = [
            (Status.RUNNING, {"task_id": "8" * 18}),
            (Status.READY, {"voice_id": "8" * 18, "voice_name": "Voice 123", "owned_by": "1234567"}),
        ]
        for status, fields in results:
            for before in made:
                seen = WHEN + timedelta(seconds=second, microseconds=123456)
                told = replace(state.records[before.external_task_id], status=status, changed_at=seen, **fields)
                state = state.with_changes([told])
                store.commit(state, touched=[before.external_task_id])
    store.finish(state)
    final = (tmp_path / "voices.state.json").stat().st_size
    assert written < 3 * final

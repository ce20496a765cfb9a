"""Ten thousand rounds leave the memory as it was: one process, virtual time, a cloud that remembers no call."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

import pytest

from reconciler.model.observed import Observations
from reconciler.model.state import Record
from tests.engine.scripted_provider import ScriptedProvider
from tests.watch.watched import Watched

ROUNDS, WARM = 10_000, 200
MOST = 2_000  # blocks; one object that is kept in each round would be 10,000


class Forgetful(ScriptedProvider):
    """Counts its calls, and does not note them."""

    observed = 0

    @property
    def calls(self) -> int:
        return self.observed + len(self.heard)

    def observe(self, records: Sequence[Record], *, presets: bool = False) -> Observations:
        self.observed += 1
        return Observations(account=self.account, of={r.external_task_id: self._look(r) for r in records})


def held() -> int:
    """How many blocks of memory the interpreter has given out."""
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.slow
def test_ten_thousand_rounds_leave_the_memory_as_it_was() -> None:
    watched = Watched("a", "b", most_paid=5)
    cloud = Forgetful(watched.run.clock)
    watched.run.provide = lambda account: cloud
    watched.restart()
    before = 0
    for number in range(WARM + ROUNDS):
        if number == WARM:
            before = held()
        watched.round()
        watched.events.clear()
        watched.statuses.clear()
    grown = held() - before
    assert grown < MOST, grown
    assert cloud.observed >= ROUNDS
    assert cloud.count("submit") == 2

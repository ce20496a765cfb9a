"""A tenth of the store's replies is lost, late or false: nothing is lost, nothing conflicts, no lock is left behind."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.shared_state.conftest import Desk, Team
from tests.shared_state.test_kills import port_of, through
from tests.support.lossy_proxy import Loss, LossyProxy
from tests.support.store_proxy import lossy_proxy, sometimes

NAMES = ("narrator", "hero", "villain", "teacher")
SEEDS = range(20)


@contextmanager
def flaky(desk: Desk, seed: int) -> Iterator[Desk]:
    """The desk, from which a tenth of the requests to the store goes wrong: over HTTP also with false answers."""
    port = port_of(desk.state_settings or {})
    if str((desk.state_settings or {})["url"]).startswith("postgres"):
        rng = random.Random(seed)

        def lose(_: bytes) -> Loss:
            return rng.choice([Loss.REQUEST, Loss.REPLY]) if rng.random() < 0.1 else Loss.NONE

        with LossyProxy(port, lose) as tcp:
            yield through(desk, tcp.port)
        return
    with lossy_proxy(f"http://127.0.0.1:{port}", sometimes(seed)) as proxy:
        yield through(desk, port_of({"url": proxy.url}))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tenth_of_the_replies_goes_wrong_and_nothing_else_does(team: Team, seed: int) -> None:
    ann = team.desk("ann")
    with flaky(team.desk("runner"), seed) as runner:
        runner.declare(*NAMES)
        runner.apply()
        runner.declare(*NAMES[1:], "owl")
        runner.apply()
    ann.declare(*NAMES[1:], "owl")
    seen = ann.voicectl("plan", "--detailed-exitcode", code=0)
    assert not re.search("lock", seen.err)
    assert team.kling.bought == len(NAMES) + 1
    assert len(team.kling.voices) == len(NAMES)

"""A run does not hang at its end: the release of its lock takes 10 s at most, also on a network that never answers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.backends.opening import open_backend
from reconciler.model.state_settings import StateSettings
from reconciler.protocols.backend import Backend
from reconciler.system_clock import SystemClock
from tests.backends.http_state.holding import holder
from tests.support.lossy_proxy import Loss, LossyProxy
from tests.support.sites import Site

LONGEST = 11.5  # seconds, on a busy machine


@pytest.fixture(params=["http", "gitlab", "postgres", "seaweedfs"])
def site(request: pytest.FixtureRequest) -> Site:
    made: Site = request.getfixturevalue(f"{request.param}_site")
    return made


@pytest.fixture
def network(site: Site) -> Iterator[LossyProxy]:
    """Between the run and the store."""
    [port] = re.findall(r":(\d+)", json.dumps(dict(site.settings)))
    with LossyProxy(int(port)) as proxy:
        yield proxy


@pytest.fixture
def backend(site: Site, network: LossyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    for name, text in site.environ.items():
        monkeypatch.setenv(name, text)
    text = re.sub(r":\d+", f":{network.port}", json.dumps(dict(site.settings) | ({"lease": "8s"} if site.ttl else {})))
    return open_backend(
        StateSettings.model_validate_json(text),
        folder=tmp_path,
        local=tmp_path / "state",
        history=tmp_path / "history",
        default_name="voices",
        environ=site.environ,
        clock=SystemClock(),
    )


def test_on_a_network_that_never_answers_the_release_takes_10_s_at_most(backend: Backend, network: LossyProxy) -> None:
    with backend.lock(holder()):
        network.decide = lambda _: Loss.SILENCE
        if backend.traits.leases:
            time.sleep(2.5)  # a renewal is under way, and gets no answer
        began = time.monotonic()
    assert time.monotonic() - began < LONGEST


def test_a_release_that_a_signal_interrupts_ends_at_once(
    backend: Backend, network: LossyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), backend.lock(holder()):
        network.decide = lambda _: Loss.SILENCE
        monkeypatch.setattr("reconciler.waits.result", interrupt)
        began = time.monotonic()
    assert time.monotonic() - began < 1.0
    assert len(backend.notes) == backend.traits.lock_stays

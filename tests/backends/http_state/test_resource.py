from __future__ import annotations

import base64
import hashlib
import json
import random
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from reconciler.backends.http_state import requests
from reconciler.errors import Fenced, StateConflict, StateError, StateLocked
from reconciler.model.state import State
from reconciler.model.statefile import dump
from reconciler.protocols.backend import Stamp
from tests.backends.http_state.holding import at, holder
from tests.support.clock import FakeClock
from tests.support.engines.http_state import HttpSite
from tests.support.engines.http_state_server import Fault, Received

FAULTS = [fault for fault in Fault if fault not in (Fault.BARE, Fault.BARE_AFTER, Fault.SLOW)]


@pytest.fixture(params=["http", "gitlab"])
def site(request: pytest.FixtureRequest) -> HttpSite:
    made: HttpSite = request.getfixturevalue(f"{request.param}_site")
    return made


def posts(site: HttpSite) -> int:
    return len([each for each in site.server.received if each.method == "POST" and not each.target.endswith("/lock")])


# -- on the wire -------------------------------------------------------------------------------------------------------


def test_a_write_looks_like_terraform_s_on_the_wire(http_site: HttpSite) -> None:
    client = http_site.client()
    state = dump(State(lineage="abc", serial=7, manifest="voices.yaml"))
    with client.lock(holder()):
        client.write(state, None, Stamp("abc", 7))
    (post,) = http_site.server.of("POST")
    (lock,) = http_site.server.of("LOCK")
    assert urlsplit(post.target).path == "/state/voices"
    assert parse_qs(urlsplit(post.target).query) == {"ID": [json.loads(lock.body)["ID"]]}
    assert post.headers["content-type"] == "application/json"
    assert post.headers["content-md5"] == base64.b64encode(hashlib.md5(post.body).digest()).decode()
    assert post.body.endswith(state[1:])


def test_a_write_without_a_lock_names_none(http_site: HttpSite) -> None:
    http_site.client().write(b"1", None, at(1))
    assert [each.target for each in http_site.server.of("POST")] == ["/state/voices"]


def test_a_state_is_written_once(site: HttpSite) -> None:
    client = site.client()
    version = client.write(b"1", None, at(1))
    assert client.write(b"1", version, at(1)) == version
    assert posts(site) == 1


def test_writes_start_a_second_apart(http_site: HttpSite) -> None:
    clock = FakeClock()
    client = http_site.client(clock)
    version = client.write(b"1", None, at(1))
    assert clock.slept == []
    clock.pass_(0.4)
    version = client.write(b"2", version, at(2))
    assert clock.slept == [pytest.approx(0.6)]
    clock.pass_(7)
    client.write(b"3", version, at(3))
    assert len(clock.slept) == 1


def test_the_same_write_waits_too_before_it_is_sent_again(http_site: HttpSite) -> None:
    clock = FakeClock()
    http_site.server.fail("write", *[Fault.FAIL_BEFORE] * 3)
    http_site.client(clock).write(b"1", None, at(1))
    assert clock.monotonic() >= 3
    assert len({each.body for each in http_site.server.of("POST")}) == 1


# -- what became of a write --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_whose_answer_was_lost_is_saved(site: HttpSite, fault: Fault) -> None:
    client = site.client()
    with client.lock(holder()):
        version = client.write(b"1", None, at(1))
        site.server.fail("write", fault)
        version = client.write(b"2", version, at(2))
        client.write(b"3", version, at(3))
    blob = site.client().read()
    assert blob is not None
    assert blob.data == b"3"


def test_an_answer_that_comes_too_late_is_a_lost_one(site: HttpSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_SHORT", 0.3)
    site.server.fail("lock", Fault.SLOW)
    site.server.fail("write", Fault.SLOW)
    client = site.client()
    with client.lock(holder()):
        version = client.write(b"1", None, at(1))
        client.write(b"2", version, at(2))
    blob = site.client().read()
    assert blob is not None
    assert blob.data == b"2"
    assert site.place.lock is None


def test_a_write_that_never_arrives_keeps_the_old_state(site: HttpSite) -> None:
    client = site.client()
    version = client.write(b"1", None, at(1))
    site.server.fail("write", *[Fault.FAIL_BEFORE] * 8)
    with pytest.raises(StateError, match=r"could not be written: the server failed \(500\)"):
        client.write(b"2", version, at(2))
    assert client.write(b"2", version, at(2)) != version


def test_a_write_that_can_t_be_read_back_is_said_to_be_unknown(site: HttpSite) -> None:
    """As when the token of a job ends with its job."""
    client = site.client()
    version = client.write(b"1", None, at(1))
    site.server.fail("write", Fault.DROP_AFTER)

    def revoke(request: Received) -> None:
        if request.method == "POST":
            site.server.password = "revoked"

    site.server.on_request = revoke
    with pytest.raises(StateError, match="It is not known whether") as caught:
        client.write(b"2", version, at(2))
    assert "refused the user or the password" in caught.value.detail


def test_a_state_that_is_too_large_is_said_so(site: HttpSite) -> None:
    site.server.largest = 100
    with pytest.raises(StateError, match=r"larger than the server allows \(413\)"):
        site.client().write(b"x", None, at(1))
    assert posts(site) == 1


def test_gitlab_refuses_a_serial_that_was_used(gitlab_site: HttpSite) -> None:
    client = gitlab_site.client()
    version = client.write(b"2", client.write(b"1", None, at(1)), at(2))
    with pytest.raises(StateError, match="a state with this serial before"):
        client.write(b"3", version, at(1))


def test_another_program_s_write_in_between_conflicts(http_site: HttpSite) -> None:
    client = http_site.client()
    version = client.write(b"1", None, at(1))
    theirs = b'{"version":1,"lineage":"other","serial":9,"records":{}}'
    http_site.server.fail("write", Fault.FAIL_BEFORE)

    def interfere(request: Received) -> None:
        if request.method == "POST":
            http_site.place.body = theirs

    http_site.server.on_request = interfere
    with pytest.raises(StateConflict, match="was changed by another program"):
        client.write(b"2", version, at(2))
    assert http_site.place.body == theirs


# -- whose lock it is --------------------------------------------------------------------------------------------------


def test_a_run_whose_lock_another_run_has_can_t_write(site: HttpSite) -> None:
    mine, heir = site.client(), site.client()
    with mine.lock(holder()) as lease:
        version = mine.write(b"1", None, at(1))
        site.client().break_lock("aaaa1111")
        with heir.lock(holder("bbbb2222", who="bob@elsewhere")):
            with pytest.raises(Fenced, match="bob@elsewhere"):
                mine.write(b"late", version, at(2))
            assert lease.lost is not None
            assert "bob@elsewhere" in lease.lost
            assert lease.left() == 0
            with pytest.raises(Fenced):
                lease.renew()
            heir.write(b"2", version, at(2))
    blob = site.client().read()
    assert blob is not None
    assert blob.data == b"2"
    assert site.place.lock is None


def test_a_run_that_was_replaced_and_is_alone_again_can_t_write_over(site: HttpSite) -> None:
    mine, heir = site.client(), site.client()
    with mine.lock(holder()) as lease:
        version = mine.write(b"1", None, at(1))
        site.client().break_lock("aaaa1111")
        with heir.lock(holder("bbbb2222")):
            heir.write(b"2", version, at(2))
        with pytest.raises(StateConflict):
            mine.write(b"late", version, at(2))
        with pytest.raises(Fenced, match="while this run was paused"):
            lease.renew()
        assert lease.left() == 0
    assert site.place.lock is None


def test_an_old_write_that_arrives_late_is_written_over(http_site: HttpSite) -> None:
    """Its own request, sent twice since the first answer was lost; a proxy delivers it after the next write."""
    client = http_site.client()
    with client.lock(holder()):
        http_site.server.fail("write", Fault.DROP_BEFORE)
        version = client.write(b"1", None, at(1))
        late = http_site.place.body
        version = client.write(b"2", version, at(2))
        http_site.place.body = late
        client.write(b"3", version, at(3))
    blob = http_site.client().read()
    assert blob is not None
    assert blob.data == b"3"


# -- faults everywhere -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_while_every_tenth_request_fails(site: HttpSite, seed: int) -> None:
    """No write is lost, no conflict is false, and no lock stays."""
    site.server.fail_at_random(random.Random(seed), 0.1)
    saved, serial, version = b"", 0, None
    for run in range(12):
        client = site.client()
        with client.lock(holder(f"{run:08x}")):
            for _ in range(4):
                serial += 1
                saved = b"%d" % serial
                version = client.write(saved, version, at(serial))
        blob = site.client().read()
        assert blob is not None
        assert (blob.data, blob.version) == (saved, version)
        assert site.place.lock is None


@pytest.mark.parametrize("seed", range(2))
def test_a_crowd_loses_nothing_while_every_tenth_request_fails(site: HttpSite, seed: int) -> None:
    site.client().write(b"0", None, at(1))
    site.server.fail_at_random(random.Random(seed), 0.1)

    def count(number: int) -> int:
        done = 0
        while done < 4:
            client = site.client()
            try:
                with client.lock(holder(f"{number:04x}{done:04x}")):
                    blob = client.read()
                    assert blob is not None
                    had = int(blob.data)
                    client.write(b"%d" % (had + 1), blob.version, at(had + 2))
                done += 1
            except StateLocked:
                continue
        return done

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(count, range(4))) == 16
    blob = site.client().read()
    assert blob is not None
    assert blob.data == b"16"
    assert site.place.lock is None

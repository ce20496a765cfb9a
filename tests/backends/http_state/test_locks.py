from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from reconciler.backends.http_state.lock_record import new_id
from reconciler.errors import StateError, StateLocked
from reconciler.hints import Way, command
from tests.backends.http_state.holding import at, holder, of_a_dead_process, of_this_process
from tests.support.engines.http_state import HttpSite
from tests.support.engines.http_state_server import Fault, Received

LOST = [Fault.FAIL_AFTER, Fault.DROP_AFTER, Fault.BARE_AFTER, Fault.LIMITED_AFTER]
FAULTS = [*LOST, Fault.FAIL_BEFORE, Fault.DROP_BEFORE, Fault.BARE]


@pytest.fixture(params=["http", "gitlab"])
def site(request: pytest.FixtureRequest) -> HttpSite:
    made: HttpSite = request.getfixturevalue(f"{request.param}_site")
    return made


def locked_by_terraform(site: HttpSite) -> None:
    site.place.lock = {
        "ID": "e750ba89-434d-ab24-1f65-ee3aa61eab59",
        "Operation": "OperationTypeApply",
        "Info": "",
        "Who": "root@vm",
        "Version": "1.11.4",
        "Created": "2026-11-28T23:52:15.963429078Z",
        "Path": "",
    }
    site.place.locked_at = site.server.now()


# -- on the wire -------------------------------------------------------------------------------------------------------


def test_a_lock_looks_like_terraform_s_on_the_wire(http_site: HttpSite) -> None:
    with http_site.client().lock(holder(job="https://ci.example.com/jobs/7")):
        pass
    lock, unlock = http_site.server.of("LOCK", "UNLOCK")
    assert lock.target == "/state/voices"
    assert lock.headers["content-type"] == "application/json"
    assert lock.headers["content-md5"] == base64.b64encode(hashlib.md5(lock.body).digest()).decode()
    sent = json.loads(lock.body)
    lock_id = sent["ID"]
    assert lock_id.startswith("aaaa1111.")
    assert lock_id.endswith("~ann@mac~mac:4711:0:~apply~1795867200~7200~https://ci.example.com/jobs/7")
    info = json.dumps(holder(job="https://ci.example.com/jobs/7").model_dump(mode="json"), separators=(",", ":"))
    assert lock.body == (
        b'{"ID":"%s","Operation":"apply","Info":%s,"Who":"ann@mac","Version":"%s",'
        b'"Created":"2026-11-28T12:00:00.000000Z","Path":""}'
    ) % (lock_id.encode(), json.dumps(info).encode(), sent["Version"].encode())
    assert unlock.body == lock.body
    assert parse_qs(urlsplit(unlock.target).query) == {"ID": [lock_id]}


def test_gitlab_is_locked_in_its_own_way(gitlab_site: HttpSite) -> None:
    with gitlab_site.client().lock(holder()):
        pass
    wire = [(each.method, urlsplit(each.target).path) for each in gitlab_site.server.received]
    place = urlsplit(gitlab_site.url).path
    assert wire == [("GET", place), ("POST", f"{place}/lock"), ("DELETE", f"{place}/lock")]


# -- what became of a request ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lock_whose_answer_was_lost_is_ours(site: HttpSite, fault: Fault) -> None:
    site.server.fail("lock", fault)
    with site.client().lock(holder()), pytest.raises(StateLocked), site.client().lock(holder("bbbb2222")):
        pass
    assert site.place.lock is None


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unlock_whose_answer_was_lost_or_false_is_done(site: HttpSite, fault: Fault) -> None:
    site.server.fail("unlock", Fault.FAIL_AFTER if fault is Fault.BARE_AFTER else fault)
    with site.client().lock(holder()):
        pass
    assert site.place.lock is None


def test_an_unlock_that_never_arrives_is_not_the_run_s_error_but_a_warning(site: HttpSite) -> None:
    site.server.fail("unlock", *[Fault.FAIL_BEFORE] * 8)
    client = site.client()
    with client.lock(holder()):
        pass
    assert site.place.lock is not None
    assert len(site.server.of("UNLOCK", "DELETE")) == 6  # in less than 10 s
    [note] = client.notes
    assert isinstance(note, Way)
    assert f"The lock of this run may still be at {site.url}: the server failed (500)." in note.words
    assert note.commands == (command("unlock", "aaaa1111"),)


def test_a_lock_that_another_run_has_taken_over_is_not_left_behind(site: HttpSite) -> None:
    client = site.client()
    with client.lock(holder()):
        site.place.lock = None
        taken = site.client().lock(holder("bbbb2222"))
        taken.__enter__()
    assert client.notes == ()
    taken.__exit__(None, None, None)


def test_a_lock_that_is_released_leaves_no_warning(site: HttpSite) -> None:
    site.server.fail("unlock", Fault.FAIL_BEFORE, Fault.DROP_AFTER)
    client = site.client()
    with client.lock(holder()):
        pass
    assert client.notes == ()


def test_an_unlock_that_the_server_refuses_is_sent_three_times(site: HttpSite) -> None:
    site.server.fail("unlock", *[Fault.BARE] * 3)
    with site.client().lock(holder()):
        pass
    assert len(site.server.of("UNLOCK", "DELETE")) == 3


def test_a_lock_that_may_be_ours_is_released_when_the_run_gives_up(site: HttpSite) -> None:
    site.server.fail("lock", Fault.DROP_AFTER, *[Fault.FAIL_BEFORE] * 7)
    with pytest.raises(StateError, match="could not be taken: the server failed"), site.client().lock(holder()):
        pass
    assert site.place.lock is None


def test_a_lock_without_a_record_is_somebody_s(http_site: HttpSite) -> None:
    http_site.server.fail("lock", *[Fault.BARE] * 4)
    with pytest.raises(StateLocked, match="does not say which one"), http_site.client().lock(holder()):
        pass
    assert http_site.server.of("UNLOCK") == []


def test_the_lock_of_another_run_is_never_released(site: HttpSite) -> None:
    with site.client().lock(holder()):
        site.server.fail("lock", Fault.FAIL_BEFORE)
        with pytest.raises(StateLocked), site.client().lock(holder("bbbb2222")):
            pass
        assert site.place.lock is not None
        assert site.server.of("UNLOCK", "DELETE") == []


def test_a_server_without_locks_is_refused(http_site: HttpSite) -> None:
    http_site.server.password = "another"
    with pytest.raises(StateError, match="refused the user or the password"), http_site.client().lock(holder()):
        pass


def test_one_of_eight_gets_a_lock_whose_answers_are_lost(site: HttpSite) -> None:
    site.server.fail("lock", *LOST * 2)
    inside, most, guard = 0, 0, threading.Lock()

    def take(number: int) -> None:
        nonlocal inside, most
        with suppress(StateLocked), site.client().lock(holder(f"{number:08x}")):
            with guard:
                inside += 1
                most = max(most, inside)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert site.place.lock is None


# -- who has it --------------------------------------------------------------------------------------------------------


def test_a_lock_of_terraform_keeps_voicectl_out(http_site: HttpSite) -> None:
    locked_by_terraform(http_site)
    with pytest.raises(StateLocked) as caught, http_site.client().lock(holder()):
        pass
    assert caught.value.detail.startswith("root@vm (pid 0) has held the lock for apply since 2026-11-28 23:52:15")
    assert caught.value.detail.endswith("The lock does not end by itself, also if that run is dead.")
    assert caught.value.lock_id == "e750ba89-434d-ab24-1f65-ee3aa61eab59"


def test_the_id_of_any_program_s_lock_unlocks_it(http_site: HttpSite) -> None:
    locked_by_terraform(http_site)
    http_site.client().break_lock("e750ba89-434d-ab24-1f65-ee3aa61eab59")
    assert http_site.place.lock is None


def test_gitlab_does_not_pass_the_asker_for_the_holder(gitlab_site: HttpSite) -> None:
    job = "https://gitlab.example.com/group/project/-/jobs/1"
    with (
        gitlab_site.client().lock(holder(job=job)),
        pytest.raises(StateLocked) as caught,
        gitlab_site.client().lock(holder("bbbb2222", who="bob@pc", operation="destroy")),
    ):
        pass
    assert re.fullmatch(
        r"ann@mac \(pid 4711\) has held the lock for apply since 2026-11-28 12:00:00 UTC\. "
        rf"If that run is dead, the lock is free in at most 12[0-9] min\. Its job: {job}",
        caught.value.detail,
    )


def test_only_the_own_lock_is_seen_without_asking(site: HttpSite) -> None:
    mine = site.client()
    with mine.lock(holder()):
        held = mine.holder()
        assert held is not None
        assert held.info == holder()
        assert site.client().holder() is None
    assert [each.method for each in site.server.received] in (["GET", "LOCK", "UNLOCK"], ["GET", "POST", "DELETE"])


# -- taking over -------------------------------------------------------------------------------------------------------


def test_the_lock_of_a_process_that_died_here_is_taken_over_at_once(site: HttpSite) -> None:
    dead = of_a_dead_process()
    gone = site.client().lock(dead)
    gone.__enter__()
    with site.client().lock(holder("bbbb2222")):
        assert site.place.lock is not None
        assert site.place.lock["ID"].startswith("bbbb2222.")
        gone.__exit__(None, None, None)  # its release leaves the new lock alone
        assert site.place.lock["ID"].startswith("bbbb2222.")
    assert site.place.lock is None


def test_a_plain_server_s_lock_is_never_taken_over_by_age(http_site: HttpSite) -> None:
    with http_site.client(limit=60).lock(holder()):
        http_site.server.ahead = timedelta(days=300)
        with pytest.raises(StateLocked), http_site.client().lock(holder("bbbb2222")):
            pass


@pytest.mark.parametrize(("age", "taken"), [(60, False), (359, False), (362, True)])
def test_gitlab_s_lock_is_taken_over_five_minutes_after_its_limit(
    gitlab_site: HttpSite, age: float, taken: bool
) -> None:
    """The limit is the holder's, not the asker's."""
    old = gitlab_site.client(limit=60).lock(holder())
    old.__enter__()
    gitlab_site.server.ahead = timedelta(seconds=age)
    if taken:
        with gitlab_site.client(limit=5).lock(holder("bbbb2222")):
            pass
    else:
        with pytest.raises(StateLocked), gitlab_site.client(limit=5).lock(holder("bbbb2222")):
            pass
    old.__exit__(None, None, None)


def test_gitlab_s_lock_of_another_program_has_no_age(gitlab_site: HttpSite) -> None:
    locked_by_terraform(gitlab_site)
    gitlab_site.server.ahead = timedelta(days=300)
    with pytest.raises(StateLocked), gitlab_site.client().lock(holder()):
        pass


# -- breaking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", LOST)
def test_a_lock_is_broken_though_the_answer_is_lost(site: HttpSite, fault: Fault) -> None:
    old = site.client().lock(holder())
    old.__enter__()
    site.server.fail("unlock", Fault.FAIL_AFTER if fault is Fault.BARE_AFTER else fault)
    assert site.client().break_lock("aaaa1111") == holder()
    assert site.place.lock is None
    old.__exit__(None, None, None)


def test_nothing_is_left_locked_where_nothing_was(site: HttpSite) -> None:
    with pytest.raises(StateError, match="nothing to unlock"):
        site.client().break_lock("aaaa1111")
    assert site.place.lock is None


def test_the_lock_of_this_very_process_is_not_broken(site: HttpSite) -> None:
    with site.client().lock(of_this_process()), pytest.raises(StateError, match="is alive"):
        site.client().break_lock("aaaa1111")


def test_a_run_is_not_fenced_by_an_unlock_that_looks_who_has_the_lock(http_site: HttpSite) -> None:
    mine = http_site.client()
    with mine.lock(holder()) as lease:
        own = http_site.place.lock
        asking = holder("bbbb2222", operation="unlock")
        http_site.place.lock = {"ID": new_id(asking, 1, "0000abcd")}

        def end(request: Received) -> None:
            if len(http_site.server.of("LOCK")) == 3:
                http_site.place.lock = own

        http_site.server.on_request = end
        lease.renew()
        assert lease.lost is None


def test_a_lock_that_was_broken_and_is_free_is_taken_again_by_its_run(site: HttpSite) -> None:
    """No other run did anything meanwhile."""
    mine = site.client()
    with mine.lock(holder()) as lease:
        version = mine.write(b"1", None, at(1))
        site.client().break_lock("aaaa1111")
        lease.renew()
        mine.write(b"2", version, at(2))
        assert lease.lost is None
    assert site.place.lock is None

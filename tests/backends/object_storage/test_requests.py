"""What each answer means, when the store did the work before it and when it did not."""

from __future__ import annotations

import pytest

from reconciler.backends.object_storage import requests
from reconciler.errors import StateError
from tests.support.engines.fake_store import FakeStore
from tests.support.engines.object_storage import ObjectStorageSite
from tests.support.store_proxy import AFTER, BEFORE, CLOSED, DELAYED, FAULTS, Fault, lossy_proxy, once


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(requests, "_LONGEST_WAIT", 0.02)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_after_any_answer_a_creation_of_ours_is_ours(store: FakeStore, site: ObjectStorageSite, fault: Fault) -> None:
    with lossy_proxy(store.url, once(fault)) as proxy:
        far = site.through(proxy.url).requests()
        assert far.create("entries/1", b"ours") is None
        assert proxy.done["PUT", fault] == 1
    found = site.requests().get("entries/1")
    assert found is not None
    assert found.content == b"ours"


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_after_any_answer_another_run_s_creation_is_theirs(
    store: FakeStore, site: ObjectStorageSite, fault: Fault
) -> None:
    site.requests().create("entries/1", b"theirs")
    with lossy_proxy(store.url, once(fault)) as proxy:
        assert site.through(proxy.url).requests().create("entries/1", b"ours") == b"theirs"


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_after_any_answer_an_overwrite_is_done(store: FakeStore, site: ObjectStorageSite, fault: Fault) -> None:
    site.requests().overwrite("lock/1", b"before")
    with lossy_proxy(store.url, once(fault)) as proxy:
        site.through(proxy.url).requests().overwrite("lock/1", b"after")
    found = site.requests().get("lock/1")
    assert found is not None
    assert found.content == b"after"


@pytest.mark.parametrize("fault", [(BEFORE, 503), (AFTER, 429), (BEFORE, CLOSED), (DELAYED, 0)], ids=str)
def test_reads_and_lists_are_repeated(store: FakeStore, site: ObjectStorageSite, fault: Fault) -> None:
    site.requests().create("entries/000000000001", b"x")
    with lossy_proxy(store.url, once(fault, fault, method="GET")) as proxy:
        far = site.through(proxy.url).requests()
        assert far.get("entries/000000000002") is None
        assert far.numbers("entries") == [1]


def test_what_can_t_be_settled_is_an_error_after_some_tries(store: FakeStore, site: ObjectStorageSite) -> None:
    with lossy_proxy(store.url, lambda method, target: (BEFORE, 500)) as proxy:
        far = site.through(proxy.url).requests()
        with pytest.raises(
            StateError, match=r"could not be written: the store at .* gave no clear answer, after several attempts"
        ):
            far.create("entries/1", b"ours")
        assert proxy.done["PUT", (BEFORE, 500)] == 8


def test_a_refusal_is_not_repeated(store: FakeStore, site: ObjectStorageSite) -> None:
    store.denied = {"PUT"}
    with pytest.raises(StateError, match="these credentials may not Put"):
        site.requests().create("entries/1", b"ours")
    assert len(store.requests) == 1


def test_the_library_itself_repeats_nothing(store: FakeStore, site: ObjectStorageSite) -> None:
    with lossy_proxy(store.url, once((AFTER, 500))) as proxy:
        site.through(proxy.url).requests().create("entries/1", b"ours")
        assert proxy.calls == 2  # the put, and the read that settles it


def test_a_large_object_is_one_conditional_put(store: FakeStore, site: ObjectStorageSite) -> None:
    """In parts, a put would know no condition."""
    assert site.requests().create("entries/1", b"x" * 12_000_000) is None
    assert [each.method for each in store.requests] == ["PUT"]
    assert store.requests[0].headers["if-none-match"] == "*"


def test_a_store_without_conditions_is_refused(store: FakeStore, site: ObjectStorageSite) -> None:
    store.condition = "x-goog-if-generation-match"  # so it ignores If-None-Match
    with pytest.raises(StateError, match=r"this store at 127\.0\.0\.1 ignores If-None-Match"):
        site.requests().check_conditions("probe/1", b"first", b"second")


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_lost_answer_does_not_fool_the_probe(store: FakeStore, site: ObjectStorageSite, fault: Fault) -> None:
    with lossy_proxy(store.url, once(None, fault)) as proxy:
        site.through(proxy.url).requests().check_conditions("probe/1", b"first", b"second")
    store.condition = "x-goog-if-generation-match"
    with lossy_proxy(store.url, once(None, fault)) as proxy, pytest.raises(StateError, match="ignores If-None-Match"):
        site.through(proxy.url).requests().check_conditions("probe/2", b"first", b"second")


def test_a_role_that_may_not_delete_goes_on(store: FakeStore, site: ObjectStorageSite) -> None:
    site.requests().create("clock/1", b"x")
    store.denied = {"DELETE"}
    site.requests().delete(["clock/1"])
    assert store.names("clock") == ["clock/1"]

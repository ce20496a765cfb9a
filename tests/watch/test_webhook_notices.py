"""Each trouble is reported once, until it ends."""

from __future__ import annotations

from reconciler.model.watch import WatchKind
from reconciler.watch.webhook_notices import MOST_OPEN, Notices
from tests.watch.statuses import event

DRIFT = event(WatchKind.DRIFTED, fingerprint="a")
OTHER_DRIFT = event(WatchKind.DRIFTED, fingerprint="b")
FAILED = event(WatchKind.APPLY_FAILED, fingerprint="a")
RECOVERED = event(WatchKind.RECOVERED)


def test_the_same_trouble_is_due_once_until_it_ends() -> None:
    notices = Notices()
    due = [notices.is_due(each) for each in (DRIFT, DRIFT, OTHER_DRIFT, FAILED, FAILED, DRIFT, RECOVERED, RECOVERED)]
    assert due == [True, False, True, True, False, False, True, False]
    assert notices.is_due(DRIFT)


def test_a_recovery_from_what_was_never_reported_is_not_due() -> None:
    notices = Notices()
    assert not notices.is_due(event(WatchKind.LOOK_FAILED))
    assert not notices.is_due(RECOVERED)


def test_two_manifests_do_not_share_their_troubles() -> None:
    notices = Notices()
    assert notices.is_due(DRIFT)
    assert notices.is_due(event(WatchKind.DRIFTED, "film.yaml", fingerprint="a"))
    assert not notices.is_due(event(WatchKind.RECOVERED, "games.yaml"))


def test_without_a_fingerprint_the_message_and_the_addresses_count() -> None:
    notices = Notices()
    assert notices.is_due(event(WatchKind.REFUSED, message="4 wait", addresses=("hero",)))
    assert not notices.is_due(event(WatchKind.REFUSED, message="4 wait", addresses=("hero",)))
    assert notices.is_due(event(WatchKind.REFUSED, message="5 wait", addresses=("hero",)))


def test_a_lost_webhook_is_due_again() -> None:
    notices = Notices()
    assert notices.is_due(DRIFT)
    notices.forget(DRIFT)
    notices.forget(DRIFT)
    assert notices.is_due(DRIFT)


def test_other_events_are_never_due() -> None:
    kinds = {kind for kind in WatchKind if Notices().is_due(event(kind))}
    assert kinds == {WatchKind.DRIFTED, WatchKind.APPLY_FAILED, WatchKind.REFUSED}


def test_the_memory_is_bounded() -> None:
    notices = Notices()
    for number in range(MOST_OPEN + 1):
        assert notices.is_due(event(WatchKind.DRIFTED, fingerprint=str(number)))
    assert notices.is_due(event(WatchKind.DRIFTED, fingerprint="0"))  # forgotten, so sent once more
    assert not notices.is_due(event(WatchKind.DRIFTED, fingerprint=str(MOST_OPEN)))

"""What follows each answer to a webhook, by tables."""

from __future__ import annotations

import pytest

from reconciler.watch.webhook_retries import PAUSES, Next, Reply, next_step, pause_after


@pytest.mark.parametrize(
    ("reply", "tries", "step"),
    [
        (Reply(200), 1, Next.DELIVERED),
        (Reply(204), 7, Next.DELIVERED),
        (Reply(500), 1, Next.TRY_AGAIN),
        (Reply(503), len(PAUSES), Next.TRY_AGAIN),
        (Reply(503), len(PAUSES) + 1, Next.GIVEN_UP),
        (Reply(429), 1, Next.TRY_AGAIN),
        (Reply(408), 1, Next.TRY_AGAIN),
        (Reply(why="no connection"), 1, Next.TRY_AGAIN),
        (Reply(why="169.254.169.254 is a link-local address", refused=True), 1, Next.GIVEN_UP),
        (Reply(400), 1, Next.GIVEN_UP),
        (Reply(401), 1, Next.GIVEN_UP),
        (Reply(302), 1, Next.GIVEN_UP),
        (Reply(101), 1, Next.GIVEN_UP),
        (Reply(410), 1, Next.GONE),
    ],
)
def test_an_answer_decides_what_follows(reply: Reply, tries: int, step: Next) -> None:
    assert next_step(reply, tries) is step


@pytest.mark.parametrize(
    ("reply", "tries", "chance", "seconds"),
    [
        (Reply(500), 1, 0.5, 1.0),
        (Reply(500), 1, 0.0, 0.8),
        (Reply(500), 2, 1.0, 4.8),
        (Reply(500), 6, 0.5, 900.0),
        (Reply(429, retry_after=30.0), 1, 0.5, 30.0),
        (Reply(429, retry_after=0.0), 2, 0.5, 4.0),
        (Reply(429, retry_after=86400.0), 1, 0.5, 1080.0),
    ],
)
def test_the_pause_grows_and_follows_retry_after_within_limits(
    reply: Reply, tries: int, chance: float, seconds: float
) -> None:
    assert pause_after(reply, tries, chance=chance) == pytest.approx(seconds)


def test_a_reply_is_said_plainly() -> None:
    assert str(Reply(302)) == "HTTP 302, a redirect, which is not followed"
    assert str(Reply(500)) == "HTTP 500"
    assert str(Reply(why="no answer within 20 s")) == "no answer within 20 s"

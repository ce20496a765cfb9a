"""What `voicectl watch` knows: values that its loop makes, and that its log, metrics, probes and webhooks show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from reconciler.values import value


class WatchKind(StrEnum):
    """What happened in the loop. One log line each."""

    STARTED = "started"  # the loop began
    LOOKED = "looked"  # one look at the accounts ended well
    LOOK_FAILED = "look_failed"  # a look failed, or an account could not be looked at
    DRIFTED = "drifted"  # a look found drift or changes that the previous look did not show
    RECOVERED = "recovered"  # everything is as declared again, after drift or a failure
    APPLIED = "applied"  # an apply ended, and nothing failed
    APPLY_FAILED = "apply_failed"  # an apply failed, or left something failed, blocked or uncertain
    REFUSED = "refused"  # a safety rule, a policy or the daily limit stopped an apply before its first call
    MANIFEST_CHANGED = "manifest_changed"  # a changed manifest is in force now
    MANIFEST_BROKEN = "manifest_broken"  # the manifest has errors; the last good one stays in force
    BACKING_OFF = "backing_off"  # a provider is left alone for a while
    STOPPED = "stopped"  # the loop ended


@value
class WatchEvent:
    """One thing that happened. `message` is for people, may quote a cloud, and holds no secrets.

    `fingerprint` is the same for the same trouble, so that it is reported once.
    """

    kind: WatchKind
    at: datetime  # UTC
    manifest: str
    message: str = ""
    provider: str = ""
    addresses: tuple[str, ...] = ()
    counts: Mapping[str, int] | None = None  # drift kind or action -> how many
    fingerprint: str = ""


@value
class WatchStatus:
    """What is known of one manifest after a look or an apply. Counters only grow while the process lives."""

    manifest: str
    voices: Mapping[tuple[str, str], int]  # (provider, record status) -> current voices
    drift: Mapping[tuple[str, str], int]  # (provider, drift kind) -> voices, at the last good look
    changes: Mapping[tuple[str, str], int]  # (provider, planned action) -> changes, at the last good look
    calls: Mapping[tuple[str, str], int]  # (provider, `read`, `paid` or `other`) -> calls that were made
    refusals: Mapping[str, int]  # `safety`, `policy`, `daily_limit`, … -> applies that were stopped
    failures: int = 0  # looks and applies that failed
    last_look: datetime | None = None  # UTC, good or not
    last_good_look: datetime | None = None  # every account of the manifest was looked at
    looking: bool = False  # a look or an apply is under way
    lock: str = "free"  # `free`, `ours`, `other`
    next_expiry: datetime | None = None  # the earliest expiry of a file or voice
    paid_today: int = 0  # paid calls of this UTC day, also of other runs, written in the state
    paid_limit: int | None = None  # --max-paid-calls-per-day; None: this watch only looks
    manifest_broken: bool = False


class WatchListener(Protocol):
    """Receives each event, with what is known of its manifest after it. It must not block for long, nor raise."""

    def __call__(self, event: WatchEvent, status: WatchStatus) -> None: ...

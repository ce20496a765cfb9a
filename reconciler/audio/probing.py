"""Checks a sample behind a link, after one bounded download. The caller passes the download function.

A link that can't be downloaded from this machine is a fault, although the cloud may be able to download it: a probe
must not pass a sample that it did not see. A file that this installation can't measure is a doubt.
"""

from __future__ import annotations

from typing import Protocol

from reconciler.audio.file import AudioFile
from reconciler.audio.inspecting import inspect
from reconciler.audio.limits import MB, AudioLimits, faults, format_fault, size_fault
from reconciler.values import value

LARGEST_DOWNLOAD = 100 * MB  # where the vendor names no size


@value
class Fetched:
    """A finished download."""

    data: bytes  # at most `largest` bytes and one more
    size: int  # bytes of the whole file, as far as it is known
    whole: bool  # whether `data` is the whole file


@value
class NotFetched:
    """A failed download. `why` continues a sentence about the link, without its query: `can't be fetched: …`."""

    why: str
    fault: bool = True  # False: the link could not be checked, and may be valid
    answered: bool = False  # its server replied, with any status


class Fetch(Protocol):
    """Downloads a link."""

    def __call__(self, url: str, *, largest: int) -> Fetched | NotFetched:
        """Sends a GET request without credentials; stops after `largest` bytes and one more."""
        ...


@value
class Probed:
    """The result of a probe. `faults` are proven, `doubts` say what could not be checked; each is a sentence.

    `findings` say what can be heard in the sample. No vendor refuses it for that.
    """

    audio: AudioFile | None = None
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    fetched: bool = True  # False: the faults are about the link, not about the cloud's limits


def probe(url: str, limits: AudioLimits, *, fetch: Fetch) -> Probed:
    """Downloads the sample and checks it against the cloud's limits. Raises nothing of its own."""
    largest = limits.largest if limits.largest is not None else LARGEST_DOWNLOAD
    got = fetch(url, largest=largest)
    if isinstance(got, NotFetched):
        return _not_fetched(got, limits.key)
    if not got.whole:
        return _too_large(got, limits, largest)
    found = inspect(got.data)
    if isinstance(found, AudioFile):
        from reconciler.audio.listening import listen

        heard = tuple(each.message for each in listen(got.data, found, limits))
        return Probed(found, tuple(faults(found, limits)), _doubts(found, limits), heard)
    if not found.unseen:
        return Probed(None, tuple(faults(found, limits)))
    known = format_fault(found, limits)
    outside = tuple(fault for fault in (size_fault(found.size, limits), known) if fault)
    return Probed(None, outside, (f"{limits.key} {found.why}",) if known is None else ())


def reach(url: str, key: str, *, fetch: Fetch, posted: bool = False) -> Probed:
    """Checks only that a link can be opened, for content without known limits.

    `posted`: its cloud will send POST requests to it. Then any reply of the server to a GET request is enough.
    """
    got = fetch(url, largest=0)
    if isinstance(got, Fetched) or (posted and got.answered):
        return Probed()
    return _not_fetched(got, key)


def _not_fetched(got: NotFetched, key: str) -> Probed:
    reasons = (f"{key} {got.why}",)
    return Probed(faults=reasons, fetched=False) if got.fault else Probed(doubts=reasons, fetched=False)


def _doubts(found: AudioFile, limits: AudioLimits) -> tuple[str, ...]:
    """The doubt about a wrong header. voicectl can read the file, but can't correct a file that the cloud downloads."""
    flaws = "; ".join(found.flaws)
    return (f"{limits.key}: {flaws}; its cloud fetches the file as it is, and may refuse it",) if flaws else ()


def _too_large(got: Fetched, limits: AudioLimits, largest: int) -> Probed:
    if limits.largest is None:
        return Probed(None, doubts=(f"{limits.key} is larger than {largest:,} bytes, and was not checked",))
    fault = size_fault(max(got.size, largest + 1), limits)
    return Probed(None, faults=(fault,) if fault else ())

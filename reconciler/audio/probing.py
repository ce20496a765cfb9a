"""A sample behind a link: the same limits, after one bounded download. Whoever calls brings the download.

A link that can't be fetched from here is a fault, though the cloud's own way to it may be better than ours: whoever
asks for a probe wants no green light for what was not seen. What this installation can't look into is a doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reconciler.audio.file import AudioFile
from reconciler.audio.inspecting import inspect
from reconciler.audio.limits import MB, AudioLimits, faults, format_fault, size_fault

LARGEST_DOWNLOAD = 100 * MB  # where the vendor names no size


@dataclass(frozen=True, slots=True)
class Fetched:
    data: bytes  # at most what was asked for, and one byte more
    size: int  # bytes of the whole, as far as it is known
    whole: bool


@dataclass(frozen=True, slots=True)
class NotFetched:
    """`why` goes on where the name of the link stood, and shows no query: `can't be fetched: …`."""

    why: str
    fault: bool = True  # else nothing is known against the link: it could not be looked at
    answered: bool = False  # by its server, whatever it said


class Fetch(Protocol):
    def __call__(self, url: str, *, largest: int) -> Fetched | NotFetched:
        """GET, without credentials; stops after `largest` bytes and one."""
        ...


@dataclass(frozen=True, slots=True)
class Probed:
    """`faults` are proven, `doubts` say what could not be checked; each is a sentence."""

    audio: AudioFile | None = None
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    fetched: bool = True  # else the faults are the link's, and no matter of what its cloud takes


def probe(url: str, limits: AudioLimits, *, fetch: Fetch) -> Probed:
    """Fetches the sample and measures it against what its cloud takes. Raises nothing of its own."""
    largest = limits.largest if limits.largest is not None else LARGEST_DOWNLOAD
    got = fetch(url, largest=largest)
    if isinstance(got, NotFetched):
        return _not_fetched(got, limits.key)
    if not got.whole:
        return _too_large(got, limits, largest)
    found = inspect(got.data)
    if isinstance(found, AudioFile):
        return Probed(found, tuple(faults(found, limits)), _doubts(found, limits))
    if not found.unseen:
        return Probed(None, tuple(faults(found, limits)))
    known = format_fault(found, limits)
    outside = tuple(fault for fault in (size_fault(found.size, limits), known) if fault)
    return Probed(None, outside, (f"{limits.key} {found.why}",) if known is None else ())


def reach(url: str, key: str, *, fetch: Fetch, posted: bool = False) -> Probed:
    """Whether there is something behind a link whose content has no limits that are known here.

    `posted`: its cloud will POST to it. It is only asked whether a server answers, whatever it says to a GET.
    """
    got = fetch(url, largest=0)
    if isinstance(got, Fetched) or (posted and got.answered):
        return Probed()
    return _not_fetched(got, key)


def _not_fetched(got: NotFetched, key: str) -> Probed:
    told = (f"{key} {got.why}",)
    return Probed(faults=told, fetched=False) if got.fault else Probed(doubts=told, fetched=False)


def _doubts(found: AudioFile, limits: AudioLimits) -> tuple[str, ...]:
    """A header that is not true: voicectl reads it right, and can't mend what a cloud fetches by itself."""
    told = "; ".join(found.flaws)
    return (f"{limits.key}: {told}; its cloud fetches the file as it is, and may refuse it",) if told else ()


def _too_large(got: Fetched, limits: AudioLimits, largest: int) -> Probed:
    if limits.largest is None:
        return Probed(None, doubts=(f"{limits.key} is larger than {largest:,} bytes, and was not looked at",))
    fault = size_fault(max(got.size, largest + 1), limits)
    return Probed(None, faults=(fault,) if fault else ())

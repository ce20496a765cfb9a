"""A sample behind a link: the same limits, after one bounded download. Whoever calls brings the download.

What can't be told from here is a doubt, not a fault: the cloud's own way to the link may be better than ours.
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
    """`why` goes on where the name of the link stood, and shows no query: `can't be had: …`."""

    why: str
    lasting: bool  # the link itself is at fault; else the way to it may be


class Fetch(Protocol):
    def __call__(self, url: str, *, largest: int) -> Fetched | NotFetched:
        """GET, without credentials; stops after `largest` bytes and one."""
        ...


@dataclass(frozen=True, slots=True)
class Probed:
    """`faults` are proven, `doubts` say what could not be checked; each is a sentence."""

    audio: AudioFile | None
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def probe(url: str, limits: AudioLimits, *, fetch: Fetch) -> Probed:
    """Fetches the sample and measures it against what its cloud takes. Raises nothing of its own."""
    largest = limits.largest if limits.largest is not None else LARGEST_DOWNLOAD
    got = fetch(url, largest=largest)
    if isinstance(got, NotFetched):
        told = f"{limits.key} {got.why}"
        return Probed(None, faults=(told,)) if got.lasting else Probed(None, doubts=(told,))
    if not got.whole:
        return _too_large(got, limits, largest)
    found = inspect(got.data)
    if isinstance(found, AudioFile):
        return Probed(found, tuple(faults(found, limits)), _doubts(found, limits))
    if not found.unseen:
        return Probed(None, tuple(faults(found, limits)))
    outside = (size_fault(found.size, limits), format_fault(found, limits))
    return Probed(None, tuple(fault for fault in outside if fault), (f"{limits.key} {found.why}",))


def _doubts(found: AudioFile, limits: AudioLimits) -> tuple[str, ...]:
    """A header that is not true: voicectl reads it right, and can't mend what a cloud fetches by itself."""
    told = "; ".join(found.flaws)
    return (f"{limits.key}: {told}; its cloud fetches the file as it is, and may refuse it",) if told else ()


def _too_large(got: Fetched, limits: AudioLimits, largest: int) -> Probed:
    if limits.largest is None:
        return Probed(None, doubts=(f"{limits.key} is larger than {largest:,} bytes, and was not looked at",))
    fault = size_fault(max(got.size, largest + 1), limits)
    return Probed(None, faults=(fault,) if fault else ())

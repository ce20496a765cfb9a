"""Limits for audio samples, with their sources, and the check of a sample against them. Each cloud has its own.

Checks only what was measured, and guesses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from reconciler.audio.file import EXTRA, AudioFile, Unreadable, is_16k_mono_wav
from reconciler.audio.inspecting import converts
from reconciler.values import value

MB = 1024 * 1024
LARGEST_FILE = 256 * MB  # voicectl's own limit where a vendor has none; a larger file is not read
_16K_MONO = "16 kHz mono wav"


@value
class AudioLimits:
    """The limits for one parameter of one API. None, or no formats: the vendor documents no limit."""

    key: str  # the key in the manifest; faults begin with it
    taker: str
    source: str
    formats: tuple[str, ...] = ()
    shortest: float | None = None  # seconds
    longest: float | None = None  # seconds
    below_longest: bool = False  # `longest` itself is too long
    largest: int | None = None  # bytes of the file
    largest_because: str = ""  # the reason, where `largest` follows from another limit of the vendor
    unstated_by: str = ""  # the cloud whose service has the limit and which does not state it: its faults are remarks
    only_16k_mono_wav: bool = False  # the vendor accepts nothing else; voicectl converts `formats` to it
    clean: bool = False  # the vendor asks for a clean voice without noise

    def __post_init__(self) -> None:
        assert self.longest is not None or (self.shortest is None and not self.below_longest)

    @property
    def times(self) -> str:
        """The allowed length in words: `10 to 180 s`; empty if there is no limit."""
        if self.longest is None:
            return ""
        if self.below_longest:
            return f"less than {self.longest:g} s"
        return f"at most {self.longest:g} s" if self.shortest is None else f"{self.shortest:g} to {self.longest:g} s"


@value
class SampleLimits:
    """The limits of one type of cloud, by (method, key). `files`: of local files, where every limit counts."""

    links: Mapping[tuple[str, str], AudioLimits] = field(default_factory=dict)
    files: Mapping[tuple[str, str], tuple[AudioLimits, ...]] = field(default_factory=dict)


def faults(found: AudioFile | Unreadable, limits: AudioLimits) -> list[str]:
    """One sentence for each broken limit, with the measured value and the vendor's limit; empty if the sample fits."""
    found_faults = [size_fault(found.size, limits), format_fault(found, limits)]
    if isinstance(found, AudioFile):
        found_faults += [_cut_off(found, limits), _length_fault(found, limits), _shape_fault(found, limits)]
    elif not found.unseen or (limits.times and found_faults[1] is None):
        found_faults.append(f"{limits.key} {found.why}")
    return [fault for fault in found_faults if fault is not None]


def size_fault(size: int, limits: AudioLimits) -> str | None:
    """The fault of a file larger than its cloud, or voicectl, accepts. Needs only the size, not the file."""
    taker, largest = (limits.taker, limits.largest) if limits.largest is not None else ("voicectl", LARGEST_FILE)
    if size <= largest:
        return None
    because = f": {limits.largest_because}" if limits.largest_because else ""
    return f"{limits.key} is {size:,} bytes; {taker} takes at most {largest / MB:.3g} MB ({largest:,} bytes){because}"


def format_fault(found: AudioFile | Unreadable, limits: AudioLimits) -> str | None:
    """The fault of a file in a format that its cloud does not accept."""
    if not found.container or not limits.formats or found.container in limits.formats:
        return None
    if isinstance(found, AudioFile) and (found.container, found.video) == ("mp4", False) and "m4a" in limits.formats:
        return None  # an mp4 without video is an m4a
    *first, last = limits.formats
    listed = f"{', '.join(first)} and {last}"
    taken = f"{_16K_MONO}, to which voicectl converts {listed}" if limits.only_16k_mono_wav else listed
    return f"{limits.key} is {found.container}; {limits.taker} takes {taken}"


def _cut_off(audio: AudioFile, limits: AudioLimits) -> str | None:
    return f"{limits.key} is cut off: its header announces more than the file holds" if audio.cut_off else None


def _length_fault(audio: AudioFile, limits: AudioLimits) -> str | None:
    if limits.longest is None or _within(audio.seconds, limits):
        return None
    # Show enough digits to make the fault visible: 9.96 s is not "10.0 s long".
    shown = next((d for d in range(1, 6) if not _within(round(audio.seconds, d), limits)), 6)
    why = f" ({'; '.join(audio.flaws)})" if audio.flaws else ""
    return f"{limits.key} is {audio.seconds:.{shown}f} s long; {limits.taker} takes {limits.times}{why}"


def _within(seconds: float, limits: AudioLimits) -> bool:
    longest = limits.longest if limits.longest is not None else seconds
    short_enough = seconds < longest if limits.below_longest else seconds <= longest
    return short_enough and seconds >= (limits.shortest or 0)


def _shape_fault(audio: AudioFile, limits: AudioLimits) -> str | None:
    if not limits.only_16k_mono_wav or is_16k_mono_wav(audio) or converts():
        return None
    taken = f"{limits.taker} takes 16 kHz mono 16-bit wav"
    return f"{limits.key} is {audio}; {taken}, and converting to it takes PyAV: {EXTRA}"

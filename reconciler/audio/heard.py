"""What listening to a sample measures. Collects it from the blocks of the decoded sound."""

from __future__ import annotations

import statistics
from array import array

from reconciler.audio import spectrum
from reconciler.audio.block import Block
from reconciler.audio.channels import ChannelMeter, Channels
from reconciler.audio.clipping import Clipping, ClippingMeter
from reconciler.audio.envelope import FRAME, Envelope, LevelMeter, Span, mean_level
from reconciler.audio.spectrum import Tone
from reconciler.values import value

_EDGES = (0.1, 0.04)  # seconds of a pause in which the room still sounds, or a breath begins
_ENOUGH = 0.2  # seconds of pauses; with less, the quietest frames are taken


@value
class Background:
    """What is heard between the words: noise, a room, music."""

    second: float
    level: float  # dBFS (RMS)


@value
class Heard:
    """The figures of one sample. Levels are in dBFS (RMS)."""

    envelope: Envelope
    voice: float  # the mean level of the voice
    background: Background
    clipping: Clipping | None
    channels: Channels | None
    offset: float  # the mean of all samples; 1 is full scale
    hum: Tone | None
    tone: Tone | None
    narrow: bool  # nothing above 4 kHz


class Listener:
    """Collects the figures. Keeps 34 KB for each second, so the caller limits the seconds."""

    def __init__(self) -> None:
        self._levels, self._clipping, self._channels = LevelMeter(), ClippingMeter(), ChannelMeter()
        self._mono, self._low = array("h"), array("h")

    def add(self, block: Block) -> None:
        self._levels.add(block.mono)
        self._clipping.add(block.rate, block.channels)
        self._channels.add(block.stereo, block.low)
        self._mono += block.mono
        self._low += block.low

    def heard(self) -> Heard:
        envelope = self._levels.envelope()
        return Heard(
            envelope=envelope,
            voice=mean_level(level for span in envelope.voice for level in envelope.within(span)),
            background=_background(envelope),
            clipping=self._clipping.clipping(),
            channels=self._channels.channels(),
            offset=self._channels.offset,
            hum=spectrum.hum(self._low),
            tone=spectrum.tone_in_pauses(self._mono, envelope.pauses),
            narrow=spectrum.is_narrow(self._mono, envelope.voice),
        )


def _background(envelope: Envelope) -> Background:
    """The median level of the pauses, without their edges. A sample with short pauses only: its quietest frames."""
    before, after = _EDGES
    inner = [Span(pause.start + before, pause.end - after) for pause in envelope.pauses]
    inner = [span for span in inner if span.seconds >= FRAME]
    levels = [level for span in inner for level in envelope.within(span)]
    if len(levels) * FRAME >= _ENOUGH:
        return Background(max(inner, key=lambda span: span.seconds).start, statistics.median(levels))
    quietest = min(range(len(envelope.levels)), key=envelope.levels.__getitem__, default=0)
    return Background(quietest * FRAME, envelope.floor)

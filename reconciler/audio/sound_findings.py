"""What should be read before a sample is paid for: one finding for each thing that can be heard, in plain words.

None of them is a refusal: no vendor publishes a figure for noise or level. The thresholds are voicectl's own. They let
recordings pass that people call clean, because a false alarm is worse than a miss.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from reconciler.audio.envelope import DIGITAL_SILENCE, Envelope, Span
from reconciler.audio.file import AudioFile
from reconciler.audio.heard import Heard
from reconciler.audio.limits import AudioLimits
from reconciler.values import value

_SILENT = -60  # dBFS in the loudest half second
_FLAT = 8  # dB between the loudest and the quietest parts; speech has 30, and 10 in loud noise
_LONG_PAUSE = 2.0  # seconds
_CLEAN = 20  # dB from the voice down to the background
_BURIED = 12  # dB; in a louder background, weak parts of a voice look like pauses
_HUM, _TONE = 25, 30  # dB below the voice; what is quieter is not heard beside it
_MOST_OF_IT = 3  # dB: half of the power of the background
_QUIET, _LOUD = -40, -9  # dBFS, mean of the voice
_AIM = -20  # dBFS
_OFFSET = 0.02
_OVERSHOOT = 0.002  # seconds at full scale that a loud mp3 or AAC has although its original was not clipped
_COARSE = ("pcm_u8", "pcm_alaw", "pcm_mulaw")  # their steps are so large that round peaks look flat
_DEAD_CHANNEL = 40  # dB below the other
_LOST_IN_MONO = 6  # dB; two independent channels lose 3
_NOTHING_LEFT = 60  # dB


class Kind(StrEnum):
    SILENT = "silent"
    NO_VOICE = "no-voice"
    SHORT_VOICE = "short-voice"
    PAUSE = "pause"
    CLIPPED = "clipped"
    NOISE = "noise"
    HUM = "hum"
    TONE = "tone"
    QUIET = "quiet"
    LOUD = "loud"
    NARROW = "narrow"
    CHANNELS = "channels"
    OFFSET = "offset"


@value
class SoundFinding:
    """`figure` is in the unit that the message names: dB, seconds, samples. `second`: where it is, or begins."""

    kind: Kind
    second: float
    figure: float
    message: str


def findings(heard: Heard, audio: AudioFile, limits: AudioLimits) -> list[SoundFinding]:
    """All findings about one sample. Empty if it sounds clean."""
    envelope, key = heard.envelope, limits.key
    whole = audio.seconds < envelope.seconds + 1  # else only its first minutes were listened to
    extent = f"from 0.0 s to {'its end' if whole else f'{envelope.seconds:.1f} s'}"
    found = list(_channels(heard, key))
    if envelope.loud < _SILENT:
        if not any(each.figure > _NOTHING_LEFT for each in found):  # else it is silent in mono only
            found.insert(0, _silent(envelope, key, extent))
        return found
    rest = [*_clipped(heard, key, audio), *found, *_offset(heard, key)]
    if envelope.loud - envelope.floor < _FLAT:
        return [_no_voice(envelope, key, extent), *rest]
    buried = heard.voice - heard.background.level < _BURIED
    return [
        *(_short_voice(envelope, limits, audio) if whole and not buried else ()),
        *(_pauses(envelope, key, whole=whole) if not buried else ()),
        *_background(heard, limits),
        *_level(heard, key),
        *_narrow(heard, key, audio),
        *rest,
    ]


def _silent(envelope: Envelope, key: str, extent: str) -> SoundFinding:
    loudest = max(envelope.levels, default=DIGITAL_SILENCE)
    why = "all its samples are equal" if loudest == DIGITAL_SILENCE else f"it is nowhere louder than {loudest:.0f} dBFS"
    return SoundFinding(Kind.SILENT, 0.0, loudest, f"{key} is silent {extent}: {why}")


def _no_voice(envelope: Envelope, key: str, extent: str) -> SoundFinding:
    range_ = envelope.loud - envelope.floor
    changes = f"its level changes by {range_:.0f} dB only {extent}"
    message = f"no voice stands out in {key}: {changes}, as that of a tone, of steady noise or of music does"
    return SoundFinding(Kind.NO_VOICE, 0.0, range_, message)


def _short_voice(envelope: Envelope, limits: AudioLimits, audio: AudioFile) -> Iterator[SoundFinding]:
    key, voice, shortest = limits.key, envelope.speech_seconds, limits.shortest
    if shortest is None or voice >= shortest or audio.seconds < shortest:  # a file that is too short is a fault
        return
    shown = f"{voice:.1f}" if round(voice, 1) < shortest else f"{voice:.2f}"
    doubt = f" (not a limit that {limits.unstated_by} states)" if limits.unstated_by else ""
    message = (
        f"at most {shown} s of {key} are speech, from {envelope.first_voice:.1f} s on, although it is "
        f"{audio.seconds:.1f} s long; {limits.taker} takes {limits.times}{doubt}"
    )
    yield SoundFinding(Kind.SHORT_VOICE, envelope.first_voice, voice, message)


def _pauses(envelope: Envelope, key: str, *, whole: bool) -> Iterator[SoundFinding]:
    """The longest pause of each of three places: the beginning, the middle, the end."""
    end = envelope.seconds
    every = [pause for pause in envelope.pauses if pause.seconds >= _LONG_PAUSE]
    long = [pause for pause in every if pause.start > 0 and pause.end < end]
    for pause in every:
        without = f"{pause.seconds:.1f} s without a voice ({_how_silent(envelope, pause)})"
        if pause.start == 0:
            message = f"{key} begins with {without}; cut them off, up to {pause.end:.1f} s"
            yield SoundFinding(Kind.PAUSE, 0.0, pause.seconds, message)
        elif pause.end >= end and whole:
            message = f"{key} ends with {without}; cut them off, from {pause.start:.1f} s on"
            yield SoundFinding(Kind.PAUSE, pause.start, pause.seconds, message)
    if long:
        longest = max(long, key=lambda pause: pause.seconds)
        more = f", and {len(long) - 1} more of at least {_LONG_PAUSE:g} s" if len(long) > 1 else ""
        silence = _how_silent(envelope, longest)
        message = f"{key} has a pause of {longest.seconds:.1f} s at {longest.start:.1f} s ({silence}){more}"
        yield SoundFinding(Kind.PAUSE, longest.start, longest.seconds, message)


def _how_silent(envelope: Envelope, pause: Span) -> str:
    loudest = max(envelope.within(pause), default=DIGITAL_SILENCE)
    return "digital silence" if loudest == DIGITAL_SILENCE else f"nothing louder than {loudest:.0f} dBFS"


def _clipped(heard: Heard, key: str, audio: AudioFile) -> Iterator[SoundFinding]:
    clipping = heard.clipping
    if clipping is None or (clipping.level < 0 and audio.codec in _COARSE):
        return
    if not audio.codec.startswith("pcm_") and clipping.samples < _OVERSHOOT * audio.rate:
        return
    level = "full scale" if clipping.level == 0 else f"{clipping.level:.1f} dBFS"
    what = f"{clipping.samples:,} samples in {clipping.peaks:,} peak{'s' if clipping.peaks > 1 else ''} at {level}"
    message = f"{key} is clipped at {clipping.second:.1f} s ({what}); record it at a lower level"
    yield SoundFinding(Kind.CLIPPED, clipping.second, clipping.samples, message)


def _background(heard: Heard, limits: AudioLimits) -> Iterator[SoundFinding]:
    """One finding for each cause: noise is reported where no hum or tone explains it."""
    key, noise = limits.key, heard.background
    asked = f"; {limits.taker} asks for a clean voice without noise" if limits.clean else ""
    below, explained = heard.voice - noise.level, False
    if (hum := heard.hum) is not None and heard.voice - hum.level < _HUM:
        explained = hum.level > noise.level - _MOST_OF_IT
        figure = heard.voice - hum.level
        message = f"{key} has a hum of {hum.frequency:.0f} Hz from {hum.second:.1f} s on, {_below(figure)}{asked}"
        yield SoundFinding(Kind.HUM, hum.second, figure, message)
    elif (tone := heard.tone) is not None and heard.voice - tone.level < _TONE:
        explained, figure = True, min(below, heard.voice - tone.level)
        sound = f"a steady tone of about {tone.frequency:.0f} Hz goes on at {tone.second:.1f} s"
        message = f"{key} has music or a machine in its pauses: {sound}, {_below(figure)}{asked}"
        yield SoundFinding(Kind.TONE, tone.second, figure, message)
    if below < _CLEAN and not explained:
        usual = f"a clean recording has at least {_CLEAN} dB"
        message = f"{key} has a loud background: at {noise.second:.1f} s it is {_below(below)}; {usual}{asked}"
        yield SoundFinding(Kind.NOISE, noise.second, below, message)


def _below(decibels: float) -> str:
    return f"only {decibels:.0f} dB below the voice" if decibels >= 1 else "as loud as the voice"


def _level(heard: Heard, key: str) -> Iterator[SoundFinding]:
    at, level = heard.envelope.first_voice, heard.voice
    mean = f"{level:.0f} dBFS on average from {at:.1f} s on"
    if level < _QUIET:
        message = f"the voice in {key} is quiet: {mean}; record it louder, at about {_AIM} dBFS"
        yield SoundFinding(Kind.QUIET, at, level, message)
    elif level > _LOUD:
        message = f"the voice in {key} is too loud to be undistorted: {mean}; record it at about {_AIM} dBFS"
        yield SoundFinding(Kind.LOUD, at, level, message)


def _narrow(heard: Heard, key: str, audio: AudioFile) -> Iterator[SoundFinding]:
    if heard.narrow:
        at, rate = heard.envelope.first_voice, audio.rate / 1000
        why = f"although its sample rate is {rate:g} kHz" if rate > 8 else f"because its sample rate is {rate:g} kHz"
        message = f"{key} has no sound above 4 kHz from {at:.1f} s on, {why}: it sounds like a telephone"
        yield SoundFinding(Kind.NARROW, at, 4.0, message)


def _channels(heard: Heard, key: str) -> Iterator[SoundFinding]:
    channels, at = heard.channels, heard.envelope.first_voice
    if channels is None or max(channels.left, channels.right) < _SILENT:
        return
    apart = abs(channels.left - channels.right)
    if apart >= _DEAD_CHANNEL:
        dead, other = ("left", "right") if channels.left < channels.right else ("right", "left")
        message = f"the {dead} channel of {key} is silent from {at:.1f} s on: {apart:.0f} dB below the {other} one"
        yield SoundFinding(Kind.CHANNELS, at, apart, message)
    lost = channels.lost_in_mono
    if lost >= _LOST_IN_MONO:
        left = "nothing is left" if lost > _NOTHING_LEFT else f"it is {lost:.0f} dB quieter"
        message = (
            f"the two channels of {key} cancel each other out from {at:.1f} s on: mixed to mono, {left}; "
            "one of them has the wrong polarity"
        )
        yield SoundFinding(Kind.CHANNELS, at, lost, message)


def _offset(heard: Heard, key: str) -> Iterator[SoundFinding]:
    if abs(heard.offset) >= _OFFSET:
        share = heard.offset * 100
        message = f"{key} has a DC offset of {share:.1f} % of full scale from 0.0 s on; a high-pass filter removes it"
        yield SoundFinding(Kind.OFFSET, 0.0, share, message)

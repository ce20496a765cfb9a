"""TRTC's two actions for voices: VoiceClone creates a voice with every call, TextToSpeech lets a voice speak.

No action lists or deletes these voices. Source: TRTC's pages VoiceClone and TextToSpeech, and its SDK.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import wave

from reconciler.sandbox.request_context import RequestContext
from reconciler.sandbox.tencent.requests import Action
from reconciler.sandbox.tencent.responses import Json, Refusal

SLOW = frozenset({"VoiceClone"})  # answers once the work is done

_RATE = 16_000  # samples a second, VoiceClone, PromptAudio
_SHORTEST, _LONGEST = 10, 180  # seconds, VoiceClone, PromptAudio
_LONGEST_TEXT = 255  # characters, TextToSpeech, Text
_MILLISECONDS = 60  # of speech, for each character
_SAMPLE_RATES = (16_000, 24_000)
_FORMATS = ("pcm", "wav", "mp3")
_MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x00"  # an ID3 tag without audio


def _clone(context: RequestContext, body: Json) -> Json:
    name = body["VoiceName"]
    if not re.fullmatch(r"[0-9A-Za-z_]{1,36}", name):
        raise Refusal("InvalidParameter.VoiceName", "VoiceName has 1 to 36 digits, letters and underscores.")
    _check_key(body)
    if not re.fullmatch(r"([a-z]{2})?", body.get("Language", "")):
        raise Refusal("InvalidParameter", "Language is not a code of ISO 639-1.")
    _check_sample(body["PromptAudio"])
    if context.faults.pack_exhausted:
        raise Refusal("UnsupportedOperation.NotAllowed", "Not allowed to use. Contact technical personnel.")
    if context.happens("fail", context.faults.fail):
        raise Refusal("UnsupportedOperation.VoiceCloneError", "Sound clone error.")
    voice_id = f"{name}_{context.new_letters('voice', 11)}"
    context.begin(
        name, key=None, seconds=0, task_id=context.new_hex("task", 32), voice_id=voice_id, action="VoiceClone"
    )
    return {"VoiceId": voice_id}


def _check_key(body: Json) -> None:
    if "APIKey" in body and not body["APIKey"].startswith("sk-"):
        raise Refusal("MissingParameter.APIKey", "Invalid api key.")


def _check_sample(sample_base64: str) -> None:
    try:
        with wave.open(io.BytesIO(base64.b64decode(sample_base64, validate=True))) as sample:
            shape = sample.getframerate(), sample.getnchannels(), sample.getsampwidth()
            width = sample.getsampwidth() * sample.getnchannels()
            seconds = len(sample.readframes(sample.getnframes())) / width / sample.getframerate()
    except (binascii.Error, ValueError, EOFError, wave.Error, ZeroDivisionError):
        raise Refusal("InvalidParameter.AudioPrompt", "PromptAudio is not the base64 of a WAV file.") from None
    if shape != (_RATE, 1, 2):
        raise Refusal("InvalidParameter.AudioPrompt", "PromptAudio is not a WAV of 16 kHz, mono, 16 bits.")
    if not _SHORTEST <= seconds <= _LONGEST:
        raise Refusal("InvalidParameter.AudioPrompt", f"PromptAudio must last {_SHORTEST} to {_LONGEST} seconds.")


def _speak(context: RequestContext, body: Json) -> Json:
    text, voice, sound = body["Text"], body["Voice"], body.get("AudioFormat", {})
    if not 1 <= len(text) <= _LONGEST_TEXT:
        raise Refusal("InvalidParameter.TextLength", f"Text has 1 to {_LONGEST_TEXT} characters.")
    _check_key(body)
    for name, low, high in (("Speed", 0.5, 2), ("Volume", 0, 10), ("Pitch", -12, 12)):
        if not low <= voice.get(name, 1) <= high:
            raise Refusal(f"InvalidParameter.{name}", f"{name} must be {low} to {high}.")
    rate, audio_format = sound.get("SampleRate", 24_000), sound.get("Format", "pcm")
    if rate not in _SAMPLE_RATES:
        raise Refusal("InvalidParameter.SampleRate", "SampleRate must be 16000 or 24000.")
    if audio_format not in _FORMATS:
        raise Refusal("InvalidParameter", f"Format must be one of {', '.join(_FORMATS)}.")
    voice_id = voice.get("VoiceId", "")
    if context.living(voice_id) is None:
        raise Refusal(
            "InvalidParameter.VoiceId",
            f"Voice ID '{voice_id}' not found. Please check if the voice exists or create it via voice clone API.",
        )
    milliseconds = _MILLISECONDS * len(text)
    audio = _silence(milliseconds, rate, audio_format)
    return {"Audio": base64.b64encode(audio).decode(), "Alignments": [], "TotalDurationMs": milliseconds}


def _silence(milliseconds: int, rate: int, audio_format: str) -> bytes:
    samples = bytes(2 * rate * milliseconds // 1000)
    if audio_format == "mp3":
        return _MP3
    if audio_format == "pcm":
        return samples
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples)
    return written.getvalue()


_COMMON = {"SdkAppId": int, "APIKey": str, "Model": str, "Language": str}
ACTIONS = {
    "VoiceClone": Action(
        _clone,
        takes={**_COMMON, "VoiceName": str, "PromptAudio": str, "PromptText": str},
        needs=("SdkAppId", "VoiceName", "PromptAudio"),
        application="SdkAppId",
    ),
    "TextToSpeech": Action(
        _speak,
        takes={
            **_COMMON,
            "Text": str,
            "Voice": {"VoiceId": str, "Speed": float, "Volume": float, "Pitch": int},
            "AudioFormat": {"Format": str, "SampleRate": int, "Bitrate": int},
            "PronunciationDict": [{"Word": str, "Pronunciation": str}],
            "AlignmentMode": int,
        },
        needs=("Text", "Voice", "SdkAppId"),
        application="SdkAppId",
    ),
}

"""VOD's voices of MiniMax: listed, changed and deleted by the account that made them, once each was used to speak.

Source: the pages of DescribeVoices, UpdateVoice and DeleteVoice; what an unused voice comes to, MiniMax's.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from reconciler.sandbox.request_context import Turn
from reconciler.sandbox.task import Creation
from reconciler.sandbox.tencent import responses as tencent_shapes
from reconciler.sandbox.tencent.responses import Json, Refusal

_KINDS = ("system", "clone", "design", "all")  # DescribeVoices, VoiceType
_LONGEST_TEXT = 2000  # bytes, TextToSpeechSync, Text
_PLURAL = ("Languages", "Labels", "Scenes")
_SINGLE = ("Description", "Gender", "Age")
_URL_MILLISECONDS = 24 * 3_600_000  # that a link to speech lasts, TextToSpeechSync
_SILENCE = bytes(3200)  # a tenth of a second
_SYSTEM = {
    "sandbox_calm_woman": {"Name": "Calm Woman", "Gender": "female", "Age": "middle_aged", "Languages": ["en"]},
    "sandbox_young_man": {"Name": "Young Man", "Gender": "male", "Age": "youth", "Languages": ["en", "zh"]},
}


def described(turn: Turn, body: Json) -> Json:
    kind = body.get("VoiceType", "all")
    if kind not in _KINDS:
        raise Refusal("InvalidParameterValue", f"VoiceType must be one of {', '.join(_KINDS)}.")
    wishes = _wishes(body)
    voices: list[Json] = []
    if kind in ("system", "all"):
        voices += [_system(voice_id) for voice_id in _SYSTEM]
    if kind in ("clone", "all"):
        if body.get("VoiceId"):
            found = _known(turn, body["VoiceId"])
            voices += [_voice(found)] if found is not None and _is_shown(found) else []
        else:
            voices += [_voice(found) for found in turn.voices("CloneVoiceAsync") if _is_shown(found)]
    shown = [voice for voice in voices if _fits(voice, body, wishes)]
    return {"Voices": shown, "TotalCount": len(shown)}


def updated(turn: Turn, body: Json) -> Json:
    """What is not told stays as it is, or is emptied: `update_clears`."""
    found = _shown(turn, body["VoiceId"])
    told, fields = found.details, body["VoiceFields"]
    kept, name = ({}, "") if turn.faults.update_clears else (told["profile"], found.voice_name)
    profile = kept | {name.lower(): fields[name] for name in (*_SINGLE, *_PLURAL) if name in fields}
    told |= {"profile": profile, "audio_url": fields.get("AudioUrl", told.get("audio_url", ""))}
    return {"Voice": _voice(turn.tell(found, told, voice_name=fields.get("Name", name)))}


def deleted(turn: Turn, body: Json) -> Json:
    if body["VoiceId"] in _SYSTEM:
        raise Refusal("UnsupportedOperation", "A system voice can't be deleted.")
    turn.delete(_shown(turn, body["VoiceId"]))
    return {}


def spoken(turn: Turn, body: Json) -> Json:
    """The first time makes the voice one that stays, and is listed."""
    text, voice_id = body["Text"], body["VoiceId"]
    if not 1 <= len(text.encode()) <= _LONGEST_TEXT:
        raise Refusal("InvalidParameterValue", f"Text has 1 to {_LONGEST_TEXT} bytes.")
    form = body.get("Output", {}).get("Type", "url")
    if form not in ("url", "hex"):
        raise Refusal("InvalidParameterValue", "Output.Type must be url or hex.")
    _wishes(body)
    if voice_id not in _SYSTEM:
        found = _known(turn, voice_id)
        if found is None:
            raise _unknown(turn)
        turn.use(found)
    expires = (turn.now + _URL_MILLISECONDS) // 1000
    url = f"https://vod.sandbox.invalid/speech/{turn.new_hex('speech', 16)}.wav?Expires={expires}"
    told = tencent_shapes.text({"characters": len(text)})
    if form == "hex":  # base64, whatever it is called
        return {"AudioData": base64.b64encode(_SILENCE).decode(), "AudioUrl": "", "ExtInfo": told}
    return {"AudioData": "", "AudioUrl": url, "ExtInfo": told}


def _known(turn: Turn, voice_id: str) -> Creation | None:
    """The voice, while it lasts: one that is not used in time is no more."""
    found = turn.living(voice_id)
    if found is None or found.action != "CloneVoiceAsync":
        return None
    ends = (found.ended_at or 0) + round(turn.faults.unused_seconds * 1000)
    return found if found.used_at is not None or turn.now < ends else None


def _is_shown(found: Creation) -> bool:
    return found.used_at is not None


def _shown(turn: Turn, voice_id: str) -> Creation:
    found = _known(turn, voice_id)
    if found is None or not _is_shown(found):
        raise _unknown(turn)
    return found


def _unknown(turn: Turn) -> Refusal:
    return Refusal(turn.faults.unknown_voice.value, "The voice does not exist.")


def _voice(found: Creation) -> Json:
    told = found.details
    profile = told["profile"]
    return {
        "VoiceId": found.voice_id,
        "Name": found.voice_name,
        "Description": profile.get("description", ""),
        "Category": "clone",
        "Gender": profile.get("gender", "unknown"),
        "Age": profile.get("age", "unknown"),
        **{name: profile.get(name.lower(), []) for name in _PLURAL},
        "AudioUrl": told.get("audio_url", ""),
    }


def _system(voice_id: str) -> Json:
    empty: Json = {"Description": "", "Category": "system", "Labels": [], "Scenes": [], "AudioUrl": ""}
    return {"VoiceId": voice_id, **empty, **_SYSTEM[voice_id]}


def _fits(voice: Json, body: Json, wishes: Json) -> bool:
    if body.get("VoiceId") and voice["VoiceId"] != body["VoiceId"]:
        return False
    if body.get("VoiceName") and voice["Name"] != body["VoiceName"]:
        return False
    if any(body.get(name) and voice[name] != body[name] for name in _SINGLE):
        return False
    if str(wishes.get("voiceName", "")).lower() not in voice["Name"].lower():
        return False
    labels = wishes.get("labels")
    wanted = {name: body.get(name, []) for name in _PLURAL}
    wanted["Labels"] = [*wanted["Labels"], *(labels if isinstance(labels, list) else [])]
    return all(set(words) <= set(voice[name]) for name, words in wanted.items())


def _wishes(body: Json) -> Json:
    try:
        parsed: Any = json.loads(body.get("ExtParam") or "{}")
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise Refusal("InvalidParameterValue", "ExtParam is not a JSON object.")
    return parsed

"""VOD's voices of MiniMax: listed, changed and deleted by the account that made them, once each was used to speak.

Source: the pages of DescribeVoices, UpdateVoice and DeleteVoice; what an unused voice comes to, MiniMax's.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from reconciler.sandbox.request_context import RequestContext
from reconciler.sandbox.task import Creation
from reconciler.sandbox.tencent import responses
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


def describe(context: RequestContext, body: Json) -> Json:
    kind = body.get("VoiceType", "all")
    if kind not in _KINDS:
        raise Refusal("InvalidParameterValue", f"VoiceType must be one of {', '.join(_KINDS)}.")
    wishes = _wishes(body)
    voices: list[Json] = []
    if kind in ("system", "all"):
        voices += [_system(voice_id) for voice_id in _SYSTEM]
    if kind in ("clone", "all"):
        if body.get("VoiceId"):
            found = _known(context, body["VoiceId"])
            voices += [_voice(found)] if found is not None and _is_shown(found) else []
        else:
            voices += [_voice(found) for found in context.voices("CloneVoiceAsync") if _is_shown(found)]
    shown = [voice for voice in voices if _fits(voice, body, wishes)]
    return {"Voices": shown, "TotalCount": len(shown)}


def update(context: RequestContext, body: Json) -> Json:
    """UpdateVoice. A field that the request leaves out keeps its value, or is emptied where `update_clears` is on."""
    found = _shown(context, body["VoiceId"])
    details, fields = found.details, body["VoiceFields"]
    kept, name = ({}, "") if context.faults.update_clears else (details["profile"], found.voice_name)
    profile = kept | {name.lower(): fields[name] for name in (*_SINGLE, *_PLURAL) if name in fields}
    details |= {"profile": profile, "audio_url": fields.get("AudioUrl", details.get("audio_url", ""))}
    return {"Voice": _voice(context.set_details(found, details, voice_name=fields.get("Name", name)))}


def delete(context: RequestContext, body: Json) -> Json:
    if body["VoiceId"] in _SYSTEM:
        raise Refusal("UnsupportedOperation", "A system voice can't be deleted.")
    context.delete(_shown(context, body["VoiceId"]))
    return {}


def speak(context: RequestContext, body: Json) -> Json:
    """The first time makes the voice one that stays, and is listed."""
    text, voice_id = body["Text"], body["VoiceId"]
    if not 1 <= len(text.encode()) <= _LONGEST_TEXT:
        raise Refusal("InvalidParameterValue", f"Text has 1 to {_LONGEST_TEXT} bytes.")
    form = body.get("Output", {}).get("Type", "url")
    if form not in ("url", "hex"):
        raise Refusal("InvalidParameterValue", "Output.Type must be url or hex.")
    _wishes(body)
    if voice_id not in _SYSTEM:
        found = _known(context, voice_id)
        if found is None:
            raise _unknown(context)
        context.use(found)
    expires = (context.now + _URL_MILLISECONDS) // 1000
    url = f"https://vod.sandbox.invalid/speech/{context.new_hex('speech', 16)}.wav?Expires={expires}"
    ext_info = responses.text({"characters": len(text)})
    if form == "hex":  # base64, whatever it is called
        return {"AudioData": base64.b64encode(_SILENCE).decode(), "AudioUrl": "", "ExtInfo": ext_info}
    return {"AudioData": "", "AudioUrl": url, "ExtInfo": ext_info}


def _known(context: RequestContext, voice_id: str) -> Creation | None:
    """The voice, while it lasts: one that is not used in time is no more."""
    found = context.living(voice_id)
    if found is None or found.action != "CloneVoiceAsync":
        return None
    ends = (found.ended_at or 0) + round(context.faults.unused_seconds * 1000)
    return found if found.used_at is not None or context.now < ends else None


def _is_shown(found: Creation) -> bool:
    return found.used_at is not None


def _shown(context: RequestContext, voice_id: str) -> Creation:
    found = _known(context, voice_id)
    if found is None or not _is_shown(found):
        raise _unknown(context)
    return found


def _unknown(context: RequestContext) -> Refusal:
    return Refusal(context.faults.unknown_voice.value, "The voice does not exist.")


def _voice(found: Creation) -> Json:
    details = found.details
    profile = details["profile"]
    return {
        "VoiceId": found.voice_id,
        "Name": found.voice_name,
        "Description": profile.get("description", ""),
        "Category": "clone",
        "Gender": profile.get("gender", "unknown"),
        "Age": profile.get("age", "unknown"),
        **{name: profile.get(name.lower(), []) for name in _PLURAL},
        "AudioUrl": details.get("audio_url", ""),
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

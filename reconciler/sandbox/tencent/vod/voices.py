"""VOD's voices of MiniMax. An account can list, change and delete a voice only after its first use.

Source: the pages DescribeVoices, UpdateVoice and DeleteVoice; for unused voices, MiniMax's docs.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from reconciler.sandbox.request_context import RequestContext
from reconciler.sandbox.task import Task
from reconciler.sandbox.tencent import responses
from reconciler.sandbox.tencent.responses import Json, Refusal

_KINDS = ("system", "clone", "design", "all")  # DescribeVoices, VoiceType
_LONGEST_TEXT = 2000  # bytes, TextToSpeechSync, Text
_PLURAL = ("Languages", "Labels", "Scenes")
_SINGLE = ("Description", "Gender", "Age")
_URL_MILLISECONDS = 24 * 3_600_000  # how long the URL of speech is valid, TextToSpeechSync
_SILENCE = bytes(3200)  # a tenth of a second
_SYSTEM = {
    "sandbox_calm_woman": {"Name": "Calm Woman", "Gender": "female", "Age": "middle_aged", "Languages": ["en"]},
    "sandbox_young_man": {"Name": "Young Man", "Gender": "male", "Age": "youth", "Languages": ["en", "zh"]},
}


def describe(context: RequestContext, body: Json) -> Json:
    """DescribeVoices."""
    kind = body.get("VoiceType", "all")
    if kind not in _KINDS:
        raise Refusal("InvalidParameterValue", f"VoiceType must be one of {', '.join(_KINDS)}.")
    ext_param = _ext_param(body)
    voices: list[Json] = []
    if kind in ("system", "all"):
        voices += [_system_voice(voice_id) for voice_id in _SYSTEM]
    if kind in ("clone", "all"):
        if body.get("VoiceId"):
            voice_task = _find_voice(context, body["VoiceId"])
            voices += [_voice(voice_task)] if voice_task is not None and _is_listed(voice_task) else []
        else:
            voices += [_voice(voice_task) for voice_task in context.voices("CloneVoiceAsync") if _is_listed(voice_task)]
    shown = [voice for voice in voices if _matches_filter(voice, body, ext_param)]
    return {"Voices": shown, "TotalCount": len(shown)}


def update(context: RequestContext, body: Json) -> Json:
    """UpdateVoice. A field that the request leaves out keeps its value, or is emptied where `update_clears` is on."""
    voice_task = _find_listed_voice(context, body["VoiceId"])
    details, fields = voice_task.details, body["VoiceFields"]
    kept, name = ({}, "") if context.faults.update_clears else (details["profile"], voice_task.voice_name)
    profile = kept | {name.lower(): fields[name] for name in (*_SINGLE, *_PLURAL) if name in fields}
    details |= {"profile": profile, "audio_url": fields.get("AudioUrl", details.get("audio_url", ""))}
    return {"Voice": _voice(context.set_details(voice_task, details, voice_name=fields.get("Name", name)))}


def delete(context: RequestContext, body: Json) -> Json:
    """DeleteVoice."""
    if body["VoiceId"] in _SYSTEM:
        raise Refusal("UnsupportedOperation", "A system voice can't be deleted.")
    context.delete(_find_listed_voice(context, body["VoiceId"]))
    return {}


def speak(context: RequestContext, body: Json) -> Json:
    """TextToSpeechSync. After the first use, the voice is kept and listed."""
    text, voice_id = body["Text"], body["VoiceId"]
    if not 1 <= len(text.encode()) <= _LONGEST_TEXT:
        raise Refusal("InvalidParameterValue", f"Text has 1 to {_LONGEST_TEXT} bytes.")
    form = body.get("Output", {}).get("Type", "url")
    if form not in ("url", "hex"):
        raise Refusal("InvalidParameterValue", "Output.Type must be url or hex.")
    _ext_param(body)
    if voice_id not in _SYSTEM:
        voice_task = _find_voice(context, voice_id)
        if voice_task is None:
            raise _not_found(context)
        context.use(voice_task)
    expires = (context.now + _URL_MILLISECONDS) // 1000
    url = f"https://vod.sandbox.invalid/speech/{context.new_hex('speech', 16)}.wav?Expires={expires}"
    ext_info = responses.json_text({"characters": len(text)})
    if form == "hex":  # base64, in spite of its name
        return {"AudioData": base64.b64encode(_SILENCE).decode(), "AudioUrl": "", "ExtInfo": ext_info}
    return {"AudioData": "", "AudioUrl": url, "ExtInfo": ext_info}


def _find_voice(context: RequestContext, voice_id: str) -> Task | None:
    """The voice, if it exists. A voice that is not used in time is deleted."""
    voice_task = context.living(voice_id)
    if voice_task is None or voice_task.action != "CloneVoiceAsync":
        return None
    ends = (voice_task.ended_at or 0) + round(context.faults.unused_seconds * 1000)
    return voice_task if voice_task.used_at is not None or context.now < ends else None


def _is_listed(voice_task: Task) -> bool:
    return voice_task.used_at is not None


def _find_listed_voice(context: RequestContext, voice_id: str) -> Task:
    voice_task = _find_voice(context, voice_id)
    if voice_task is None or not _is_listed(voice_task):
        raise _not_found(context)
    return voice_task


def _not_found(context: RequestContext) -> Refusal:
    return Refusal(context.faults.unknown_voice.value, "The voice does not exist.")


def _voice(voice_task: Task) -> Json:
    details = voice_task.details
    profile = details["profile"]
    return {
        "VoiceId": voice_task.voice_id,
        "Name": voice_task.voice_name,
        "Description": profile.get("description", ""),
        "Category": "clone",
        "Gender": profile.get("gender", "unknown"),
        "Age": profile.get("age", "unknown"),
        **{name: profile.get(name.lower(), []) for name in _PLURAL},
        "AudioUrl": details.get("audio_url", ""),
    }


def _system_voice(voice_id: str) -> Json:
    empty: Json = {"Description": "", "Category": "system", "Labels": [], "Scenes": [], "AudioUrl": ""}
    return {"VoiceId": voice_id, **empty, **_SYSTEM[voice_id]}


def _matches_filter(voice: Json, body: Json, ext_param: Json) -> bool:
    if body.get("VoiceId") and voice["VoiceId"] != body["VoiceId"]:
        return False
    if body.get("VoiceName") and voice["Name"] != body["VoiceName"]:
        return False
    if any(body.get(name) and voice[name] != body[name] for name in _SINGLE):
        return False
    if str(ext_param.get("voiceName", "")).lower() not in voice["Name"].lower():
        return False
    labels = ext_param.get("labels")
    wanted = {name: body.get(name, []) for name in _PLURAL}
    wanted["Labels"] = [*wanted["Labels"], *(labels if isinstance(labels, list) else [])]
    return all(set(words) <= set(voice[name]) for name, words in wanted.items())


def _ext_param(body: Json) -> Json:
    try:
        parsed: Any = json.loads(body.get("ExtParam") or "{}")
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise Refusal("InvalidParameterValue", "ExtParam is not a JSON object.")
    return parsed

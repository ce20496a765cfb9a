"""A declared voice or sound as the request that makes it. Pure, but for the bytes of a local file.

One family of actions takes SubAppId as a number, the MiniMax family as text.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from reconciler.audio.converting import without_flaws
from reconciler.model.manifest import Voice
from reconciler.providers.local_files import bytes_of

Body = dict[str, Any]  # JSON

ACTIONS = {
    "create": "CreateAigcCustomVoice",
    "clone": "CreateAigcAudioClone",
    "clone-minimax": "CloneVoiceAsync",
    "task": "CreateAigcAudioTask",
}
_CREATE = {
    "voice_name": "VoiceName",
    "voice_url": "VoiceUrl",
    "video_id": "VideoId",
    "session_context": "SessionContext",
    "tasks_priority": "TasksPriority",
}
_CLONE = {
    "voice_id": "VoiceId",
    "text": "Text",
    "prompt_text": "PromptText",
    "payload": "Payload",
    "session_context": "SessionContext",
    "tasks_priority": "TasksPriority",
    "ext_info": "ExtInfo",
}
_TASK = {"model_name": "ModelName", "model_version": "ModelVersion", "scene_type": "SceneType", "prompt": "Prompt"}
_OUTPUT = {
    "storage_mode": "StorageMode",
    "media_name": "MediaName",
    "class_id": "ClassId",
    "expire_time": "ExpireTime",
    "duration": "Duration",
    "format": "OutputAudioFormat",
}
_FIELDS = {
    "name": "Name",
    "description": "Description",
    "gender": "Gender",
    "age": "Age",
    "languages": "Languages",
    "labels": "Labels",
    "scenes": "Scenes",
}
_CLEARED: Mapping[str, object] = {"gender": "unknown", "age": "unknown", "languages": [], "labels": [], "scenes": []}


def creation(voice: Voice, key: str, *, sub_app_id: int) -> Body:
    """The body of the voice's action. `key` travels as SessionId where there is one, and in MiniMax's labels."""
    inputs = voice.inputs
    match voice.method:
        case "create":
            body: Body = {"SubAppId": sub_app_id} | _named(inputs, _CREATE) | {"SessionId": key}
            if "disable_moderation" in inputs:
                body["DisableModeration"] = str(inputs["disable_moderation"])  # "True" or "False": text, there
            return body
        case "clone":
            body = {"SubAppId": sub_app_id, "AudioFileInfo": _source(inputs["audio"])} | _named(inputs, _CLONE)
            if "prompt_audio" in inputs:
                body["PromptAudioFileInfo"] = _source(inputs["prompt_audio"])
            return body | {"SessionId": key}
        case "clone-minimax":
            return _minimax(voice, key) | {"SubAppId": str(sub_app_id), "SessionId": key}
        case "task":
            return {"SubAppId": sub_app_id} | _sound(inputs)
        case _:
            raise ValueError(f"VOD makes nothing by {voice.method}")


def changes(sent: Mapping[str, Any], fields: Mapping[str, Any], *, marker: str) -> Body:
    """VoiceFields of UpdateVoice, whole: the vendor doesn't say whether what is left out is kept or cleared.

    `sent` is what the last request sent. An input that is not declared any more is cleared. The marker stays a label.
    """
    changed = {key: _CLEARED.get(key, "") if value is None else value for key, value in fields.items()}
    whole = {key: sent[key] for key in _FIELDS if key in sent} | changed
    return _named(whole | {"labels": [*whole.get("labels", []), marker]}, _FIELDS)


def _minimax(voice: Voice, key: str) -> Body:
    inputs, audio = voice.inputs, voice.inputs["audio"]
    body: Body = {}
    if "file" in audio:
        body["AudioData"] = base64.b64encode(without_flaws(bytes_of(voice, "audio"))).decode()
    elif "url" in audio:
        body["AudioUrl"] = audio["url"]
    else:
        body["AudioFileId"] = audio["file_id"]
    profile = {name: inputs[name] for name in _FIELDS if name in inputs}
    profile["labels"] = [*inputs.get("labels", []), key]  # the one place that a list shows later
    options = {name: inputs[name] for name in ("text", "tts_model", "text_lang") if name in inputs}
    if "language_boost" in inputs:
        body["LanguageBoost"] = inputs["language_boost"]
    return body | {"ExtParam": _json(options | {"voice_profile": profile})}


def _sound(inputs: Mapping[str, Any]) -> Body:
    body: Body = _named(inputs, _TASK)
    for key, name in (("videos", "VideoInfos"), ("audios", "AudioInfos")):
        if key in inputs:
            body[name] = [_source(source) for source in inputs[key]]
    if "output" in inputs:
        body["OutputConfig"] = _named(inputs["output"], _OUTPUT)
    if "additional_parameters" in inputs:
        body["AdditionalParameters"] = _json(inputs["additional_parameters"])
    return body


def _source(source: Mapping[str, str]) -> Body:
    if "url" in source:
        return {"Type": "Url", "Url": source["url"]}
    return {"Type": "File", "FileId": source["file_id"]}


def _named(inputs: Mapping[str, Any], names: Mapping[str, str]) -> Body:
    return {name: inputs[key] for key, name in names.items() if key in inputs}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

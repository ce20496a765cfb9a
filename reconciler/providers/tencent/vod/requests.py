"""Builds the request body for a declared voice or sound. Reads local files, and does nothing else outside.

The actions for MiniMax take SubAppId as text, all others as a number.
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
_VOICE_FIELDS = {
    "name": "Name",
    "description": "Description",
    "gender": "Gender",
    "age": "Age",
    "languages": "Languages",
    "labels": "Labels",
    "scenes": "Scenes",
}
_CLEARED_VALUES: Mapping[str, object] = {
    "gender": "unknown",
    "age": "unknown",
    "languages": [],
    "labels": [],
    "scenes": [],
}


def creation(voice: Voice, key: str, *, sub_app_id: int) -> Body:
    """The body of the creating action. `key` is sent as SessionId, if the action has one, and in MiniMax's labels."""
    inputs = voice.inputs
    match voice.method:
        case "create":
            body: Body = {"SubAppId": sub_app_id} | _rename_keys(inputs, _CREATE) | {"SessionId": key}
            if "disable_moderation" in inputs:
                body["DisableModeration"] = str(inputs["disable_moderation"])  # the API takes "True" or "False" as text
            return body
        case "clone":
            body = {"SubAppId": sub_app_id, "AudioFileInfo": _source(inputs["audio"])} | _rename_keys(inputs, _CLONE)
            if "prompt_audio" in inputs:
                body["PromptAudioFileInfo"] = _source(inputs["prompt_audio"])
            return body | {"SessionId": key}
        case "clone-minimax":
            return _minimax(voice, key) | {"SubAppId": str(sub_app_id), "SessionId": key}
        case "task":
            return {"SubAppId": sub_app_id} | _audio_task(inputs)
        case _:
            raise ValueError(f"VOD makes nothing by {voice.method}")


def changes(sent: Mapping[str, Any], fields: Mapping[str, Any], *, marker: str) -> Body:
    """All VoiceFields of UpdateVoice. The docs don't say whether a field that is left out is kept or cleared.

    `sent` is what the last request sent. An input that the manifest does not declare now is
    cleared. The marker stays among the labels.
    """
    changed = {key: _CLEARED_VALUES.get(key, "") if value is None else value for key, value in fields.items()}
    all_fields = {key: sent[key] for key in _VOICE_FIELDS if key in sent} | changed
    return _rename_keys(all_fields | {"labels": [*all_fields.get("labels", []), marker]}, _VOICE_FIELDS)


def _minimax(voice: Voice, key: str) -> Body:
    inputs, audio = voice.inputs, voice.inputs["audio"]
    body: Body = {}
    if "file" in audio:
        body["AudioData"] = base64.b64encode(without_flaws(bytes_of(voice, "audio"))).decode()
    elif "url" in audio:
        body["AudioUrl"] = audio["url"]
    else:
        body["AudioFileId"] = audio["file_id"]
    profile = {name: inputs[name] for name in _VOICE_FIELDS if name in inputs}
    profile["labels"] = [*inputs.get("labels", []), key]  # the only field of ours that the list shows
    options = {name: inputs[name] for name in ("text", "tts_model", "text_lang") if name in inputs}
    if "language_boost" in inputs:
        body["LanguageBoost"] = inputs["language_boost"]
    return body | {"ExtParam": _json(options | {"voice_profile": profile})}


def _audio_task(inputs: Mapping[str, Any]) -> Body:
    body: Body = _rename_keys(inputs, _TASK)
    for key, name in (("videos", "VideoInfos"), ("audios", "AudioInfos")):
        if key in inputs:
            body[name] = [_source(source) for source in inputs[key]]
    if "output" in inputs:
        body["OutputConfig"] = _rename_keys(inputs["output"], _OUTPUT)
    if "additional_parameters" in inputs:
        body["AdditionalParameters"] = _json(inputs["additional_parameters"])
    return body


def _source(source: Mapping[str, str]) -> Body:
    if "url" in source:
        return {"Type": "Url", "Url": source["url"]}
    return {"Type": "File", "FileId": source["file_id"]}


def _rename_keys(inputs: Mapping[str, Any], names: Mapping[str, str]) -> Body:
    return {name: inputs[key] for key, name in names.items() if key in inputs}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

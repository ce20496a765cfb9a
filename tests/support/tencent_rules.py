"""What Tencent Cloud accepts and refuses, from the vendor's documents: no HTTP, no sockets, no state.

Independent of the adapters: nothing here imports the package. Parameters are listed as name -> Python type of the JSON
value; a parameter that is not listed is an error, as at the vendor.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import re
import wave
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

VOD, TRTC = ("vod", "2018-07-17"), ("trtc", "2019-07-22")
_MAX_SKEW = 300  # seconds between the clock of the caller and ours
_MAX_BODY = 10 * 1024 * 1024

Kinds = Mapping[str, type | tuple[type, ...]]
_SESSION: Kinds = {"SessionId": str, "SessionContext": str, "TasksPriority": int}
_FIELDS: Kinds = {
    "Name": str, "Description": str, "Gender": str, "Age": str,
    "Languages": list, "Labels": list, "Scenes": list, "AudioUrl": str,
}  # fmt: skip
TAKES: Mapping[str, Kinds] = {
    "CreateAigcCustomVoice": {
        "SubAppId": int, "VoiceName": str, "VoiceUrl": str, "VideoId": str, "DisableModeration": str, **_SESSION,
    },
    "CreateAigcAudioClone": {
        "SubAppId": int, "AudioFileInfo": dict, "VoiceId": str, "Text": str, "PromptAudioFileInfo": dict,
        "PromptText": str, "Payload": str, "ExtInfo": str, **_SESSION,
    },
    "CloneVoiceAsync": {
        "SubAppId": str, "AudioData": str, "AudioUrl": str, "AudioFileId": str, "LanguageBoost": str, "ExtParam": str,
        "SessionId": str, "SessionContext": str,
    },
    "CreateAigcAudioTask": {
        "SubAppId": int, "ModelName": str, "ModelVersion": str, "SceneType": str, "Prompt": str, "VideoInfos": list,
        "AudioInfos": list, "OutputConfig": dict, "AdditionalParameters": str,
    },
    "DescribeTaskDetail": {"SubAppId": int, "TaskId": str},
    "DescribeTasks": {
        "SubAppId": int, "Status": str, "FileId": str, "CreateTime": dict, "FinishTime": dict, "Sort": dict,
        "Limit": int, "ScrollToken": str,
    },
    "DescribeVoices": {
        "SubAppId": str, "VoiceId": str, "VoiceType": str, "VoiceName": str, "Description": str, "Gender": str,
        "Age": str, "Languages": list, "Labels": list, "Scenes": list, "ExtParam": str,
    },
    "DeleteVoice": {"SubAppId": str, "VoiceId": str},
    "UpdateVoice": {"SubAppId": str, "VoiceId": str, "VoiceFields": dict, "ExtParam": str},
    "TextToSpeechSync": {
        "SubAppId": str, "Text": str, "VoiceId": str, "LanguageBoost": str, "Output": dict, "ExtParam": str,
    },
    "VoiceClone": {
        "SdkAppId": int, "VoiceName": str, "PromptAudio": str, "APIKey": str, "PromptText": str, "Model": str,
        "Language": str,
    },
    "TextToSpeech": {
        "SdkAppId": int, "Text": str, "Voice": dict, "AudioFormat": dict, "APIKey": str, "Model": str, "Language": str,
        "PronunciationDict": list, "AlignmentMode": str,
    },
}  # fmt: skip
_NESTED: Mapping[str, Kinds] = {
    "AudioFileInfo": {"Type": str, "FileId": str, "Url": str},
    "PromptAudioFileInfo": {"Type": str, "FileId": str, "Url": str},
    "VideoInfos": {"Type": str, "FileId": str, "Url": str},
    "AudioInfos": {"Type": str, "FileId": str, "Url": str},
    "OutputConfig": {
        "StorageMode": str, "MediaName": str, "ClassId": int, "ExpireTime": str, "Duration": int,
        "OutputAudioFormat": str,
    },
    "CreateTime": {"After": str, "Before": str},
    "FinishTime": {"After": str, "Before": str},
    "Sort": {"Field": str, "Order": str},
    "VoiceFields": _FIELDS,
    "Output": {"Type": str},
    "Voice": {"VoiceId": str, "Speed": (int, float), "Volume": (int, float), "Pitch": (int, float)},
    "AudioFormat": {"Format": str, "SampleRate": int, "Bitrate": int},
}  # fmt: skip
NEEDS: Mapping[str, tuple[str, ...]] = {
    "CreateAigcAudioClone": ("SubAppId", "AudioFileInfo", "VoiceId", "Text"),
    "DescribeTaskDetail": ("TaskId",),
    "DeleteVoice": ("VoiceId",),
    "UpdateVoice": ("VoiceId", "VoiceFields"),
    "TextToSpeechSync": ("Text", "VoiceId"),
    "VoiceClone": ("SdkAppId", "VoiceName", "PromptAudio"),
    "TextToSpeech": ("SdkAppId", "Text", "Voice"),
}
_PROFILE: Kinds = {
    "name": str, "description": str, "gender": str, "age": str, "languages": list, "labels": list, "scenes": list,
}  # fmt: skip
_CLONE_EXT: Kinds = {"text": str, "model": str, "tts_model": str, "text_lang": str, "voice_profile": dict}


class Refusal(Exception):
    """An error inside of the vendor's response; the HTTP status is 200."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def action_of(asked: str, headers: Mapping[str, str], content: bytes, *, keys: Mapping[str, str], now: float) -> str:
    """Checks the signature of a request, and returns its action."""
    if asked != "POST /":
        raise Refusal("UnsupportedProtocol", asked)
    service = check_signature(headers, content, keys=keys, now=now)
    action, version = headers.get("x-tc-action", ""), headers.get("x-tc-version", "")
    if (service, version) not in (VOD, TRTC):
        raise Refusal("NoSuchVersion", f"{service} has no version {version}")
    trtc = action in ("VoiceClone", "TextToSpeech")
    if action not in TAKES or trtc != ((service, version) == TRTC):
        raise Refusal("InvalidAction", f"{service} {version} has no {action}")
    if trtc and headers.get("x-tc-region") != "ap-singapore":
        raise Refusal("UnsupportedRegion", f"no region {headers.get('x-tc-region')}")
    return action


def check_signature(headers: Mapping[str, str], content: bytes, *, keys: Mapping[str, str], now: float) -> str:
    """Checks TC3-HMAC-SHA256 over the headers that it names. Returns the service that it is for."""
    parsed = re.fullmatch(
        r"TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/(\w+)/tc3_request, "
        r"SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})",
        headers.get("authorization", ""),
    )
    if parsed is None:
        raise Refusal("AuthFailure.InvalidAuthorization", "the Authorization header is wrong")
    key_id, day, service, signed, signature = parsed.groups()
    if key_id not in keys:
        raise Refusal("AuthFailure.SecretIdNotFound", "no such SecretId")
    names = signed.split(";")
    if not {"content-type", "host"} <= set(names) or names != sorted(names):
        raise Refusal("AuthFailure.InvalidAuthorization", "content-type and host must be signed")
    stamp = headers.get("x-tc-timestamp", "")
    if not stamp.isdecimal() or abs(int(stamp) - now) > _MAX_SKEW:
        raise Refusal("AuthFailure.SignatureExpire", "the timestamp is over 5 minutes off")
    if day != datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d"):
        raise Refusal("AuthFailure.InvalidAuthorization", "another day than the timestamp's")
    block = "".join(f"{name}:{headers.get(name, '').strip().lower()}\n" for name in names)
    canonical = f"POST\n/\n\n{block}\n{signed}\n{hashlib.sha256(content).hexdigest()}"
    text = f"TC3-HMAC-SHA256\n{stamp}\n{day}/{service}/tc3_request\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    made = f"TC3{keys[key_id]}".encode()
    for word in (day, service, "tc3_request"):
        made = hmac.new(made, word.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(hmac.new(made, text.encode(), hashlib.sha256).hexdigest(), signature):
        raise Refusal("AuthFailure.SignatureFailure", "the signature does not match")
    return service


def read(action: str, headers: Mapping[str, str], content: bytes) -> dict[str, Any]:
    """Parses the parameters of a request. Each must have a name and a JSON type that the vendor documents."""
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refusal("UnsupportedProtocol", "the body is no application/json")
    if len(content) > _MAX_BODY:
        raise Refusal("RequestSizeLimitExceeded", "over 10 MB")
    try:
        body = json.loads(content)
    except ValueError:
        raise Refusal("InvalidRequest", "the body is not JSON") from None
    _typed(body, TAKES[action], action)
    for name, value in body.items():
        for inner in value if isinstance(value, list) else [value]:
            if name in _NESTED:
                _typed(inner, _NESTED[name], name)
            elif isinstance(value, list) and not isinstance(inner, str):
                raise Refusal("InvalidParameter", f"{name} should hold text")
    for name in NEEDS.get(action, ()):
        if name not in body:
            raise Refusal("MissingParameter", f"{name} is needed")
    if len(body.get("SessionId", "")) > 50:
        raise Refusal("InvalidParameterValue.SessionIdTooLong", "SessionId is too long")
    if len(body.get("SessionContext", "")) > 1000:
        raise Refusal("InvalidParameterValue.SessionContextTooLong", "SessionContext is too long")
    if not -10 <= body.get("TasksPriority", 0) <= 10:
        raise Refusal("InvalidParameter", "TasksPriority should be -10 to 10")
    return dict(body)


def _typed(body: Any, kinds: Kinds, where: str) -> None:
    if not isinstance(body, dict):
        raise Refusal("InvalidParameter", f"{where} should be an object")
    for name, value in body.items():
        if name not in kinds:
            raise Refusal("UnknownParameter", f"{where} has no {name}")
        if not isinstance(value, kinds[name]) or isinstance(value, bool):
            raise Refusal("InvalidParameter", f"{name} is of the wrong type")


def check_custom_voice(body: Mapping[str, Any]) -> None:
    if len(body.get("VoiceName", "")) > 20:
        raise Refusal("InvalidParameter", "VoiceName is too long")
    if body.get("DisableModeration", "True") not in ("True", "False"):
        raise Refusal("InvalidParameter", "DisableModeration should be True or False")


def check_audio_clone(body: Mapping[str, Any]) -> None:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{6,254}[A-Za-z0-9]", body["VoiceId"]):
        raise Refusal("InvalidParameter", "VoiceId is wrong")
    if not 1 <= len(body["Text"]) <= 1000:
        raise Refusal("InvalidParameter", "Text should be 1 to 1000 characters")
    for name in ("AudioFileInfo", "PromptAudioFileInfo"):
        _check_source(body.get(name))
    if len(body.get("Payload", "")) > 1_048_576:
        raise Refusal("InvalidParameter", "Payload is too long")


def _check_source(source: Mapping[str, Any] | None) -> None:
    if source is None:
        return
    if source.get("Type") not in ("File", "Url"):
        raise Refusal("InvalidParameter", "Type should be File or Url")
    named = "FileId" if source["Type"] == "File" else "Url"
    if set(source) != {"Type", named} or not source[named]:
        raise Refusal("InvalidParameter", f"{source['Type']} needs {named}, and only that")


def check_clone(body: Mapping[str, Any]) -> dict[str, Any]:
    """Checks CloneVoiceAsync, and returns its voice_profile."""
    if len({"AudioData", "AudioUrl", "AudioFileId"} & set(body)) != 1:
        raise Refusal("InvalidParameter", "one of AudioData, AudioUrl and AudioFileId is needed")
    if "AudioData" in body:
        _base64(body["AudioData"], "InvalidParameter")
    if body.get("LanguageBoost", "auto") not in ("zh", "en", "auto"):
        raise Refusal("InvalidParameter", "LanguageBoost should be zh, en or auto")
    parameters = _json_text(body.get("ExtParam", "{}"), _CLONE_EXT)
    if "text" in parameters and ("tts_model" not in parameters or len(parameters["text"]) > 1000):
        raise Refusal("InvalidParameter", "text needs tts_model, and at most 1000 characters")
    if parameters.get("model", "minimax-voice-clone") != "minimax-voice-clone":
        raise Refusal("InvalidParameter", "no such model")
    profile: dict[str, Any] = parameters.get("voice_profile", {})
    _typed(profile, _PROFILE, "voice_profile")
    _check_words(profile.get("gender"), profile.get("age"))
    return profile


def check_fields(fields: Mapping[str, Any]) -> None:
    _check_words(fields.get("Gender"), fields.get("Age"))


def _check_words(gender: str | None, age: str | None) -> None:
    if gender not in (None, "male", "female", "unknown"):
        raise Refusal("InvalidParameter", "gender is wrong")
    if age not in (None, "child", "teenager", "youth", "middle_aged", "senior", "unknown"):
        raise Refusal("InvalidParameter", "age is wrong")


def check_audio_task(body: Mapping[str, Any]) -> None:
    for source in (*body.get("VideoInfos", ()), *body.get("AudioInfos", ())):
        _check_source(source)
    _json_text(body.get("AdditionalParameters", "{}"), None)
    output = body.get("OutputConfig", {})
    if output.get("StorageMode", "Temporary") not in ("Temporary", "Permanent"):
        raise Refusal("InvalidParameterValue", "StorageMode is wrong")
    if len(output.get("MediaName", "")) > 64 or not 0 <= output.get("Duration", 0) <= 60:
        raise Refusal("InvalidParameterValue", "MediaName or Duration is out of range")


def check_speech(body: Mapping[str, Any]) -> None:
    if not 1 <= len(body["Text"].encode()) <= 2000:
        raise Refusal("InvalidParameter", "Text should be 1 to 2000 bytes")
    if body.get("Output", {}).get("Type", "url") not in ("hex", "url"):
        raise Refusal("InvalidParameter", "Output.Type is wrong")
    _json_text(body.get("ExtParam", "{}"), None)


def check_voice_clone(body: Mapping[str, Any]) -> None:
    if not re.fullmatch(r"[0-9A-Za-z_]{1,36}", body["VoiceName"]):
        raise Refusal("InvalidParameter.VoiceName", "VoiceName is wrong")
    try:
        with wave.open(io.BytesIO(_base64(body["PromptAudio"], "InvalidParameter.AudioPrompt"))) as sound:
            shape = sound.getframerate(), sound.getnchannels(), sound.getsampwidth()
            seconds = sound.getnframes() / sound.getframerate()
    except (wave.Error, EOFError):
        raise Refusal("InvalidParameter.AudioPrompt", "no WAV") from None
    if shape != (16_000, 1, 2):
        raise Refusal("InvalidParameter.SampleRate", f"not 16 kHz mono of 16 bits: {shape}")
    if not 10 <= seconds <= 180:
        raise Refusal("InvalidParameter.AudioPrompt", f"{seconds} seconds")


def _base64(text: str, code: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Refusal(code, "not base64") from None


def _json_text(text: str, kinds: Kinds | None) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except ValueError:
        raise Refusal("InvalidParameter", "a parameter that should be JSON is not") from None
    if not isinstance(parsed, dict):
        raise Refusal("InvalidParameter", "a parameter that should be a JSON object is not")
    if kinds is not None:
        _typed(parsed, kinds, "ExtParam")
    return parsed

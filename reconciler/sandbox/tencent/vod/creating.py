"""VOD's four actions that create something. Each creates a task, and only the task reports a bad sample.

If the file name of a sample contains "bad", its task fails. A file_id that contains "missing" does not exist.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import urlsplit

from reconciler.sandbox.request_context import RequestContext
from reconciler.sandbox.tencent.responses import Json, Refusal

_LONGEST_KEY = 50  # characters, SessionId
_LONGEST_CONTEXT = 1000  # characters, SessionContext
_LONGEST_NAME = 20  # characters, CreateAigcCustomVoice, VoiceName
_LONGEST_TEXT = 1000  # characters, CreateAigcAudioClone, Text; CloneVoiceAsync, ExtParam.text
_LONGEST_PAYLOAD = 1_048_576  # characters, CreateAigcAudioClone, Payload
_LONGEST_MEDIA_NAME = 64  # characters, CreateAigcAudioTask, MediaName
_MAX_DURATION = 60  # seconds, CreateAigcAudioTask, Duration
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{6,254}[A-Za-z0-9]")  # CreateAigcAudioClone, VoiceId
_END_OF_SENTENCE = ".!?,;:\u2026\u3002\uff01\uff1f\uff0c\uff1b\uff1a"
_GENDERS = ("male", "female", "unknown")
_AGES = ("child", "teenager", "youth", "middle_aged", "senior", "unknown")
_LANGUAGES = ("zh", "en", "auto")

_DOWNLOAD = "download audio file failed"
_BAD_AUDIO = "the audio does not hold exactly one clean human voice"
_FAILED = "FailedOperation"  # ErrCodeExt, even if ErrCode is 0


def custom_voice(context: RequestContext, body: Json) -> Json:
    """CreateAigcCustomVoice: a voice of Kling."""
    if len(body.get("VoiceName", "")) > _LONGEST_NAME:
        raise Refusal("InvalidParameter", f"VoiceName has at most {_LONGEST_NAME} characters.")
    if body.get("DisableModeration", "False") not in ("True", "False"):
        raise Refusal("InvalidParameter", "DisableModeration must be True or False.")
    _check_session(context, body, documented=True)
    url, video = body.get("VoiceUrl", ""), body.get("VideoId", "")
    failure = None
    if url and video:
        failure = "video_id must be empty when voice_url is present"
    elif not url and not video:
        failure = "voice_url or video_id is required"
    elif not body.get("VoiceName"):
        failure = "voice_name is required"
    elif url:
        failure = _url_fault(url)
    details = _task_details(body, "VoiceName", "VoiceUrl", "VideoId", code=0, ext=_FAILED)
    return _begin(
        context, body, "CreateAigcCustomVoice", details=details, name=body.get("VoiceName", ""), failure=failure
    )


def audio_clone(context: RequestContext, body: Json) -> Json:
    """CreateAigcAudioClone: a voice of Vidu."""
    if not _ID.fullmatch(body["VoiceId"]):
        raise Refusal(
            "InvalidParameter", "VoiceId has 8 to 256 letters, digits, - and _; a letter first, no sign last."
        )
    if not 1 <= len(body["Text"]) <= _LONGEST_TEXT:
        raise Refusal("InvalidParameter", f"Text has 1 to {_LONGEST_TEXT} characters.")
    if len(body.get("Payload", "")) > _LONGEST_PAYLOAD:
        raise Refusal("InvalidParameter", f"Payload has at most {_LONGEST_PAYLOAD} characters.")
    if body.get("PromptText") and body["PromptText"].rstrip("\"'\u201d\u2019)")[-1:] not in _END_OF_SENTENCE:
        raise Refusal("InvalidParameter", "PromptText must end with punctuation.")
    faults = [_check_source(body, name) for name in ("AudioFileInfo", "PromptAudioFileInfo") if name in body]
    _check_session(context, body)
    failure = next(filter(None, faults), None)
    voice_id = body["VoiceId"]
    if context.id_in_use(voice_id):
        failure, voice_id = "voice clone voice id duplicate", ""
    names = ("AudioFileInfo", "VoiceId", "Text", "PromptAudioFileInfo", "PromptText", "Payload")
    details = _task_details(body, *names, code=0, ext=_FAILED) | {"upstream": context.new_id("upstream")}
    return _begin(
        context, body, "CreateAigcAudioClone", details=details, name=body["VoiceId"], voice_id=voice_id, failure=failure
    )


def clone_voice(context: RequestContext, body: Json) -> Json:
    """CloneVoiceAsync: a voice of MiniMax. Of several samples, the first one is used."""
    if body.get("LanguageBoost", "auto") not in _LANGUAGES:
        raise Refusal("InvalidParameter", f"LanguageBoost must be one of {', '.join(_LANGUAGES)}.")
    ext_param = _parse_object(body, "ExtParam")
    fault = None
    if body.get("AudioData"):
        _check_base64(body["AudioData"])
    elif body.get("AudioUrl"):
        fault = _url_fault(body["AudioUrl"])
    elif body.get("AudioFileId"):
        _check_file(body["AudioFileId"])
    else:
        raise Refusal("MissingParameter", "One of AudioData, AudioUrl and AudioFileId is required.")
    _check_session(context, body)
    profile = ext_param.get("voice_profile", {})
    ext_param_fault = _ext_param_fault(ext_param, profile)
    names = ("AudioUrl", "AudioFileId", "LanguageBoost", "ExtParam")
    details = _task_details(body, *names, code=40000 if ext_param_fault else 60000, ext="-500")
    details |= {"profile": {} if ext_param_fault else profile, "demo": bool(ext_param.get("text"))}
    name = "" if ext_param_fault else str(profile.get("name", ""))
    voice_id = f"minimax_{context.new_hex('voice', 24)}"
    return _begin(
        context,
        body,
        "CloneVoiceAsync",
        details=details,
        name=name,
        voice_id=voice_id,
        failure=ext_param_fault or fault,
    )


def audio_task(context: RequestContext, body: Json) -> Json:
    """CreateAigcAudioTask: music or a sound. It has no SessionId, so each call creates another task."""
    if "refused" in body.get("Prompt", ""):
        raise Refusal("InvalidParameter.ViolationContent", "The prompt violates the rules of content.")
    output = body.get("OutputConfig", {})
    if output.get("StorageMode", "Temporary") not in ("Temporary", "Permanent"):
        raise Refusal("InvalidParameter", "StorageMode must be Temporary or Permanent.")
    if len(output.get("MediaName", "")) > _LONGEST_MEDIA_NAME:
        raise Refusal("InvalidParameter", f"MediaName has at most {_LONGEST_MEDIA_NAME} characters.")
    if not 0 <= output.get("Duration", 0) <= _MAX_DURATION:
        raise Refusal("InvalidParameter", f"Duration must be 0 to {_MAX_DURATION}.")
    _parse_object(body, "AdditionalParameters")
    sources = [*body.get("VideoInfos", ()), *body.get("AudioInfos", ())]
    faults = [_check_source({"Infos": source}, "Infos") for source in sources]
    names = ("ModelName", "ModelVersion", "SceneType", "Prompt", "VideoInfos", "AudioInfos", "OutputConfig")
    details = _task_details(body, *names, "AdditionalParameters", code=0, ext="ModelGenerateFailed")
    details |= {"file_id": context.new_id("file"), "lasts": context.faults.temporary_seconds}
    failure = next(filter(None, faults), None)
    return _begin(context, body, "AigcAudioTask", details=details, name="", voice_id="", failure=failure)


def _begin(
    context: RequestContext,
    body: Json,
    task_type: str,
    *,
    details: Json,
    name: str,
    failure: str | None,
    voice_id: str | None = None,
) -> Json:
    if context.faults.pack_exhausted:
        raise Refusal("LimitExceeded.Quota", "The quota of the account is used up.")
    if failure is None and context.happens("fail", context.faults.fail):
        failure = "the voice could not be made"
    created = context.begin(
        name,
        key=body.get("SessionId") or None,
        seconds=None if context.happens("stuck", context.faults.stuck_tasks) else context.faults.task_seconds,
        failure=failure,
        task_id=f"{context.account.rpartition('/')[2]}-{task_type}-{context.new_hex('task', 32)}t",
        voice_id=voice_id,
        action=task_type,
        details=details,
    )
    return {"TaskId": created.task_id}


def _task_details(body: Json, *echoed: str, code: int, ext: str) -> Json:
    """What the task's answers repeat later. `code` and `ext` are its error codes, if it fails."""
    return {
        "input": {name: body.get(name) for name in echoed},
        "context": body.get("SessionContext", ""),
        "code": code,
        "ext": ext,
    }


def _check_session(context: RequestContext, body: Json, *, documented: bool = False) -> None:
    """Refuses a used SessionId and invalid session parameters. The codes are `documented` for one action only."""
    key = body.get("SessionId", "")
    if len(key) > _LONGEST_KEY:
        code = "InvalidParameterValue.SessionIdTooLong" if documented else "InvalidParameter"
        raise Refusal(code, f"SessionId has at most {_LONGEST_KEY} characters.")
    if len(body.get("SessionContext", "")) > _LONGEST_CONTEXT:
        code = "InvalidParameterValue.SessionContextTooLong" if documented else "InvalidParameter"
        raise Refusal(code, f"SessionContext has at most {_LONGEST_CONTEXT} characters.")
    if not -10 <= body.get("TasksPriority", 0) <= 10:
        raise Refusal("InvalidParameter", "TasksPriority must be -10 to 10.")
    since = context.now - round(context.faults.session_seconds * 1000)
    if key and context.with_key(key, since=since) is not None:
        code = "InvalidParameterValue.SessionId" if documented else context.faults.duplicate_session.value
        raise Refusal(code, "The deduplication ID already exists. The request is removed due to duplication.")


def _check_source(body: Json, name: str) -> str | None:
    """Why the task will fail because of this source; None: it won't. Raises Refusal for an invalid source."""
    source = body[name]
    match source.get("Type"):
        case "Url" if source.get("Url"):
            return _url_fault(source["Url"])
        case "File" if source.get("FileId"):
            _check_file(source["FileId"])
            return None
        case _:
            raise Refusal("InvalidParameter", f"{name} needs a Type, Url or File, and what it says.")


def _check_file(file_id: str) -> None:
    if "missing" in file_id:
        raise Refusal("InvalidParameterValue.FileId", "The FileId does not exist.")


def _check_base64(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal("InvalidParameter", "AudioData is not base64.") from None


def _url_fault(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return _DOWNLOAD
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return _DOWNLOAD
    return _BAD_AUDIO if "bad" in parts.path.rpartition("/")[2].lower() else None


def _parse_object(body: Json, name: str) -> Json:
    """The object in a JSON string parameter. Raises Refusal."""
    try:
        parsed: Any = json.loads(body.get(name) or "{}")
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise Refusal("InvalidParameter", f"{name} is not a JSON object.")
    return parsed


def _ext_param_fault(ext_param: Json, profile: object) -> str | None:
    """What is wrong with ExtParam. The request is accepted anyway, because only the task checks it."""
    text = ext_param.get("text", "")
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT:
        return f"text has at most {_LONGEST_TEXT} characters"
    if text and not ext_param.get("tts_model"):
        return "tts_model is required when text is present"
    if not isinstance(profile, dict):
        return "voice_profile is not an object"
    if profile.get("gender", "unknown") not in _GENDERS or profile.get("age", "unknown") not in _AGES:
        return "voice_profile has an unknown gender or age"
    plural = [profile.get(name, []) for name in ("languages", "labels", "scenes")]
    if not all(isinstance(words, list) and all(isinstance(word, str) for word in words) for words in plural):
        return "languages, labels and scenes are lists of strings"
    return None

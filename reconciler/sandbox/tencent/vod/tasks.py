"""VOD's tasks, one by one and as a list. Each is shown for three days; one that failed says FINISH all the same.

Source: the data types of DescribeTaskDetail and DescribeTasks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from reconciler.sandbox.pagination import Span, TaskQuery
from reconciler.sandbox.request_context import RequestContext
from reconciler.sandbox.task import Creation, Stage, owner_of
from reconciler.sandbox.tencent import responses
from reconciler.sandbox.tencent.responses import NEVER, Json, Refusal

SHOWN = 72 * 3_600_000  # milliseconds, DescribeTasks, DescribeTaskDetail
_TEMPORARY = 7 * 86_400  # seconds that a file lasts, CreateAigcAudioTask, StorageMode
_PAGE, _LARGEST_PAGE = 10, 100  # DescribeTasks, Limit
_STATUS = {
    Stage.SUBMITTED: "WAITING",
    Stage.PROCESSING: "PROCESSING",
    Stage.READY: "FINISH",
    Stage.FAILED: "FINISH",
}
_UNDOCUMENTED = "REVIEWING"  # a status that stands in no document
_DEFAULT_SECONDS = 5.0  # of a sound

# The parts of a task's detail: one of them says something, and all others are null.
_PARTS = (
    *("ProcedureTask", "EditMediaTask", "WechatPublishTask", "ComposeMediaTask", "SplitMediaTask", "PullUploadTask"),
    *("WechatMiniProgramPublishTask", "TranscodeTask", "ConcatTask", "ClipTask", "CreateImageSpriteTask"),
    *("SnapshotByTimeOffsetTask", "RemoveWatermarkTask", "RebuildMediaTask", "ExtractTraceWatermarkTask"),
    *("ExtractCopyRightWatermarkTask", "ReviewAudioVideoTask", "ReduceMediaBitrateTask", "DescribeFileAttributesTask"),
    *("QualityInspectTask", "QualityEnhanceTask", "ComplexAdaptiveDynamicStreamingTask", "ProcessMediaByMPSTask"),
    *("AigcImageTask", "AigcVideoTask", "ImportMediaKnowledge", "SceneAigcImageTask", "SceneAigcVideoTask"),
    *("ProcessImageAsyncTask", "ExtractBlindWatermarkTask", "CreateAigcAdvancedCustomElementTask"),
    *("CreateAigcCustomVoiceTask", "CreateAigcSubjectTask", "AigcVideoRedrawTask", "AigcAudioTask"),
    *("CreateAigcAudioCloneTask", "DescribeAigcFaceInfoAsyncTask", "AigcHunyuan3DTask", "DesignVoiceAsyncTask"),
    *("CloneVoiceAsyncTask", "TextToSpeechAsyncTask", "VideoDubbingAsyncTask", "CreateAigcMaterialTask"),
)
_PART_OF = {
    "CreateAigcCustomVoice": "CreateAigcCustomVoiceTask",
    "CreateAigcAudioClone": "CreateAigcAudioCloneTask",
    "CloneVoiceAsync": "CloneVoiceAsyncTask",
    "AigcAudioTask": "AigcAudioTask",
}


def detail(context: RequestContext, body: Json) -> Json:
    found = context.with_task(body["TaskId"])
    if found is None or found.created_at <= context.now - SHOWN or context.is_late(found):
        raise Refusal("InvalidParameterValue.TaskId", "The task does not exist.")
    stage = found.stage(context.now)
    status = _STATUS[stage]
    if context.happens(f"unknown status of {found.number}", context.faults.unknown_status):
        status = _UNDOCUMENTED
    details = found.details
    failed = stage is Stage.FAILED
    inside: Json = {
        "TaskId": found.task_id,
        "Status": "PROCESSING" if status == "WAITING" else status,
        "ErrCode": details["code"] if failed else 0,
        "ErrCodeExt": details["ext"] if failed else "",
        "Message": (found.failure or "") if failed else "",
        "Progress": _progress(found, context.now),
        "Input": details["input"],
        "Output": _output(context, found, stage),
    }
    if found.action != "AigcAudioTask":
        inside |= {"SessionId": found.key or "", "SessionContext": details["context"]}
    return {
        "TaskType": found.action,
        **_times(found, status, context.now),
        **dict.fromkeys(_PARTS),
        _PART_OF[found.action]: inside,
    }


def describe_list(context: RequestContext, body: Json) -> Json:
    limit = body.get("Limit", _PAGE)
    if not 1 <= limit <= _LARGEST_PAGE:
        raise Refusal("InvalidParameterValue", f"Limit must be 1 to {_LARGEST_PAGE}.")
    sort = body.get("Sort", {})
    if sort.get("Field", "CreateTime") not in ("CreateTime", "FinishTime"):
        raise Refusal("InvalidParameterValue", "Sort.Field must be CreateTime or FinishTime.")
    if sort.get("Order", "Desc") not in ("Asc", "Desc"):
        raise Refusal("InvalidParameterValue", "Sort.Order must be Asc or Desc.")
    if "FileId" in body:  # none of these tasks works on a file of VOD's own
        return {"TaskSet": [], "ScrollToken": ""}
    wanted = TaskQuery(
        since=context.now - SHOWN,
        limit=min(limit, context.faults.page_cap or limit),
        stages=_stages(body.get("Status")),
        created=_span(body.get("CreateTime", {}), "CreateTime"),
        ended=_span(body.get("FinishTime", {}), "FinishTime"),
        by_end=sort.get("Field") == "FinishTime",
        ascending=sort.get("Order") == "Asc",
        token=body.get("ScrollToken", ""),
    )
    try:
        page = context.list_tasks(wanted)
    except (ValueError, OverflowError):
        raise Refusal("InvalidParameterValue", "The ScrollToken is not valid.") from None
    return {"TaskSet": [_line(found, context.now) for found in page.creations], "ScrollToken": page.token}


def _line(found: Creation, now: int) -> Json:
    return {
        "TaskId": found.task_id,
        **_times(found, _STATUS[found.stage(now)], now),
        "FileId": "",
        "TaskType": found.action,
        "SessionId": found.key or "",
        "SessionContext": found.details["context"],
    }


def _times(found: Creation, status: str, now: int) -> Json:
    begun = now >= found.started_at
    ended = begun and found.ended_at is not None and now >= found.ended_at
    return {
        "Status": status,
        "CreateTime": responses.time(found.created_at),
        "BeginProcessTime": responses.time(found.started_at) if begun else NEVER,
        "FinishTime": responses.time(found.ended_at) if ended else NEVER,
    }


def _progress(found: Creation, now: int) -> int:
    if found.ended_at is None:
        return 0
    if now >= found.ended_at:
        return 100
    return max(0, 100 * (now - found.started_at) // max(1, found.ended_at - found.started_at))


def _output(context: RequestContext, found: Creation, stage: Stage) -> Json | None:
    if stage is Stage.FAILED and found.action == "CreateAigcAudioClone":
        return _clone(found, state="failed")
    if stage is not Stage.READY:
        return None
    output = _OUTPUTS[found.action](found)
    if context.happens(f"voiceless {found.number}", context.faults.voiceless):
        output = {name: value for name, value in output.items() if name not in ("VoiceId", "InfoList", "AudioInfos")}
    return output


def _custom_voice(found: Creation) -> Json:
    voice = {
        "voice_id": found.voice_id,
        "voice_name": found.voice_name,
        "trial_url": _sound_url(found.voice_id, found),
        "owned_by": owner_of(found.account),
        "status": "succeed",
    }
    return {"InfoList": [{"VoiceId": found.voice_id, "VoiceInfo": responses.text(voice)}]}


def _clone(found: Creation, *, state: str = "success") -> Json:
    clone: Json = {
        "TaskId": found.details["upstream"],
        "State": state,
        "Payload": found.details["input"]["Payload"] or "",
        "CreatedAt": responses.time_with_fractions(found.created_at),
    }
    if state == "success":
        clone |= {"VoiceId": found.voice_id, "DemoAudio": _sound_url(found.voice_id, found)}
    return clone


def _minimax(found: Creation) -> Json:
    demo = _sound_url(found.voice_id, found) if found.details["demo"] else ""
    return {"VoiceId": found.voice_id, "DemoAudio": demo, "ExtInfo": "{}"}


def _sound(found: Creation) -> Json:
    wanted = found.details["input"]["OutputConfig"] or {}
    mode, form = wanted.get("StorageMode", "Temporary"), wanted.get("OutputAudioFormat", "mp3")
    file_id = found.details["file_id"]
    expires = wanted.get("ExpireTime", "")
    if mode == "Temporary":
        expires = responses.time(_until(found))
    seconds = float(wanted.get("Duration") or _DEFAULT_SECONDS)
    audio = {
        "StorageMode": mode,
        "MediaName": wanted.get("MediaName", ""),
        "ClassId": wanted.get("ClassId", 0),
        "ExpireTime": expires,
        "FileType": form,
        "FileUrl": _sound_url(file_id, found, form=form),
        "FileId": file_id if mode == "Permanent" else "",
        "MetaData": None,
        "Duration": seconds,
    }
    return {"AudioInfos": [audio], "VideoInfos": []}


_OUTPUTS: dict[str, Callable[[Creation], Json]] = {
    "CreateAigcCustomVoice": _custom_voice,
    "CreateAigcAudioClone": _clone,
    "CloneVoiceAsync": _minimax,
    "AigcAudioTask": _sound,
}


def _sound_url(name: str, found: Creation, *, form: str = "mp3") -> str:
    return f"https://vod.sandbox.invalid/{name}.{form}?Expires={_until(found) // 1000}&Signature={found.number:08x}"


def _until(found: Creation) -> int:
    """Unix milliseconds: when what it was told to keep for a while is dropped."""
    return (found.ended_at or 0) + round(1000 * float(found.details.get("lasts", _TEMPORARY)))


def _stages(status: str | None) -> tuple[Stage, ...]:
    if status is None:
        return tuple(Stage)
    found = tuple(stage for stage, name in _STATUS.items() if name == status)
    if not found:
        raise Refusal("InvalidParameterValue.Status", "Status must be WAITING, PROCESSING or FINISH.")
    return found


def _span(bounds: Json, name: str) -> Span:
    return _seconds(bounds.get("After"), name), _seconds(bounds.get("Before"), name)


def _seconds(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("InvalidParameterValue", f"{name} is not a time such as 2026-01-02T03:04:05Z.") from None
    return int(when.replace(tzinfo=when.tzinfo or UTC).timestamp())

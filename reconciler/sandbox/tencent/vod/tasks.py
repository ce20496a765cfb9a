"""VOD's tasks, single and as a list. A task is shown for three days. A failed task has the status FINISH too.

Source: the data types of DescribeTaskDetail and DescribeTasks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from reconciler.sandbox.pagination import Span, TaskQuery
from reconciler.sandbox.request_context import RequestContext
from reconciler.sandbox.task import Stage, Task, owner_of
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
_UNDOCUMENTED = "REVIEWING"  # a status that is not documented
_DEFAULT_SECONDS = 5.0  # of a sound

# The parts of a task's detail. The part of the task's type is an object, all others are null.
_PART_NAMES = (
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
    """DescribeTaskDetail."""
    task = context.with_task(body["TaskId"])
    if task is None or task.created_at <= context.now - SHOWN or context.is_late(task):
        raise Refusal("InvalidParameterValue.TaskId", "The task does not exist.")
    stage = task.stage(context.now)
    status = _STATUS[stage]
    if context.happens(f"unknown status of {task.number}", context.faults.unknown_status):
        status = _UNDOCUMENTED
    details = task.details
    failed = stage is Stage.FAILED
    part: Json = {
        "TaskId": task.task_id,
        "Status": "PROCESSING" if status == "WAITING" else status,
        "ErrCode": details["code"] if failed else 0,
        "ErrCodeExt": details["ext"] if failed else "",
        "Message": (task.failure or "") if failed else "",
        "Progress": _progress(task, context.now),
        "Input": details["input"],
        "Output": _output(context, task, stage),
    }
    if task.action != "AigcAudioTask":
        part |= {"SessionId": task.key or "", "SessionContext": details["context"]}
    return {
        "TaskType": task.action,
        **_times(task, status, context.now),
        **dict.fromkeys(_PART_NAMES),
        _PART_OF[task.action]: part,
    }


def describe_list(context: RequestContext, body: Json) -> Json:
    """DescribeTasks."""
    limit = body.get("Limit", _PAGE)
    if not 1 <= limit <= _LARGEST_PAGE:
        raise Refusal("InvalidParameterValue", f"Limit must be 1 to {_LARGEST_PAGE}.")
    sort = body.get("Sort", {})
    if sort.get("Field", "CreateTime") not in ("CreateTime", "FinishTime"):
        raise Refusal("InvalidParameterValue", "Sort.Field must be CreateTime or FinishTime.")
    if sort.get("Order", "Desc") not in ("Asc", "Desc"):
        raise Refusal("InvalidParameterValue", "Sort.Order must be Asc or Desc.")
    if "FileId" in body:  # no task in the sandbox processes a file of VOD
        return {"TaskSet": [], "ScrollToken": ""}
    wanted = TaskQuery(
        since=context.now - SHOWN,
        limit=min(limit, context.faults.page_cap or limit),
        stages=_stages(body.get("Status")),
        created=_time_range(body.get("CreateTime", {}), "CreateTime"),
        ended=_time_range(body.get("FinishTime", {}), "FinishTime"),
        by_end=sort.get("Field") == "FinishTime",
        ascending=sort.get("Order") == "Asc",
        token=body.get("ScrollToken", ""),
    )
    try:
        page = context.list_tasks(wanted)
    except (ValueError, OverflowError):
        raise Refusal("InvalidParameterValue", "The ScrollToken is not valid.") from None
    return {"TaskSet": [_list_entry(task, context.now) for task in page.creations], "ScrollToken": page.token}


def _list_entry(task: Task, now: int) -> Json:
    return {
        "TaskId": task.task_id,
        **_times(task, _STATUS[task.stage(now)], now),
        "FileId": "",
        "TaskType": task.action,
        "SessionId": task.key or "",
        "SessionContext": task.details["context"],
    }


def _times(task: Task, status: str, now: int) -> Json:
    begun = now >= task.started_at
    ended = begun and task.ended_at is not None and now >= task.ended_at
    return {
        "Status": status,
        "CreateTime": responses.time(task.created_at),
        "BeginProcessTime": responses.time(task.started_at) if begun else NEVER,
        "FinishTime": responses.time(task.ended_at) if ended else NEVER,
    }


def _progress(task: Task, now: int) -> int:
    if task.ended_at is None:
        return 0
    if now >= task.ended_at:
        return 100
    return max(0, 100 * (now - task.started_at) // max(1, task.ended_at - task.started_at))


def _output(context: RequestContext, task: Task, stage: Stage) -> Json | None:
    if stage is Stage.FAILED and task.action == "CreateAigcAudioClone":
        return _clone(task, state="failed")
    if stage is not Stage.READY:
        return None
    output = _OUTPUTS[task.action](task)
    if context.happens(f"voiceless {task.number}", context.faults.voiceless):
        output = {name: value for name, value in output.items() if name not in ("VoiceId", "InfoList", "AudioInfos")}
    return output


def _custom_voice(task: Task) -> Json:
    voice = {
        "voice_id": task.voice_id,
        "voice_name": task.voice_name,
        "trial_url": _sound_url(task.voice_id, task),
        "owned_by": owner_of(task.account),
        "status": "succeed",
    }
    return {"InfoList": [{"VoiceId": task.voice_id, "VoiceInfo": responses.json_text(voice)}]}


def _clone(task: Task, *, state: str = "success") -> Json:
    clone: Json = {
        "TaskId": task.details["upstream"],
        "State": state,
        "Payload": task.details["input"]["Payload"] or "",
        "CreatedAt": responses.time_with_fractions(task.created_at),
    }
    if state == "success":
        clone |= {"VoiceId": task.voice_id, "DemoAudio": _sound_url(task.voice_id, task)}
    return clone


def _minimax(task: Task) -> Json:
    demo = _sound_url(task.voice_id, task) if task.details["demo"] else ""
    return {"VoiceId": task.voice_id, "DemoAudio": demo, "ExtInfo": "{}"}


def _audio(task: Task) -> Json:
    wanted = task.details["input"]["OutputConfig"] or {}
    mode, form = wanted.get("StorageMode", "Temporary"), wanted.get("OutputAudioFormat", "mp3")
    file_id = task.details["file_id"]
    expires = wanted.get("ExpireTime", "")
    if mode == "Temporary":
        expires = responses.time(_expires_at(task))
    seconds = float(wanted.get("Duration") or _DEFAULT_SECONDS)
    audio = {
        "StorageMode": mode,
        "MediaName": wanted.get("MediaName", ""),
        "ClassId": wanted.get("ClassId", 0),
        "ExpireTime": expires,
        "FileType": form,
        "FileUrl": _sound_url(file_id, task, form=form),
        "FileId": file_id if mode == "Permanent" else "",
        "MetaData": None,
        "Duration": seconds,
    }
    return {"AudioInfos": [audio], "VideoInfos": []}


_OUTPUTS: dict[str, Callable[[Task], Json]] = {
    "CreateAigcCustomVoice": _custom_voice,
    "CreateAigcAudioClone": _clone,
    "CloneVoiceAsync": _minimax,
    "AigcAudioTask": _audio,
}


def _sound_url(name: str, task: Task, *, form: str = "mp3") -> str:
    return f"https://vod.sandbox.invalid/{name}.{form}?Expires={_expires_at(task) // 1000}&Signature={task.number:08x}"


def _expires_at(task: Task) -> int:
    """When the temporary file of a task is deleted, in Unix milliseconds."""
    return (task.ended_at or 0) + round(1000 * float(task.details.get("lasts", _TEMPORARY)))


def _stages(status: str | None) -> tuple[Stage, ...]:
    if status is None:
        return tuple(Stage)
    task = tuple(stage for stage, name in _STATUS.items() if name == status)
    if not task:
        raise Refusal("InvalidParameterValue.Status", "Status must be WAITING, PROCESSING or FINISH.")
    return task


def _time_range(bounds: Json, name: str) -> Span:
    return _seconds(bounds.get("After"), name), _seconds(bounds.get("Before"), name)


def _seconds(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("InvalidParameterValue", f"{name} is not a time such as 2026-01-02T03:04:05Z.") from None
    return int(when.replace(tzinfo=when.tzinfo or UTC).timestamp())

"""VOD's actions for voices and sounds, with their parameters. The functions are in the modules beside.

Source: Tencent's pages where there are any, else its SDK. Some actions take SubAppId as a number, others as text.
"""

from __future__ import annotations

from reconciler.sandbox.tencent.requests import Action, Kind
from reconciler.sandbox.tencent.vod import creating, tasks, voices

DEFAULT_APPLICATION = 1_500_000_001  # for calls without SubAppId

_FILE: Kind = {"Type": str, "FileId": str, "Url": str}
_TIMES: Kind = {"After": str, "Before": str}
_SESSION: dict[str, Kind] = {"SessionId": str, "SessionContext": str}
_PROFILE: dict[str, Kind] = {
    "Description": str,
    "Gender": str,
    "Age": str,
    "Languages": [str],
    "Labels": [str],
    "Scenes": [str],
}

ACTIONS = {
    "CreateAigcCustomVoice": Action(
        creating.custom_voice,
        takes={
            **_SESSION,
            "SubAppId": int,
            "VoiceName": str,
            "VoiceUrl": str,
            "VideoId": str,
            "DisableModeration": str,
            "TasksPriority": int,
        },
    ),
    "CreateAigcAudioClone": Action(
        creating.audio_clone,
        takes={
            **_SESSION,
            "SubAppId": int,
            "AudioFileInfo": _FILE,
            "VoiceId": str,
            "Text": str,
            "PromptAudioFileInfo": _FILE,
            "PromptText": str,
            "Payload": str,
            "TasksPriority": int,
            "ExtInfo": str,
        },
        needs=("SubAppId", "AudioFileInfo", "VoiceId", "Text"),
    ),
    "CloneVoiceAsync": Action(
        creating.clone_voice,
        takes={
            **_SESSION,
            "SubAppId": str,
            "AudioData": str,
            "AudioUrl": str,
            "AudioFileId": str,
            "LanguageBoost": str,
            "ExtParam": str,
        },
    ),
    "CreateAigcAudioTask": Action(
        creating.audio_task,
        takes={
            "SubAppId": int,
            "ModelName": str,
            "ModelVersion": str,
            "SceneType": str,
            "Prompt": str,
            "VideoInfos": [_FILE],
            "AudioInfos": [_FILE],
            "OutputConfig": {
                "StorageMode": str,
                "MediaName": str,
                "ClassId": int,
                "ExpireTime": str,
                "Duration": int,
                "OutputAudioFormat": str,
            },
            "AdditionalParameters": str,
        },
    ),
    "DescribeTaskDetail": Action(
        tasks.detail, takes={"TaskId": str, "SubAppId": int}, needs=("TaskId",), reads=True, rate=5
    ),
    "DescribeTasks": Action(
        tasks.describe_list,
        takes={
            "SubAppId": int,
            "Status": str,
            "FileId": str,
            "CreateTime": _TIMES,
            "FinishTime": _TIMES,
            "Sort": {"Field": str, "Order": str},
            "Limit": int,
            "ScrollToken": str,
        },
        reads=True,
    ),
    "DescribeVoices": Action(
        voices.describe,
        takes={**_PROFILE, "SubAppId": str, "VoiceId": str, "VoiceType": str, "VoiceName": str, "ExtParam": str},
        reads=True,
    ),
    "UpdateVoice": Action(
        voices.update,
        takes={
            "VoiceId": str,
            "VoiceFields": {**_PROFILE, "Name": str, "AudioUrl": str},
            "SubAppId": str,
            "ExtParam": str,
        },
        needs=("VoiceId", "VoiceFields"),
    ),
    "DeleteVoice": Action(voices.delete, takes={"VoiceId": str, "SubAppId": str}, needs=("VoiceId",)),
    "TextToSpeechSync": Action(
        voices.speak,
        takes={
            "Text": str,
            "VoiceId": str,
            "SubAppId": str,
            "LanguageBoost": str,
            "Output": {"Type": str},
            "ExtParam": str,
        },
        needs=("Text", "VoiceId"),
    ),
}

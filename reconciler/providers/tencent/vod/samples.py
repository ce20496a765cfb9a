"""The limits of Tencent Cloud VOD for samples."""

from __future__ import annotations

from reconciler.audio.limits import MB, AudioLimits, SampleLimits

_REST = 64 * 1024  # bytes reserved in a request for everything except the sample

VOICE_URL = AudioLimits(
    key="voice_url",
    taker="VOD CreateAigcCustomVoice",
    source="VOD, CreateAigcCustomVoice, VoiceUrl",
    formats=("mp3", "wav", "mp4", "mov"),
    shortest=5,
    longest=30,
    clean=True,
)
CLONE_AUDIO = AudioLimits(
    key="audio",
    taker="VOD CreateAigcAudioClone",
    source="VOD, CreateAigcAudioClone, AudioFileInfo",
    formats=("mp3", "m4a", "wav"),
    shortest=10,
    longest=300,
    largest=20 * MB,
)
CLONE_PROMPT = AudioLimits(
    key="prompt_audio",
    taker="VOD CreateAigcAudioClone",
    source="VOD, CreateAigcAudioClone, PromptAudioFileInfo",
    formats=("mp3", "m4a", "wav"),
    longest=8,
    below_longest=True,
    largest=20 * MB,
)
MINIMAX_BYTES = AudioLimits(  # for `audio: {file: …}`: the request contains the file's bytes
    key="audio",
    taker="VOD CloneVoiceAsync",
    source="Tencent Cloud API 3.0: a request of at most 10 MB, which holds the file in base64",
    largest=(10 * MB - _REST) // 4 * 3,
    largest_because="its request of at most 10 MB holds them in base64",
)
MINIMAX_ADVICE = AudioLimits(
    key="audio",
    unstated_by="Tencent",
    taker="MiniMax, whose model this is,",
    source="MiniMax, voice cloning",
    formats=("mp3", "m4a", "wav"),
    shortest=10,
    longest=300,
    largest=20 * MB,
)
SAMPLES = SampleLimits(
    links={
        ("create", "voice_url"): VOICE_URL,
        ("clone", "audio"): CLONE_AUDIO,
        ("clone", "prompt_audio"): CLONE_PROMPT,
        ("clone-minimax", "audio"): MINIMAX_ADVICE,
    },
    files={("clone-minimax", "audio"): (MINIMAX_BYTES, MINIMAX_ADVICE)},
)

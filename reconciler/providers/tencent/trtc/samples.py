"""The limits of Tencent Cloud TRTC for samples."""

from __future__ import annotations

from reconciler.audio.limits import AudioLimits, SampleLimits

PROMPT = AudioLimits(
    key="prompt_audio",
    taker="TRTC VoiceClone",
    source="TRTC, VoiceClone, PromptAudio; `formats` are those that voicectl converts",
    formats=("mp3", "m4a", "wav", "mp4", "mov"),
    shortest=10,
    longest=180,
    only_16k_mono_wav=True,
)
SAMPLES = SampleLimits(files={("clone", "prompt_audio"): (PROMPT,)})

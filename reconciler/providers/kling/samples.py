"""Kling's limits for samples."""

from __future__ import annotations

from reconciler.audio.limits import AudioLimits, SampleLimits

VOICE_URL = AudioLimits(
    key="voice_url",
    taker="Kling",
    source="Kling, custom-voices, voice_url",
    formats=("mp3", "wav", "mp4", "mov"),
    shortest=5,
    longest=30,
    clean=True,
)
SAMPLES = SampleLimits(links={("create", "voice_url"): VOICE_URL})

"""Acme's limits for samples."""

from __future__ import annotations

from reconciler.audio.limits import AudioLimits, SampleLimits

SAMPLE = AudioLimits(key="sample", taker="Acme", source="Acme, voices, sample", formats=("mp3", "wav"), longest=20)
SAMPLES = SampleLimits(links={("create", "sample"): SAMPLE})

"""Samples behind links, looked at on request: each is fetched once and measured against what its cloud takes.

Whoever asks brings the download. What can't be told from here is a remark; what is proven is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from reconciler.audio import limits
from reconciler.audio.limits import AudioLimits
from reconciler.audio.probing import Fetch, Probed, probe
from reconciler.loader.findings import Finding
from reconciler.loader.positions import Path
from reconciler.model.bodies import keyword_of
from reconciler.model.manifest import Voice

_AT_ONCE = 8
_LIMITS: Mapping[tuple[str, str, str], AudioLimits] = {  # (type, method, key) -> what is taken
    ("kling", "create", "voice_url"): limits.KLING_VOICE_URL,
    ("tencent-vod", "create", "voice_url"): limits.VOD_VOICE_URL,
    ("tencent-vod", "clone", "audio"): limits.VOD_CLONE_AUDIO,
    ("tencent-vod", "clone", "prompt_audio"): limits.VOD_CLONE_PROMPT,
    ("tencent-vod", "clone-minimax", "audio"): limits.MINIMAX_ADVICE,
}

Where = Callable[[str], tuple[str, Path]]  # address -> the file that declares it, and the path in it


def looked_at(voices: Mapping[str, Voice], where: Where, *, fetch: Fetch, findings: list[Finding]) -> dict[str, Voice]:
    """The voices with what could not be told of their samples among their remarks; what is wrong is told."""
    asked = {(url, known) for voice in voices.values() for _, url, known in _links(voice)}
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="probe") as pool:
        futures = {(url, known): pool.submit(probe, url, known, fetch=fetch) for url, known in asked}
    seen: dict[tuple[str, AudioLimits], Probed] = {link: future.result() for link, future in futures.items()}
    told: dict[str, Voice] = {}
    for address, voice in voices.items():
        remarks: list[str] = []
        for inside, url, known in _links(voice):
            found = seen[url, known]
            file, path = where(address)
            if known is limits.MINIMAX_ADVICE:
                remarks += [f"{fault} (not Tencent's word)" for fault in found.faults]
            else:
                findings += [Finding(file, (*path, keyword_of(voice.method), *inside), what) for what in found.faults]
            remarks += found.doubts
        told[address] = voice.model_copy(update={"remarks": (*voice.remarks, *remarks)}) if remarks else voice
    return told


def _links(voice: Voice) -> list[tuple[Path, str, AudioLimits]]:
    """Where in the body a link to a sample stands, the link, and what it is measured against."""
    found: list[tuple[Path, str, AudioLimits]] = []
    for key, value in voice.inputs.items():
        known = _LIMITS.get((voice.type, voice.method, key))
        if known is None:
            continue
        if isinstance(value, str):
            found.append(((key,), value, known))
        elif isinstance(value, dict) and "url" in value:
            found.append(((key, "url"), value["url"], known))
    return found

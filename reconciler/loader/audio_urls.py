"""Links that a cloud opens, looked at on request: each is fetched once and measured against what its cloud takes.

Whoever asks brings the download. What can't be told from here is a remark; what is proven is a finding. Links of
entries that are wrong in other ways are looked at too, so that all problems are told at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from reconciler import waits
from reconciler.audio import limits
from reconciler.audio.limits import AudioLimits
from reconciler.audio.probing import Fetch, Probed, probe, reach
from reconciler.loader.environment import Unresolved
from reconciler.loader.method_inputs import model_of
from reconciler.loader.problems import RawProblem
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import Value
from reconciler.model.methods import METHODS, models_under
from reconciler.model.scalars import is_http

_AT_ONCE = 8
_POSTED = "callback_url"  # the key of what a cloud sends to
_LIMITS: Mapping[tuple[str | None, str, str], AudioLimits] = {  # (type, method, key) -> what is taken
    ("kling", "create", "voice_url"): limits.KLING_VOICE_URL,
    ("tencent-vod", "create", "voice_url"): limits.VOD_VOICE_URL,
    ("tencent-vod", "clone", "audio"): limits.VOD_CLONE_AUDIO,
    ("tencent-vod", "clone", "prompt_audio"): limits.VOD_CLONE_PROMPT,
    ("tencent-vod", "clone-minimax", "audio"): limits.MINIMAX_ADVICE,
}


@dataclass(frozen=True, slots=True)
class DeclaredUrl:
    """One link as it is declared, in an entry that may be wrong in other ways."""

    file: str
    path: Path
    address: str
    url: str
    kind: str | None  # the provider's type, where it is known
    method: str
    key: str

    @property
    def limits(self) -> AudioLimits | None:
        return _LIMITS.get((self.kind, self.method, self.key))


def declared_links(
    kind: str | None, keyword: str, raw: Value, *, file: str, path: Path, address: str
) -> list[DeclaredUrl]:
    """The links of a method's body as it was read, before it is known whether it is valid; `path` leads to the body.

    Where the provider's type is not known, those of any method that stands under this key.
    """
    if not isinstance(raw, dict):
        return []
    model = model_of(kind, keyword, raw)
    method = next((name for name, body in METHODS[kind].items() if body is model), keyword) if kind else keyword
    found: dict[Path, str] = {}
    for body in [model] if model is not None else models_under(keyword).values():
        found |= dict(body.links_in(raw))
    return [
        DeclaredUrl(file, (*path, *inside), address, str(url), kind, method, str(inside[0]))
        for inside, url in found.items()
        if not isinstance(url, Unresolved) and is_http(url)
    ]


def looked_at(links: Sequence[DeclaredUrl], *, fetch: Fetch, problems: list[RawProblem]) -> dict[str, list[str]]:
    """What could not be told of the links, by address; what is wrong is added to the findings."""
    asked = {(link.url, link.key, link.limits) for link in links}

    def look(url: str, key: str, known: AudioLimits | None) -> Probed:
        return reach(url, key, fetch=fetch, posted=key == _POSTED) if known is None else probe(url, known, fetch=fetch)

    pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="probe")
    try:
        futures = {each: pool.submit(look, *each) for each in asked}
        probed = {each: waits.result(future) for each, future in futures.items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    remarks: dict[str, list[str]] = {}
    for link in links:
        found = probed[link.url, link.key, link.limits]
        doubts = list(found.doubts)
        if found.fetched and link.limits is limits.MINIMAX_ADVICE:
            doubts = [*(f"{fault} (not Tencent's word)" for fault in found.faults), *doubts]
        else:
            problems += [RawProblem(link.file, link.path, what) for what in found.faults]
        if doubts:
            remarks.setdefault(link.address, []).extend(doubts)
    return remarks

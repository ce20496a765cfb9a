"""Checks the links that a cloud opens, on request: downloads each one once and checks the cloud's limits.

The caller passes the download function. A proven fault is a problem; what could not be checked is a remark. Links of
invalid entries are checked too, so that all problems are reported at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from reconciler import waits
from reconciler.audio.limits import AudioLimits
from reconciler.audio.probing import Fetch, Probed, probe, reach
from reconciler.loader.audio_files import samples_of
from reconciler.loader.environment import Unresolved
from reconciler.loader.method_inputs import model_of
from reconciler.loader.problems import RawProblem
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import Value
from reconciler.model.cloud_types import cloud_type
from reconciler.model.methods import models_under
from reconciler.model.scalars import is_http
from reconciler.values import value

_PARALLEL = 8
_CALLBACK_KEY = "callback_url"  # the key of the URL to which a cloud sends requests


@value
class DeclaredUrl:
    """One declared link; its entry may be invalid."""

    file: str
    path: Path
    address: str
    url: str
    kind: str | None  # the provider's type, where it is known
    method: str
    key: str

    @property
    def limits(self) -> AudioLimits | None:
        """The cloud's limits for the file; None if there are none."""
        return samples_of(self.kind).links.get((self.method, self.key)) if self.kind is not None else None


def declared_links(
    kind: str | None, keyword: str, raw: Value, *, file: str, path: Path, address: str
) -> list[DeclaredUrl]:
    """The links in a method's body, which may be invalid; `path` is the body's path.

    If the provider's type is unknown, the links of all methods with this keyword.
    """
    if not isinstance(raw, dict):
        return []
    model = model_of(kind, keyword, raw)
    method = (
        next((name for name, body in cloud_type(kind).methods.items() if body is model), keyword) if kind else keyword
    )
    found: dict[Path, str] = {}
    for body in [model] if model is not None else models_under(keyword).values():
        found |= dict(body.links_in(raw))
    return [
        DeclaredUrl(file, (*path, *inside), address, str(url), kind, method, str(inside[0]))
        for inside, url in found.items()
        if not isinstance(url, Unresolved) and is_http(url)
    ]


def probe_links(links: Sequence[DeclaredUrl], *, fetch: Fetch, problems: list[RawProblem]) -> dict[str, list[str]]:
    """Checks the links and reports faults as problems.

    Returns address -> remarks on what could not be checked, and on what can be heard in the samples.
    """
    distinct = {(link.url, link.key, link.limits) for link in links}

    def check(url: str, key: str, known: AudioLimits | None) -> Probed:
        return (
            reach(url, key, fetch=fetch, posted=key == _CALLBACK_KEY)
            if known is None
            else probe(url, known, fetch=fetch)
        )

    pool = ThreadPoolExecutor(max_workers=_PARALLEL, thread_name_prefix="probe")
    try:
        futures = {each: pool.submit(check, *each) for each in distinct}
        probed = {each: waits.result(future) for each, future in futures.items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    remarks: dict[str, list[str]] = {}
    for link in links:
        found = probed[link.url, link.key, link.limits]
        doubts = list(found.doubts)
        unstated_by = link.limits.unstated_by if link.limits is not None else ""
        if found.fetched and unstated_by:
            doubts = [*(f"{fault} (not a limit that {unstated_by} states)" for fault in found.faults), *doubts]
        else:
            problems += [RawProblem(link.file, link.path, what) for what in found.faults]
        if doubts or found.findings:
            remarks.setdefault(link.address, []).extend([*doubts, *found.findings])
    return remarks

"""What a person should know of declared voices before they are paid for, a note for each remark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.manifest import Manifest, Voice
from reconciler.model.reachability import not_public

_NAMED = 5  # addresses in a note


def notes(manifest: Manifest, voices: Iterable[Voice]) -> tuple[str, ...]:
    """`hero: voice_url: Kling can't reach localhost, …`. What is true of many voices is said once."""
    addresses: dict[str, list[str]] = {}
    for voice in voices:
        for remark in (*voice.worth_knowing, *_out_of_reach(manifest, voice)):
            addresses.setdefault(remark, []).append(voice.address)
    return tuple(f"{listed(about)}: {remark}" for remark, about in addresses.items())


def listed(addresses: list[str]) -> str:
    """`a, b, c, d, e and 95 more`."""
    more = f" and {len(addresses) - _NAMED} more" if len(addresses) > _NAMED else ""
    return ", ".join(addresses[:_NAMED]) + more


def _out_of_reach(manifest: Manifest, voice: Voice) -> Iterator[str]:
    """Links that a cloud on the internet can't follow. The sandbox follows none, and one nearby may."""
    account = manifest.providers.get(voice.provider)
    if account is None or manifest.sandbox or (account.endpoint is not None and not_public(account.endpoint)):
        return
    for path, url in voice.links:
        if (host := not_public(url)) is not None:
            yield f"{path}: {account.cloud} can't reach {host}; use a public URL"

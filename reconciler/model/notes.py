"""What a person should know of declared voices before they are paid for, a note for each remark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.manifest import Manifest, Voice

_NAMED = 5  # addresses in a note


def notes(manifest: Manifest, voices: Iterable[Voice]) -> tuple[str, ...]:
    """`hero: voice_url: Kling can't reach localhost, …`. What is true of many voices is said once."""
    addresses: dict[str, list[str]] = {}
    for voice in voices:
        for remark in (*voice.worth_knowing, *_out_of_reach(manifest, voice)):
            addresses.setdefault(remark, []).append(voice.address)
    return (*manifest.notes, *(f"{listed(about)}: {remark}" for remark, about in addresses.items()))


def listed(addresses: list[str], *, last: str = "") -> str:
    """`a, b, c, d, e and 95 more`; up to five with a word before the last one: `a and b`."""
    if len(addresses) > _NAMED:
        return f"{', '.join(addresses[:_NAMED])} and {len(addresses) - _NAMED} more"
    if last and len(addresses) > 1:
        return f"{', '.join(addresses[:-1])} {last} {addresses[-1]}"
    return ", ".join(addresses)


def _out_of_reach(manifest: Manifest, voice: Voice) -> Iterator[str]:
    """Links that a cloud on the internet can't follow. The sandbox follows none, and one nearby may."""
    from reconciler.model.reachability import not_public  # which takes a moment, and most plans buy nothing

    account = manifest.providers.get(voice.provider)
    if account is None or manifest.sandbox or (account.endpoint is not None and not_public(account.endpoint)):
        return
    for path, url in voice.links:
        if (host := not_public(url)) is not None:
            yield f"{path}: {account.cloud} can't reach {host}; use a public URL"

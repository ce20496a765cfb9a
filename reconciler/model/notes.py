"""Notes on declared voices that the user should read before the voices are paid for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.manifest import Manifest, Voice

_MOST_LISTED = 5  # addresses in a note


def notes(manifest: Manifest, voices: Iterable[Voice]) -> tuple[str, ...]:
    """One note for each remark, with all its addresses: `hero: voice_url: Kling can't reach localhost, …`."""
    addresses: dict[str, list[str]] = {}
    for voice in voices:
        for remark in (*voice.all_remarks, *_unreachable_links(manifest, voice)):
            addresses.setdefault(remark, []).append(voice.address)
    return (*manifest.notes, *(f"{listed(about)}: {remark}" for remark, about in addresses.items()))


def listed(addresses: list[str], *, last: str = "") -> str:
    """The addresses as a list: `a, b, c, d, e and 95 more`. With `last="and"` and at most five: `a and b`."""
    if len(addresses) > _MOST_LISTED:
        return f"{', '.join(addresses[:_MOST_LISTED])} and {len(addresses) - _MOST_LISTED} more"
    if last and len(addresses) > 1:
        return f"{', '.join(addresses[:-1])} {last} {addresses[-1]}"
    return ", ".join(addresses)


def _unreachable_links(manifest: Manifest, voice: Voice) -> Iterator[str]:
    """Remarks on links that a cloud on the internet can't open.

    The sandbox opens no links, and a cloud at a private endpoint may reach private hosts: both get no remark.
    """
    from reconciler.model.reachability import not_public  # a slow import, and most plans create nothing

    account = manifest.providers.get(voice.provider)
    if account is None or manifest.sandbox or (account.endpoint is not None and not_public(account.endpoint)):
        return
    for path, url in voice.links:
        if (host := not_public(url)) is not None:
            yield f"{path}: {account.cloud} can't reach {host}; use a public URL"

"""Which addresses a webhook may be sent to. Pure functions; the caller resolves the names.

A webhook must not reach what only this machine can reach and nobody would name on purpose: link-local addresses and the
metadata services of clouds, which give credentials to whoever asks. Private networks are allowed: a team's own receiver
is there. Without TLS, only they are.
"""

from __future__ import annotations

import re
from dataclasses import field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from reconciler.errors import UsageError
from reconciler.hints import hint
from reconciler.providers.http.lean_httpx import httpx
from reconciler.values import value

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]+")  # a name, or an address without its brackets
_HINT = hint("Such as --webhook https://hooks.example.com/voices, or VOICECTL_WEBHOOK in the environment.")
_METADATA = tuple(
    map(
        ip_network,
        (
            "100.100.100.200/32",  # Alibaba Cloud
            "168.63.129.16/32",  # Azure, for its agents
            "192.0.0.192/32",  # Oracle Cloud, the old one
            "fd00:ec2::/32",  # AWS
            "fd20:ce::254/128",  # Google Cloud
            "fd00:c1::a9fe:a9fe/128",  # Oracle Cloud
            "fd00:42::42/128",  # Scaleway
        ),  # all others are link-local: 169.254.169.254, Tencent Cloud's 169.254.0.23, …
    )
)
_METADATA_NAMES = frozenset(
    (
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "metadata.tencentyun.com",
        "metadata.azure.internal",
        "instance-data",
        "instance-data.ec2.internal",
    )
)
_THIS_NETWORK = ip_network("0.0.0.0/8")  # RFC 1122; Linux takes 0.0.0.0 as this machine
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))  # RFC 6052, RFC 8215
_INSIDE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)  # RFC 1918, RFC 6598, RFC 4193


@value
class WebhookUrl:
    """The address of a webhook. Its path and its query may be secret, so only `shown` may be printed."""

    url: str = field(repr=False)
    host: str
    port: int
    encrypted: bool

    @property
    def shown(self) -> str:
        return self.host


def parse(words: str) -> WebhookUrl:
    """The address. Raises UsageError, whose text does not quote the URL."""
    try:
        url = httpx.URL(words.strip())
    except httpx.InvalidURL:
        raise UsageError("The address of the webhook is not a URL.", _HINT) from None
    host = url.raw_host.decode("ascii")
    if url.scheme not in ("http", "https") or not _HOST.fullmatch(host) or not 0 < (url.port or 443) < 65536:
        raise UsageError("The address of the webhook is not an https:// or http:// URL.", _HINT)
    if url.userinfo:
        raise UsageError(
            "The address of the webhook has a user name or a password.",
            hint("Leave them out: the signature proves to the receiver who sent the webhook."),
        )
    if (why := name_refusal(host)) is not None:
        raise UsageError(f"The webhook can't be sent to {host}: {why}.", _HINT)
    encrypted = url.scheme == "https"
    return WebhookUrl(str(url.copy_with(fragment=None)), host, url.port or (443 if encrypted else 80), encrypted)


def name_refusal(host: str) -> str | None:
    """Why no webhook is sent to this name, or None. The name's addresses are checked too, once they are known."""
    name = host.lower().rstrip(".")
    return "it is the metadata service of a cloud" if name in _METADATA_NAMES else None


def address_refusal(address: str, *, encrypted: bool) -> str | None:
    """Why no webhook is sent to this numeric address, or None."""
    found = _embedded(ip_address(address))
    if found.is_link_local:
        return f"{found} is a link-local address"
    if any(found in network for network in _METADATA):
        return f"{found} is the metadata service of a cloud"
    if found.is_unspecified or found.is_multicast or found in _THIS_NETWORK or _is_reserved(found):
        return f"{found} is not the address of one machine"
    if not encrypted and not (found.is_loopback or any(found in network for network in _INSIDE)):
        return f"{found} is a public address, and http:// would send the webhook there without encryption; use https://"
    return None


def _is_reserved(address: IPv4Address | IPv6Address) -> bool:
    return isinstance(address, IPv4Address) and address.is_reserved  # 240.0.0.0/4, and 255.255.255.255


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, if there is one; else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    number = int(address)
    if 1 < number < 1 << 32 or any(address in network for network in _NAT64):
        return IPv4Address(number & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo is not None else address)

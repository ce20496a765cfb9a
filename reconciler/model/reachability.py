"""Recognises hosts that a public cloud can't reach, from the URL alone: no name is resolved.

A host that may be public counts as public. So does `.example`, which documents use in place of any name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import unquote, urlsplit

_LOCALHOST = frozenset(("localhost", "ip6-localhost", "ip6-loopback"))
_NOT_PUBLIC = frozenset(  # last labels that the public DNS never has
    (
        "local",  # RFC 6762: multicast DNS
        "intranet", "internal", "private", "corp", "home", "lan",  # RFC 6762, appendix G; internal: ICANN, 2024
        "test", "invalid",  # RFC 6761
        "localdomain", "onion", "alt",  # RFC 7686, RFC 9476
        "svc", "consul", "docker",  # Kubernetes, Consul, Docker: names within a cluster
    )
)  # fmt: skip
_NOT_PUBLIC_DOMAINS = ("home.arpa",)  # RFC 8375
_INTERNAL = (  # an object store's host names inside its own network
    re.compile(r"-internal\.aliyuncs\.com$"),  # Alibaba Cloud OSS, regions and endpoints
    re.compile(r"\.ivolces\.com$"),  # Volcengine TOS, regions and endpoints
)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_CARRIER = (IPv4Address("100.64.0.0"), IPv4Address("100.127.255.255"))  # RFC 6598
_RFC_1918 = (
    (IPv4Address("10.0.0.0"), IPv4Address("10.255.255.255")),
    (IPv4Address("172.16.0.0"), IPv4Address("172.31.255.255")),
    (IPv4Address("192.168.0.0"), IPv4Address("192.168.255.255")),
)
_UNIQUE_LOCAL = IPv6Network("fc00::/7")  # RFC 4193
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052


def not_public(url: str) -> str | None:
    """The URL's host, and why only its own network can reach it: `10.0.0.5, a private address`.

    None where the host may be public, and where the URL is not valid.
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return _fault_of_host(host) if host else None


@lru_cache(maxsize=1024)
def _fault_of_host(written: str) -> str | None:
    host = unicodedata.normalize("NFKC", unquote(written)).replace("。", ".").lower().removesuffix(".")
    address = _address(host)
    if address is None:
        why = _fault_of_name(host)
        return f"{host}, {why}" if why else None
    why = _fault_of_address(address)
    if why is None and isinstance(address, IPv4Address) and (padded := _decimal(host)) is not None:
        # Some programs read 010.0.0.5 as 8.0.0.5, others as 10.0.0.5.
        address, why = padded, _fault_of_address(padded)
    if why is None:
        return None
    shown = host if isinstance(address, IPv6Address) or host == str(address) else f"{host} ({address})"
    return f"{shown}, {why}"


def _fault_of_name(host: str) -> str | None:
    labels = host.split(".")
    if labels[-1] in _LOCALHOST:
        return "which always means the local machine"
    if _NUMBER.fullmatch(labels[-1]):
        return "which is not a valid address"
    if len(labels) == 1:
        return "a name without a dot, which is known in its own network only"
    ending = labels[-1] if labels[-1] in _NOT_PUBLIC else next((d for d in _NOT_PUBLIC_DOMAINS if _within(host, d)), "")
    if ending:
        return f"a name in .{ending}, which is never public"
    if any(pattern.search(host) for pattern in _INTERNAL):
        return "an internal name of an object store"
    return None


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _fault_of_address(address: IPv4Address | IPv6Address) -> str | None:
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return _fault_of_address(inner)
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_unspecified:
        return "which is not the address of a machine"
    if isinstance(address, IPv4Address):
        if any(first <= address <= last for first, last in _RFC_1918):
            return "a private address"
        if _CARRIER[0] <= address <= _CARRIER[1]:
            return "an address inside a carrier's network"
    elif address in _UNIQUE_LOCAL or address.is_site_local:
        return "a private address"
    return None if address.is_global and not address.is_multicast else "which is not a public address"


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that is embedded in an IPv6 address."""
    value = int(address)
    if address in _NAT64 or 1 < value < 1 << 32:  # ::a.b.c.d, deprecated, but many programs accept it
        return IPv4Address(value & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _address(host: str) -> IPv4Address | IPv6Address | None:
    if ":" in host:
        try:
            return ip_address(host)
        except ValueError:
            return None
    return _ipv4(host)


def _ipv4(host: str) -> IPv4Address | None:
    """Parses as resolvers do: one to four numbers, decimal, octal or hex; the last one fills the remaining bytes."""
    parts = host.split(".")
    numbers = [number for part in parts if (number := _number(part)) is not None]
    if len(numbers) != len(parts) or len(parts) > 4:
        return None
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(parts)):
        return None
    return IPv4Address(sum(number << 8 * (3 - place) for place, number in enumerate(first)) + last)


def _number(part: str) -> int | None:
    if not _NUMBER.fullmatch(part) or len(part) > 40:
        return None
    try:
        if part[:2] in ("0x", "0X"):
            return int(part[2:] or "0", 16)
        return int(part, 8 if part[0] == "0" else 10)
    except ValueError:  # an 8 or a 9 among octal digits
        return None


def _decimal(host: str) -> IPv4Address | None:
    """Parses four decimal numbers; leading zeros are ignored."""
    parts = host.split(".")
    if len(parts) != 4 or not all(re.fullmatch("[0-9]{1,3}", part) and int(part) < 256 for part in parts):
        return None
    return IPv4Address(".".join(str(int(part)) for part in parts))

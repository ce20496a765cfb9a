"""Finds the proxy for an endpoint in HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.

httpx can do that too, but fails on addresses that users write into NO_PROXY: [::1], fd00::/8.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies

from reconciler.errors import UsageError
from reconciler.providers.http.lean_httpx import httpx

_HINT = "See HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in the environment."
_PORTS = {"http": 80, "https": 443}


def proxy_for(endpoint: str, proxies: Mapping[str, str] | None = None) -> httpx.Proxy | None:
    """The proxy for this endpoint; None where there is none. Raises UsageError for a URL that names no proxy.

    `proxies` is scheme -> URL, "all" -> URL, "no" -> exceptions. Without it, the environment's are used.
    """
    proxies = getproxies() if proxies is None else proxies
    url = urlsplit(endpoint)
    named = proxies.get(url.scheme) or proxies.get("all")
    if not named or _in_no_proxy(url.hostname or "", url.port or _PORTS[url.scheme], proxies.get("no", "")):
        return None
    try:
        proxy = httpx.Proxy(named if "://" in named else f"http://{named}")
    except (ValueError, httpx.InvalidURL):  # their words would quote its password
        raise UsageError("The environment names a proxy, but its value is not the URL of a proxy.", _HINT) from None
    if not proxy.url.host:
        raise UsageError("The proxy that the environment names has no host.", _HINT)
    return proxy


def _in_no_proxy(host: str, port: int, exceptions: str) -> bool:
    """Whether NO_PROXY contains the host: its name, a parent domain, its address or a range; with or without port."""
    for each in exceptions.lower().split(","):
        name = each.strip().removeprefix("*.").lstrip(".")
        if name == "*":
            return True
        if name and (name in (host, f"{host}:{port}", f"[{host}]:{port}") or host.endswith(f".{name}")):
            return True
        if _within(host, name):
            return True
    return False


def _within(host: str, addresses: str) -> bool:
    try:
        return ip_address(host) in ip_network(addresses.strip("[]"), strict=False)
    except ValueError:  # a name, not an address
        return False

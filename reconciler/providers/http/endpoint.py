"""Normalizes the base URLs of clouds. State files contain them, so the normal form must not change."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from reconciler.errors import EndpointInvalid
from reconciler.providers.http.lean_httpx import httpx

_PORTS = {"http": 80, "https": 443}


def base_url(named: str) -> str:
    """The URL with scheme and host in lower case, no default port and no slash at the end. Raises EndpointInvalid."""
    fault = "its host is not valid"
    try:
        url = urlsplit(named)
        fault = "its port is not a number from 0 to 65535"
        number = url.port
        fault = "it is not a valid URL"
        httpx.URL(named)  # it rejects more invalid host names
    except (ValueError, httpx.InvalidURL):
        raise EndpointInvalid(f"{named} can't be an endpoint: {fault}.") from None
    scheme, host = url.scheme.lower(), (url.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = "" if number in (None, _PORTS.get(scheme)) else f":{number}"
    return urlunsplit((scheme, host + port, url.path.rstrip("/"), "", ""))

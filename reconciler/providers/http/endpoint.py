"""Base URLs of clouds in the one form that tells accounts apart. A state remembers them: the form may not change."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from reconciler.errors import EndpointInvalid
from reconciler.providers.http.lean_httpx import httpx

_PORTS = {"http": 80, "https": 443}


def base_url(named: str) -> str:
    """Scheme and host in lower case, no port that is the scheme's own, no slash at the end. Raises EndpointInvalid."""
    try:
        url = urlsplit(named)
        number = url.port
        httpx.URL(named)  # which knows more of names that are none
    except (ValueError, httpx.InvalidURL) as error:
        raise EndpointInvalid(f"{named} can't be an endpoint: {str(error).rstrip('.')}.") from None
    scheme, host = url.scheme.lower(), (url.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = "" if number in (None, _PORTS.get(scheme)) else f":{number}"
    return urlunsplit((scheme, host + port, url.path.rstrip("/"), "", ""))

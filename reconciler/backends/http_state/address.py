"""The addresses and settings of a state on an HTTP server, from its URL and the environment. It opens no connection.

The names are those of Terraform's http backend. Two groups of them differ:
- `TF_HTTP_ADDRESS` never chooses a state, since in a pipeline it often names Terraform's own. The methods and lock
  addresses beside it count only if it is the very URL of this state.
- User, password, certificates and retries always count.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from reconciler.errors import UsageError
from reconciler.values import value

ALLOW_HTTP = "VOICECTL_ALLOW_HTTP"
_GITLAB = re.compile(r"/api/v4/projects/[^/]+/terraform/state/(?P<name>.+)")
_METHOD = re.compile(r"[A-Z]{1,20}")
_READ_RETRIES, _SHORTEST_WAIT, _LONGEST_WAIT = 5, 0.5, 10.0  # Terraform's own: 2, 1 s, 30 s


@value
class Tls:
    """Certificates and keys as PEM text; empty: none of our own."""

    certificate: str = ""
    key: str = field(default="", repr=False)
    authority: str = ""
    verify: bool = True


@value
class Address:
    """Where a state and its lock are, and how they are reached. Seconds. Queries and passwords are secret."""

    state: str = field(repr=False)
    lock: str = field(repr=False)
    unlock: str = field(repr=False)
    gitlab: bool = False
    update_method: str = "POST"
    lock_method: str = "LOCK"
    unlock_method: str = "UNLOCK"
    user: str = ""
    password: str = field(default="", repr=False)
    retries: int = _READ_RETRIES
    shortest_wait: float = _SHORTEST_WAIT
    longest_wait: float = _LONGEST_WAIT
    tls: Tls = Tls()
    proxy: str = field(default="", repr=False)

    @property
    def where(self) -> str:
        """The URL of the state, without its query."""
        return _without_query(self.state)

    @property
    def encrypted(self) -> bool:
        """Whether any of the addresses needs TLS."""
        return any(url.startswith("https:") for url in (self.state, self.lock, self.unlock))

    def old_version(self, serial: int) -> str:
        """GitLab's URL of the state that had this serial."""
        parts = urlsplit(self.state)
        return urlunsplit(parts._replace(path=f"{parts.path}/versions/{serial}"))


def with_lock_id(url: str, lock_id: str) -> str:
    """The URL with the query `ID=`."""
    parts = urlsplit(url)
    pairs = [parts.query] if parts.query else []
    return urlunsplit(parts._replace(query="&".join([*pairs, f"ID={quote(lock_id, safe='')}"])))


def address(url: str, environ: Mapping[str, str]) -> Address:
    """The settings for the state at `url`. Raises UsageError for a URL or a variable that can't be used."""
    parts = _checked(url, "The state's address", environ)
    gitlab = _GITLAB.search(parts.path)
    if gitlab and "/" in gitlab["name"]:
        raise UsageError(
            f"GitLab's names of states have no /, and {_without_query(url)} ends in one that has.",
            "Give the state another name.",
        )
    lock = _with_path(parts, f"{parts.path}/lock") if gitlab else url
    methods = ("POST", "POST", "DELETE") if gitlab else ("POST", "LOCK", "UNLOCK")
    same = environ if environ.get("TF_HTTP_ADDRESS") == url else {}
    user, password = _credentials(environ, parts, gitlab=gitlab is not None)
    return Address(
        state=url,
        lock=_other_address("TF_HTTP_LOCK_ADDRESS", lock, same, environ),
        unlock=_other_address("TF_HTTP_UNLOCK_ADDRESS", lock, same, environ),
        gitlab=gitlab is not None,
        update_method=_method("TF_HTTP_UPDATE_METHOD", methods[0], same),
        lock_method=_method("TF_HTTP_LOCK_METHOD", methods[1], same),
        unlock_method=_method("TF_HTTP_UNLOCK_METHOD", methods[2], same),
        user=user,
        password=password,
        retries=int(_number("TF_HTTP_RETRY_MAX", _READ_RETRIES, environ)),
        shortest_wait=_number("TF_HTTP_RETRY_WAIT_MIN", _SHORTEST_WAIT, environ),
        longest_wait=_number("TF_HTTP_RETRY_WAIT_MAX", _LONGEST_WAIT, environ),
        tls=_tls(environ),
        proxy=_proxy(parts, environ),
    )


def _checked(url: str, what: str, environ: Mapping[str, str]) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UsageError(f"{what} is not a URL.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or url != url.strip() or not url.isprintable():
        raise UsageError(f"{what} is not a URL that begins with https://.")
    if "@" in parts.netloc:
        raise UsageError(
            f"{what} holds a user or a password.",
            "Remove them from the URL, and set TF_HTTP_USERNAME and TF_HTTP_PASSWORD.",
        )
    if parts.fragment:
        raise UsageError(f"{what} has a fragment, which no server gets to see.", "Remove the # and what follows it.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname) and environ.get(ALLOW_HTTP) != "true":
        raise UsageError(
            f"{what} is not encrypted: {_without_query(url)}. Others could read the state and the password.",
            f"Use https://. In a network that you trust, set {ALLOW_HTTP}=true.",
        )
    return parts


def _other_address(name: str, usual: str, same: Mapping[str, str], environ: Mapping[str, str]) -> str:
    url = same.get(name)
    if not url:
        return usual
    _checked(url, name, environ)
    return url


def _method(name: str, usual: str, same: Mapping[str, str]) -> str:
    method = same.get(name) or usual
    if not _METHOD.fullmatch(method):
        raise UsageError(f"{name} is not the name of an HTTP method.", "Use capital letters, like POST.")
    return method


def _number(name: str, usual: float, environ: Mapping[str, str]) -> float:
    text = environ.get(name)
    if not text:
        return usual
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise UsageError(f"{name} is not a whole number.", f"Set it to a number, or unset {name}.")
    return float(text)


def _credentials(environ: Mapping[str, str], parts: SplitResult, *, gitlab: bool) -> tuple[str, str]:
    user, password = environ.get("TF_HTTP_USERNAME", ""), environ.get("TF_HTTP_PASSWORD", "")
    token = environ.get("CI_JOB_TOKEN", "")
    if password or not (gitlab and token and _is_own_gitlab(environ, parts)):
        return user, password
    return "gitlab-ci-token", token


def _is_own_gitlab(environ: Mapping[str, str], parts: SplitResult) -> bool:
    """Whether the job's token belongs to this server: no manifest may send it to another one."""
    own = urlsplit(environ.get("CI_API_V4_URL") or environ.get("CI_SERVER_URL") or "")
    return not own.netloc or (own.scheme, own.netloc) == (parts.scheme, parts.netloc)


def _tls(environ: Mapping[str, str]) -> Tls:
    certificate, key = (environ.get(f"TF_HTTP_CLIENT_{x}_PEM", "") for x in ("CERTIFICATE", "PRIVATE_KEY"))
    if bool(certificate) != bool(key):
        missing = "TF_HTTP_CLIENT_PRIVATE_KEY_PEM" if certificate else "TF_HTTP_CLIENT_CERTIFICATE_PEM"
        raise UsageError(f"A client certificate needs its key too: {missing} is not set.")
    skip = environ.get("TF_HTTP_SKIP_CERT_VERIFICATION", "").lower()
    if skip not in ("", "0", "1", "true", "false"):
        raise UsageError("TF_HTTP_SKIP_CERT_VERIFICATION is neither true nor false.")
    authority = environ.get("TF_HTTP_CLIENT_CA_CERTIFICATE_PEM", "")
    return Tls(certificate, key, authority, verify=skip not in ("1", "true"))


def _proxy(parts: SplitResult, environ: Mapping[str, str]) -> str:
    """The proxy's URL, from HTTPS_PROXY and its kin; empty for none. This machine is reached without one."""
    host = parts.hostname or ""
    exceptions = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if _is_loopback(host) or any(_covers(each.strip().lower(), host, parts.netloc) for each in exceptions.split(",")):
        return ""
    names = (f"{parts.scheme}_proxy", f"{parts.scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
    return next((environ[name] for name in names if environ.get(name)), "")


def _covers(exception: str, host: str, netloc: str) -> bool:
    """Whether an entry of NO_PROXY names this host: itself, a parent domain, its address, a range, or everything."""
    name = exception.removeprefix("*.").lstrip(".")
    if exception == "*" or (name and (name in (host, netloc.lower()) or host.endswith(f".{name}"))):
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name.strip("[]"), strict=False)
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _with_path(parts: SplitResult, path: str) -> str:
    return urlunsplit(parts._replace(path=path))


def _without_query(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))

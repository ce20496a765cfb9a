"""Which hosts may receive credentials. A manifest in a pull request is foreign code: in a pipeline it names none.

A host is trusted if the vendor runs it, if it is this machine, or if the environment names it: VOICECTL_ALLOWED_HOSTS
lists hosts (`proxy.example.com`) and domains with all hosts below them (`.example.com`), separated by commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from reconciler.errors import HostNotTrusted

ALLOWED_HOSTS = "VOICECTL_ALLOWED_HOSTS"
_PLAIN = "http://"  # before an entry: its host may be called without encryption
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")  # other spellings of a host are never trusted
_TRUE = frozenset(("true", "1", "yes"))  # values of CI; GitHub, GitLab and most others set CI=true


def is_true(name: str, environ: Mapping[str, str]) -> bool:
    """Whether this variable says yes."""
    return environ.get(name, "").strip().lower() in _TRUE


def in_pipeline(environ: Mapping[str, str]) -> bool:
    """Whether this run is a job of a pipeline."""
    return is_true("CI", environ)


def is_loopback(host: str) -> bool:
    """Whether this is an address of this machine, or `localhost`."""
    if host == "localhost":
        return True
    from ipaddress import ip_address  # few hosts are numbers

    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """The host of a URL in lower case; empty if it has none that can be read."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def hosts_of(environ: Mapping[str, str], *names: str) -> tuple[str, ...]:
    """The hosts of the URLs in these variables."""
    return tuple(host for name in names if (host := host_of(environ.get(name, ""))))


def may_receive(url: str, environ: Mapping[str, str], *, vendor: Iterable[str]) -> bool:
    """Whether the host of this URL is trusted. `vendor`: hosts and domains of the cloud, trusted only over https."""
    host, encrypted = host_of(url), url[:6].lower() == "https:"
    if is_loopback(host) or (encrypted and _among(host, vendor)):
        return True
    return _is_allowed(host, environ, encrypted=encrypted)


def refuse_state_host(host: str, environ: Mapping[str, str], *, where: str, named: Iterable[str] = ()) -> None:
    """Raises HostNotTrusted in a pipeline if the manifest alone chose this host of a state, or of its store.

    `where` is what the manifest says. `named`: hosts that the command line or the environment names.
    """
    if not in_pipeline(environ) or is_loopback(host) or host in named or _is_allowed(host, environ, encrypted=True):
        return
    raise HostNotTrusted(
        f"Only the manifest names {where}. In a pipeline (CI=true), voicectl sends a state's credentials only to hosts "
        "that are named outside the manifest.",
        f"If you trust this host, name it in the pipeline's settings: {ALLOWED_HOSTS}={host or 'HOST'}, or "
        "VOICECTL_STATE=URL.",
    )


def _is_allowed(host: str, environ: Mapping[str, str], *, encrypted: bool) -> bool:
    entries = [each.strip().lower() for each in environ.get(ALLOWED_HOSTS, "").split(",")]
    plain = [each.removeprefix(_PLAIN) for each in entries if each.startswith(_PLAIN)]
    return _among(host, plain) or (encrypted and _among(host, [each for each in entries if "/" not in each]))


def _among(host: str, entries: Iterable[str]) -> bool:
    if not _HOST.fullmatch(host) and ":" not in host:  # an IPv6 address has colons
        return False
    return any(host == each.strip("[]") or (each.startswith(".") and host.endswith(each)) for each in entries if each)

"""From the user's URL and DSN to libpq's parameters, once and strictly. Opens no connection.

    postgresql:///voices?sslmode=verify-full
    postgresql://ann@db.example.com:5432/voices?name=prod

`name` and `insecure` are voicectl's own, everything else is libpq's. The environment variables of libpq (PGHOST,
PGPASSFILE, ...) count as they do for psql.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from urllib.parse import unquote

from reconciler.errors import StateError
from reconciler.values import value

_SUMMARY = "The address of the state can't be used"
_SCHEMES = ("postgresql:", "postgres:")
_NAME = re.compile(r"[A-Za-z0-9_/-]{1,200}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_/-]")
_SECRETS = frozenset({"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})
_VERIFIED = "verify-full"
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", _VERIFIED)
_OWN = ("name", "insecure")
_DEFAULTS = {
    "connect_timeout": "5",  # seconds, for each host
    "keepalives": "1",
    "keepalives_idle": "10",  # seconds
    "keepalives_interval": "5",  # seconds
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",  # milliseconds that sent bytes may stay unacknowledged
    "client_encoding": "UTF8",
    "fallback_application_name": "voicectl",
}


@value
class Address:
    """Where a state is: libpq's `parameters` (they may hold a password), and the state's `name` in the database."""

    parameters: Mapping[str, str]
    name: str
    where: str  # for messages: without user, password and options
    notes: tuple[str, ...]  # warnings about the connection


def parse(
    url: str, *, default_name: str, dsn: str | None = None, check_host: Callable[[str], None] | None = None
) -> Address:
    """The address in a URL, and in a libpq connection string that may hold secrets (`dsn`). Raises StateError.

    `check_host` is called with each remote host that only the URL names, and raises if it may not be used.
    """
    base, own = _own_parameters(url)
    given = _libpq(base, "The URL")
    for secret in sorted(_SECRETS & given.keys()):
        raise _invalid(
            f"The URL holds a secret ({secret}).",
            "Put it into PGPASSWORD or a password file (PGPASSFILE), or the whole connection string into an "
            "environment variable.",
        )
    if check_host is not None:
        outside = {} if dsn is None else _libpq(dsn, "The connection string of the environment")
        for host in sorted(_all_hosts(given) - _all_hosts(outside)):
            check_host(host)
    if dsn is not None:
        given = _merged(given, _libpq(dsn, "The connection string of the environment"))
    name = own.get("name")
    if name is not None and not _NAME.fullmatch(name):
        raise _invalid("The state's name may have up to 200 of the characters A-Z a-z 0-9 _ - /.", "Change `name=`.")
    name = name or _NOT_IN_NAMES.sub("-", default_name)[:200] or "voicectl"
    effective = _libpq_defaults() | given
    _check_mode(effective.get("sslmode"))
    notes = _tls_notes(effective, insecure=_is_insecure(own.get("insecure")))
    return Address(_DEFAULTS | given, name, _where(effective, name), notes)


def _own_parameters(url: str) -> tuple[str, dict[str, str]]:
    """The URL without voicectl's own parameters, and these."""
    if not url.startswith(_SCHEMES):
        raise _invalid("The URL of a PostgreSQL state begins with postgresql://.", "")
    base, _, query = url.partition("?")
    own: dict[str, str] = {}
    others = []
    for part in filter(None, query.split("&")):
        key, _, content = part.partition("=")
        if key not in _OWN:
            others.append(part)
        elif key in own:
            raise _invalid(f"The URL holds `{key}` twice.", "Remove one of them.")
        else:
            own[key] = unquote(content)
    scheme, _, rest = base.partition(":")
    base = f"{scheme}:{rest or '//'}"
    return (f"{base}?{'&'.join(others)}" if others else base), own


def _libpq(text: str, what: str) -> dict[str, str]:
    """The parameters of a URL or a connection string. libpq's own error may repeat a password, so it is not shown."""
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise StateError(
            "A state in PostgreSQL needs the extra [postgres].", "Install it: pip install 'voicectl[postgres]'"
        ) from None
    try:
        return {key: str(content) for key, content in conninfo_to_dict(text).items() if content is not None}
    except ProgrammingError:
        if (meant := _meant(text)) is not None:
            raise _invalid(f"{what} has a parameter that libpq does not know. Did you mean `{meant}`?", "") from None
        raise _invalid(
            f"{what} is not a connection string of PostgreSQL, or has a parameter that libpq does not know.",
            "Its form is postgresql://USER@HOST:PORT/DATABASE?sslmode=verify-full&name=NAME",
        ) from None


def _meant(url: str) -> str | None:
    """The parameter that a misspelt one is probably meant to be. The one in the URL may be a secret: not shown."""
    from psycopg.pq import Conninfo

    from reconciler.model.suggestion import nearest

    known = [each.keyword.decode() for each in Conninfo.get_defaults()]
    given = [part.partition("=")[0] for part in url.partition("?")[2].split("&") if part]
    return next((near for key in given if key not in known and (near := nearest(key, [*known, *_OWN]))), None)


def _check_mode(mode: str | None) -> None:
    if mode is None or mode in _MODES:
        return
    from reconciler.model.suggestion import nearest

    near = nearest(mode, _MODES)
    raise _invalid(
        f"`sslmode` has an unknown value.{f' Did you mean `{near}`?' if near else ''}",
        f"Write one of {', '.join(_MODES)}.",
    )


def _merged(url: Mapping[str, str], dsn: Mapping[str, str]) -> dict[str, str]:
    for key in sorted(url.keys() & dsn.keys()):
        if url[key] != dsn[key]:
            raise _invalid(
                f"The URL and the connection string of the environment differ in `{key}`.",
                "Give it in one of them only.",
            )
    return {**url, **dsn}


def _libpq_defaults() -> dict[str, str]:
    """What libpq takes from its environment variables for the parameters that decide about TLS and the messages."""
    from psycopg.pq import Conninfo

    wanted = ("host", "hostaddr", "port", "dbname", "user", "sslmode", "sslrootcert", "service")
    found = {each.keyword.decode(): each.val for each in Conninfo.get_defaults()}
    return {key: content.decode() for key in wanted if (content := found.get(key)) is not None}


def _is_insecure(given: str | None) -> bool:
    if given not in (None, "yes"):
        raise _invalid("`insecure` can only be `yes`.", "Remove it, or write insecure=yes.")
    return given == "yes"


def _tls_notes(parameters: Mapping[str, str], *, insecure: bool) -> tuple[str, ...]:
    """A warning for a server on another machine whose certificate is not verified. Raises for one without TLS."""
    remote = [host for host in _hosts(parameters) if not _is_local(host)]
    if "service" in parameters and not _hosts(parameters):
        remote = ["the service's host"]
    root = parameters.get("sslrootcert")
    mode = _VERIFIED if root == "system" else parameters.get("sslmode", "prefer")
    if not remote or mode == _VERIFIED:
        return ()
    if mode == "disable" and not insecure:
        raise _invalid(
            f"The connection to {', '.join(remote)} would not be encrypted (sslmode=disable).",
            "Use sslmode=verify-full; or, if that network is trusted, add insecure=yes to the URL.",
        )
    risk = "is not encrypted" if mode == "disable" else "does not verify the server's name"
    return (
        f"The connection to {', '.join(remote)} {risk} (sslmode={mode}). Use sslmode=verify-full, with "
        "sslrootcert=system or the file of your own certificate authority.",
    )


def _hosts(parameters: Mapping[str, str]) -> list[str]:
    return [host for host in (parameters.get("hostaddr") or parameters.get("host", "")).split(",") if host]


def _all_hosts(parameters: Mapping[str, str]) -> set[str]:
    """Every host on another machine that may be connected to; a file of services is one too, since it names hosts."""
    named = ",".join(parameters.get(key, "") for key in ("host", "hostaddr"))
    hosts = {host.lower() for host in named.split(",") if host and not _is_local(host)}
    return hosts | ({parameters["servicefile"]} if "servicefile" in parameters else set())


def _is_local(host: str) -> bool:
    """Whether this is a socket in a folder, or this machine."""
    if host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _where(parameters: Mapping[str, str], name: str) -> str:
    hosts = (parameters.get("host") or parameters.get("hostaddr", "")).split(",")
    ports = parameters.get("port", "").split(",")
    ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
    shown = [_with_port(host, port) for host, port in zip(hosts, ports, strict=True) if host and host[0] not in "/@"]
    database = parameters.get("dbname") or parameters.get("user", "")
    return f"postgresql://{','.join(shown)}/{database}?name={name}"


def _with_port(host: str, port: str) -> str:
    address = f"[{host}]" if ":" in host else host
    return f"{address}:{port}" if port else address


def _invalid(detail: str, advice: str) -> StateError:
    return StateError(detail, advice, summary=_SUMMARY)

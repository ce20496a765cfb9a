"""Settings -> the backend of a state. Each engine is imported only when a state is stored in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.backends.local import LocalBackend
from reconciler.errors import UsageError
from reconciler.model.state_defaults import KEPT
from reconciler.model.trusted_hosts import host_of, hosts_of, refuse_state_host
from reconciler.protocols.backend import Backend
from reconciler.protocols.clock import Clock
from reconciler.protocols.file_cipher import FileCipher, NoCipher

if TYPE_CHECKING:
    from reconciler.backends.encryption.key_sources import Sources
    from reconciler.backends.encryption.keyring import Keyring
    from reconciler.model.state_settings import Encryption, StateSettings

_EXTRAS = {"psycopg": "postgres", "obstore": "object-storage"}


def open_backend(
    settings: StateSettings | None,
    *,
    folder: Path,
    local: Path,
    history: Path,
    default_name: str,
    environ: Mapping[str, str],
    clock: Clock,
    allow_commands: bool = False,
) -> Backend:
    """The backend for these settings; None: the file `local`, with its snapshots in `history`.
    `default_name`: of a state in a database. `folder`: of the manifest, where the paths of keys begin.

    Raises UsageError where the engine's extra is not installed, or the settings do not fit the engine, and
    HostNotTrusted in a pipeline for a host that only the manifest names. Reads no key.
    """
    inner = _open_engine(settings, local, history, default_name, environ, clock)
    if settings is None or settings.encryption is None:
        return inner
    keyring = open_keyring(settings.encryption, folder, environ, allow_commands=allow_commands)
    return _encrypted(inner, keyring, accepts_plain=settings.encryption.migrate)


def open_state_file(
    path: Path,
    settings: StateSettings | None,
    *,
    folder: Path,
    environ: Mapping[str, str],
    allow_commands: bool = False,
) -> Backend:
    """The backend of any state file, to read it, encrypted with the keys of these settings or not at all."""
    inner = LocalBackend(path)
    if settings is None or settings.encryption is None:
        return inner
    keyring = open_keyring(settings.encryption, folder, environ, allow_commands=allow_commands)
    return _encrypted(inner, keyring, accepts_plain=True)


def open_file_cipher(
    settings: StateSettings | None, *, folder: Path, environ: Mapping[str, str], allow_commands: bool = False
) -> FileCipher:
    """What encrypts the files beside the state, with the same keys. Raises UsageError. Reads no key."""
    if settings is None or settings.encryption is None:
        return NoCipher()
    from reconciler.backends.encryption.files import KeyringFileCipher

    return KeyringFileCipher(open_keyring(settings.encryption, folder, environ, allow_commands=allow_commands))


def open_keyring(settings: Encryption, folder: Path, environ: Mapping[str, str], *, allow_commands: bool) -> Keyring:
    """The keys of the settings: the same keyring for all that this process opens, so that a key is derived once.

    Without `allow_commands`, a key that a command prints can't be read: see CommandNotAllowed.
    """
    if find_spec("cryptography") is None:
        raise _not_installed("state.encryption", "encryption")
    from reconciler.backends.encryption.key_sources import sources_of

    return _keyring(sources_of(settings, folder=folder, environ=environ, allow_commands=allow_commands))


def _encrypted(inner: Backend, keyring: Keyring, *, accepts_plain: bool) -> Backend:
    from reconciler.backends.encrypted import EncryptedBackend

    return EncryptedBackend(inner, keyring, accepts_plain=accepts_plain)


@cache
def _keyring(sources: Sources) -> Keyring:
    from reconciler.backends.encryption.keyring import Keyring

    return Keyring(sources)


def _open_engine(
    settings: StateSettings | None,
    local: Path,
    history: Path,
    default_name: str,
    environ: Mapping[str, str],
    clock: Clock,
) -> Backend:
    if settings is None or settings.url is None or settings.is_local:
        return LocalBackend(local, history=history, keep=KEPT if settings is None else settings.history)
    scheme = settings.url.partition(":")[0].lower()
    opened = _ENGINES[scheme]
    try:
        return opened(settings, settings.url, default_name, environ, clock)
    except ModuleNotFoundError as missing:
        extra = _EXTRAS.get(str(missing.name).partition(".")[0])
        if extra is None:
            raise
        raise _not_installed(f"A state at {scheme}://", extra) from None


def _not_installed(what: str, extra: str) -> UsageError:
    return UsageError(f"{what} needs the extra [{extra}], which is not installed.", f"pip install 'voicectl[{extra}]'")


def _postgres(settings: StateSettings, url: str, default_name: str, environ: Mapping[str, str], _: Clock) -> Backend:
    from reconciler.backends.postgres.backend import open_postgres

    def check_host(host: str) -> None:
        refuse_state_host(host, environ, where=f"the database server {host}", named=hosts_of_libpq)

    hosts_of_libpq = environ.get("PGHOST", "").split(",") + environ.get("PGHOSTADDR", "").split(",")
    dsn = None
    if settings.dsn_env is not None:
        dsn = environ.get(settings.dsn_env, "").strip()
        if not dsn:
            raise UsageError(f"state.dsn_env: the variable {settings.dsn_env} is not set in the environment.")
    checked = None if settings.is_named_outside else check_host
    return open_postgres(
        url, default_name=default_name, dsn=dsn, ttl=settings.lease, keep=settings.history, check_host=checked
    )


def _object_storage(settings: StateSettings, url: str, _: str, environ: Mapping[str, str], __: Clock) -> Backend:
    from reconciler.backends.object_storage.address import open_object_storage

    if settings.endpoint is not None:  # without one, the store is its vendor's
        named = hosts_of(environ, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
        where = f"the endpoint {settings.endpoint} of the state"
        refuse_state_host(host_of(settings.endpoint), environ, where=where, named=named)
    return open_object_storage(
        url, endpoint=settings.endpoint, environ=environ, ttl=settings.lease, keep=settings.history
    )


def _http(settings: StateSettings, url: str, _: str, environ: Mapping[str, str], clock: Clock) -> Backend:
    from reconciler.backends.http_state.backend import open_http

    if not settings.is_named_outside:
        host = host_of(url)
        named = hosts_of(environ, "TF_HTTP_ADDRESS", "CI_SERVER_URL", "CI_API_V4_URL")
        refuse_state_host(host, environ, where=f"the host {host} of the state", named=named)
    return open_http(url, environ=environ, clock=clock, limit=settings.max_run, keep=settings.history)


_ENGINES: Mapping[str, Callable[[StateSettings, str, str, Mapping[str, str], Clock], Backend]] = {
    "postgresql": _postgres,
    "postgres": _postgres,
    "s3": _object_storage,
    "gs": _object_storage,
    "az": _object_storage,
    "https": _http,
    "http": _http,
}

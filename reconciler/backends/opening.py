"""Settings -> the backend of a state. Each engine is imported only when a state is stored in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.backends.local import LocalBackend
from reconciler.errors import UsageError
from reconciler.model.state_defaults import KEPT
from reconciler.protocols.backend import Backend
from reconciler.protocols.clock import Clock

if TYPE_CHECKING:
    from reconciler.model.state_settings import StateSettings

_EXTRAS = {"psycopg": "postgres", "obstore": "object-storage", "cryptography": "encryption"}


def open_backend(
    settings: StateSettings | None,
    *,
    local: Path,
    history: Path,
    default_name: str,
    environ: Mapping[str, str],
    clock: Clock,
) -> Backend:
    """The backend for these settings; None: the file `local`, with its snapshots in `history`.
    `default_name`: of a state in a database.

    Raises UsageError where the engine's extra is not installed, or the settings do not fit the engine.
    """
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
        raise UsageError(
            f"A state at {scheme}:// needs the extra [{extra}], which is not installed.",
            f"pip install 'voicectl[{extra}]'",
        ) from None


def _postgres(settings: StateSettings, url: str, default_name: str, environ: Mapping[str, str], _: Clock) -> Backend:
    from reconciler.backends.postgres.backend import open_postgres

    dsn = None
    if settings.dsn_env is not None:
        dsn = environ.get(settings.dsn_env, "").strip()
        if not dsn:
            raise UsageError(f"state.dsn_env: the variable {settings.dsn_env} is not set in the environment.")
    return open_postgres(url, default_name=default_name, dsn=dsn, ttl=settings.lease, keep=settings.history)


def _object_storage(settings: StateSettings, url: str, _: str, environ: Mapping[str, str], __: Clock) -> Backend:
    from reconciler.backends.object_storage.address import open_object_storage

    return open_object_storage(
        url, endpoint=settings.endpoint, environ=environ, ttl=settings.lease, keep=settings.history
    )


def _http(settings: StateSettings, url: str, _: str, environ: Mapping[str, str], clock: Clock) -> Backend:
    from reconciler.backends.http_state.backend import open_http

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

"""A transport for httpx whose every wait ends at the deadline of the exchange (see `deadline`).

httpx has a time-out for each read only, so an answer that arrives byte by byte would never end. httpcore accepts a
custom network backend, but httpx.HTTPTransport does not pass one on. This transport does; the rest is the same.

Name resolution is the one wait without this deadline, because the system's resolver can't be interrupted. It has its
own limits (`timeout` and `attempts` in resolv.conf, usually 30 s); the next wait then raises Overdue.
"""

from __future__ import annotations

import importlib
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import httpcore

from reconciler.providers.http import tls
from reconciler.providers.http.connections import EXPIRY, Connections
from reconciler.providers.http.deadline import remaining, wait_within_deadline
from reconciler.providers.http.lean_httpx import httpx

_WRITE_SIZE = 16 * 1024  # bytes, as in a record of TLS; one write of more may wait several times
_NUMERIC = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
_BROKEN = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)

Resolve = Callable[[str, int], list[tuple[str, int]]]  # (host, port) -> numeric addresses, each with its port


class Sockets(httpx.BaseTransport):
    """The transport. Use it inside `deadline.within`."""

    def __init__(self, proxy: httpx.Proxy | None, *, plain: bool = False, resolve: Resolve | None = None) -> None:
        """`plain`: for http:// only, which needs no certificates. `resolve` replaces the look-up of host names.

        Raises UsageError, and ImportError for a SOCKS proxy if the package for SOCKS is not installed.
        """
        if proxy is not None and proxy.url.scheme.startswith("socks"):
            importlib.import_module("socksio")
        maker = httpcore.ConnectionPool(  # of which only `create_connection` is used: it knows the ways through proxies
            ssl_context=tls.context_for(plain=plain),
            proxy=None if proxy is None else _proxy(proxy),
            keepalive_expiry=EXPIRY,
            network_backend=_Network(addresses_of if resolve is None else resolve),
        )
        self._connections = Connections(maker.create_connection)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(f"Request URL has an unsupported protocol '{request.url.scheme}://'.")
        sent = httpcore.Request(
            request.method,
            _url(request.url),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            take = partial(self._connections.take, sent.url.origin)
            connection = wait_within_deadline(take, request.extensions["timeout"]["pool"], httpcore.PoolTimeout)
            try:
                answer = connection.handle_request(sent)
            except httpcore.ConnectionNotAvailable as error:  # it was closed since, so nothing was sent
                self._connections.give_back(connection)
                raise httpx.ConnectError("the connection was closed") from error
            except BaseException:
                self._connections.give_back(connection)
                raise
        body = _Body(answer, partial(self._connections.give_back, connection))
        return httpx.Response(answer.status, headers=answer.headers, stream=body, extensions=dict(answer.extensions))

    def close(self) -> None:
        self._connections.close()


class _Body(httpx.SyncByteStream):
    """The body of an answer. Gives its connection back when it is closed."""

    def __init__(self, answer: httpcore.Response, give_back: Callable[[], None]) -> None:
        self._answer = answer
        self._give_back = give_back
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            self._answer.close()
        finally:
            self._give_back()


class _Network(httpcore.SyncBackend):
    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connects to the first address that answers. Each address has the whole time-out."""
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        connect = partial(super().connect_tcp, local_address=local_address, socket_options=socket_options)
        for address in self._resolve(host, port):
            try:
                return _Stream(wait_within_deadline(partial(connect, *address), timeout, httpcore.ConnectTimeout))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed


def addresses_of(host: str, port: int) -> list[tuple[str, int]]:
    """The numeric addresses of a host, each with its port. Raises httpcore.ConnectError."""
    try:
        found = [each[-1] for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        return [(numeric, int(number)) for numeric, number in (socket.getnameinfo(each, _NUMERIC) for each in found)]
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return wait_within_deadline(partial(self._stream.read, max_bytes), timeout, httpcore.ReadTimeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for begin in range(0, len(buffer), _WRITE_SIZE):
            piece = buffer[begin : begin + _WRITE_SIZE]
            wait_within_deadline(partial(self._stream.write, piece), timeout, httpcore.WriteTimeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        shake_hands = partial(self._stream.start_tls, ssl_context, server_hostname)
        try:
            return _Stream(wait_within_deadline(shake_hands, timeout, httpcore.ConnectTimeout))
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _TlsToProxy(ssl.SSLSocket):
    """A TLS connection to a proxy. With TLS to a cloud inside it, httpcore calls `recv` many times for one read."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        self.settimeout(min(self.gettimeout() or remaining(), remaining()))
        return super().recv(buflen, flags)


def _proxy(proxy: httpx.Proxy) -> httpcore.Proxy:
    context = None
    if proxy.url.scheme == "https":
        context = httpcore.default_ssl_context()
        context.sslsocket_class = _TlsToProxy
    return httpcore.Proxy(_url(proxy.url), proxy.raw_auth, proxy.headers.raw, context)


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raises errors of httpcore as the httpx errors of the same names."""
    try:
        yield
    except _BROKEN as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error

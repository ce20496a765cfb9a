"""Turns exceptions of httpx into errors that say whether the request was sent, and which setting ended it.

There are two outcomes: nothing was sent (Unreached), or the call may have happened (OutcomeUnknown).
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import TypeVar

from reconciler.errors import OutcomeUnknown, Unreached
from reconciler.model.account import Timeouts
from reconciler.providers.http.lean_httpx import httpx

# What httpx raises before a byte of the request was written: no connection, no TLS, no proxy, no free slot.
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
PERHAPS_SENT = (httpx.HTTPError, httpx.StreamError)

_Sought = TypeVar("_Sought", bound=BaseException)

_ENDPOINT = "Check the endpoint, and the network, firewall and proxy on the way to it."
_PROXY = "See HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in the environment."
_CERTIFICATE = "Is the endpoint right? Where your proxy opens TLS, name its certificates: export SSL_CERT_FILE=..."


def doubt(call: str) -> str:
    """The end of a message about a call with an unknown outcome. Empty for a read, which changes nothing."""
    return "" if call.startswith("GET ") else "; the call may have been executed"


def unsent(
    error: Exception, call: str, *, to: str, via: str, timeouts: Timeouts, redact: Callable[[str], str]
) -> Unreached:
    """The error for a request that was not sent.

    `to` is the endpoint's host, `via` the proxy's or empty. `redact` removes secrets from texts of others.
    """
    way = f"no connection to {to}" + (f" through the proxy {via}" if via else "")
    hint = _PROXY if via else _ENDPOINT
    match error:
        case httpx.ConnectTimeout():
            why = f"{way} within {timeouts.connect:g} s (timeouts.connect)"
        case httpx.PoolTimeout():
            why = f"{way}: all were busy for {timeouts.read:g} s (timeouts.read)"
        case httpx.ReadTimeout():
            why = f"{way}, which gave no answer within {timeouts.read:g} s (timeouts.read)"
        case httpx.ProxyError():
            why = f"{way}: it answered {redact(str(error))}"
        case _:
            why = f"{way}: {_reason(error, redact)}"
            hint = _CERTIFICATE if _cause(error, ssl.SSLError) else hint
    return Unreached(f"{call}: {why}; nothing was sent", hint)


def lost(
    error: Exception, call: str, *, begun: bool, timeouts: Timeouts, redact: Callable[[str], str]
) -> OutcomeUnknown:
    """The error for a request whose answer was lost. `begun`: the answer's headers had arrived."""
    match error:
        case httpx.ReadTimeout() if begun:
            why = f"the answer broke off: nothing more came for {timeouts.read:g} s (timeouts.read)"
        case httpx.ReadTimeout():
            why = f"no answer within {timeouts.read:g} s (timeouts.read)"
        case httpx.WriteTimeout():
            why = f"not taken whole within {timeouts.read:g} s (timeouts.read)"
        case httpx.DecodingError():
            why = f"the answer can't be unpacked: {_reason(error, redact)}"
        case _:
            why = f"{'the answer broke off' if begun else 'no answer'}: {_reason(error, redact)}"
    return OutcomeUnknown(f"{call}: {why}{doubt(call)}")


def overdue(call: str, timeouts: Timeouts) -> OutcomeUnknown:
    """The error for a call that took longer than `timeouts.operation`."""
    return OutcomeUnknown(f"{call}: no whole answer within {timeouts.operation:g} s (timeouts.operation){doubt(call)}")


def _reason(error: BaseException, redact: Callable[[str], str]) -> str:
    """The message of the operating system, without exception names and error numbers."""
    if (untrusted := _cause(error, ssl.SSLCertVerificationError)) is not None:
        return f"its certificate is not trusted ({redact(str(untrusted.verify_message))})"
    if (unsafe := _cause(error, ssl.SSLError)) is not None:
        return f"it does not speak TLS as it should ({redact(str(unsafe.reason or unsafe))})"
    if (nameless := _cause(error, socket.gaierror)) is not None:
        return f"its name leads nowhere ({redact(str(nameless.strerror))})"
    failed = _cause(error, OSError)
    if failed is not None and failed.errno is not None:
        return os.strerror(failed.errno).lower()
    return redact(str(error)).rstrip(".") or type(error).__name__


def _cause(error: BaseException, kind: type[_Sought]) -> _Sought | None:
    return next((each for each in _causes(error) if isinstance(each, kind)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__  # httpx sets the cause, the libraries below it only the context

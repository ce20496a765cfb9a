"""Sends one webhook once, over HTTP. It follows no redirect, and connects only to an address that it has checked.

The name is resolved once for each connection, all its addresses are checked, and the connection goes to one of these
addresses: so a name that leads elsewhere a moment later changes nothing. Through a proxy (HTTPS_PROXY, HTTP_PROXY,
ALL_PROXY) the proxy resolves the name again: there, the addresses that this machine finds are checked before.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from contextlib import closing

import httpcore

from reconciler.errors import CloudError, UsageError
from reconciler.model.account import Timeouts
from reconciler.model.redactor import Redactor
from reconciler.providers.http import deadline
from reconciler.providers.http.client import HttpResponse
from reconciler.providers.http.errors import NEVER_SENT, PERHAPS_SENT, lost, unsent
from reconciler.providers.http.lean_httpx import httpx
from reconciler.providers.http.proxies import proxy_for
from reconciler.providers.http.sockets import Resolve, Sockets, addresses_of
from reconciler.watch.webhook_retries import Reply
from reconciler.watch.webhook_url import WebhookUrl, address_refusal

TIMEOUTS = Timeouts(connect=5, read=15, operation=20)  # Standard Webhooks, "Request timeouts": 15 to 30 s
_FOR_CALLS_ONLY = re.compile(r" \(timeouts\.\w+\)|; nothing was sent|; the call may have been executed")


class AddressRefused(Exception):
    """The name leads to an address that gets no webhook. The text says which, and why."""


class WebhookSender:
    """The connections to one receiver. `resolve` replaces the look-up of names, and `proxies` the environment's.

    Raises UsageError for an address that is refused already as it is written, and for a proxy that is not valid.
    """

    def __init__(
        self, url: WebhookUrl, *, resolve: Resolve = addresses_of, proxies: Mapping[str, str] | None = None
    ) -> None:
        self._url = url
        self._resolve = resolve
        self._refuse_literal()
        proxy = proxy_for(url.url, proxies)
        self._via = "" if proxy is None else f"{proxy.url.host}:{proxy.url.port or proxy.url.scheme}"
        self._redact = Redactor(lambda: (url.url,))
        try:
            self._sockets = Sockets(proxy, plain=not url.encrypted, resolve=None if self._via else self._checked)
        except ImportError:
            raise UsageError("The environment names a SOCKS proxy: pip install 'httpx[socks]'") from None

    def send(self, headers: Mapping[str, str], body: bytes, *, within: float = TIMEOUTS.operation) -> Reply:
        """Sends it once, within so many seconds. The body of the answer is not read."""
        begun = False
        try:
            with deadline.within(within):
                if self._via:
                    self._check_before_proxy()
                request = httpx.Request(
                    "POST",
                    self._url.url,
                    headers={"User-Agent": "voicectl", "Connection": "close", "Accept": "*/*", **headers},
                    content=body,
                    extensions={"timeout": httpx.Timeout(TIMEOUTS.read, connect=TIMEOUTS.connect).as_dict()},
                )
                with closing(self._sockets.handle_request(request)) as response:
                    begun = True
                    answer = HttpResponse("POST", response.status_code, response.headers, b"")
                    return Reply(answer.status, retry_after=answer.retry_after)
        except AddressRefused as error:
            return Reply(why=str(error), refused=True)
        except deadline.Overdue:
            return Reply(why=f"no answer within {within:g} s")
        except NEVER_SENT as error:
            return _failed(
                unsent(error, "POST", to=self._url.shown, via=self._via, timeouts=TIMEOUTS, redact=self._redact)
            )
        except PERHAPS_SENT as error:
            return _failed(lost(error, "POST", begun=begun, timeouts=TIMEOUTS, redact=self._redact))

    def close(self) -> None:
        """Ends the connections, also one that is in use."""
        self._sockets.close()

    def _checked(self, host: str, port: int) -> list[tuple[str, int]]:
        """The addresses of the host. Raises AddressRefused if any of them is refused."""
        found = self._resolve(host, port)
        for address, _ in found:
            if (why := address_refusal(address, encrypted=self._url.encrypted)) is not None:
                raise AddressRefused(f"it is not sent to {host}: {why}")
        return found

    def _check_before_proxy(self) -> None:
        try:
            self._checked(self._url.host, self._url.port)
        except httpcore.ConnectError:  # such a name may be known to the proxy only
            if not self._url.encrypted:
                raise AddressRefused("it is not sent without encryption through a proxy; use https://") from None

    def _refuse_literal(self) -> None:
        """Refuses an address in any spelling, such as 2852039166, before anything is sent. Resolves no name."""
        try:
            found = socket.getaddrinfo(
                self._url.host, self._url.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
        except UnicodeError:
            raise UsageError("The host name of the webhook's address is not valid.") from None
        except OSError:  # a name
            return
        for address in {str(each[-1][0]) for each in found}:
            if (why := address_refusal(address, encrypted=self._url.encrypted)) is not None:
                raise UsageError(f"The webhook can't be sent to {self._url.host}: {why}.")


def _failed(error: CloudError) -> Reply:
    return Reply(why=_FOR_CALLS_ONLY.sub("", error.detail.partition(": ")[2]))

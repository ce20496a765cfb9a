"""Calls actions of Tencent Cloud's API 3.0: signs, sends, and parses the envelope. The same for all products.

The adapters define bodies and replies. A call is repeated only if the time of its signature was refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial

from reconciler.errors import Cause, CloudError, OutcomeUnknown, Rejected, Unreached
from reconciler.model import urls
from reconciler.model.account import Timeouts
from reconciler.protocols.clock import Clock
from reconciler.providers.http.client import HttpClient, HttpResponse
from reconciler.providers.http.endpoint import base_url
from reconciler.providers.http.errors import doubt
from reconciler.providers.http.lean_httpx import httpx
from reconciler.providers.tencent import auth, schema
from reconciler.providers.tencent.schema import Shape
from reconciler.values import value

MAX_REQUEST_BYTES = 10 * 1024 * 1024  # bytes; Tencent, API 3.0, signature v3: a POST has at most 10 MB
_CONTENT_TYPE = "application/json"  # exactly this text: it is signed
_PATH = "/"
_CALL = f"POST {_PATH}"  # how the HTTP client names each call


@value
class Product:
    """A product of Tencent Cloud. `name` is its name in signatures."""

    name: str
    version: str
    endpoint: str  # of the international site


VOD = Product("vod", "2018-07-17", "https://vod.intl.tencentcloudapi.com")
TRTC = Product("trtc", "2019-07-22", "https://trtc.intl.tencentcloudapi.com")


class Client:
    """The access of one account to one product. Threads may share it."""

    def __init__(
        self,
        product: Product,
        credentials: auth.Credentials,
        *,
        clock: Clock,
        timeouts: Timeouts,
        endpoint: str | None = None,
        region: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`endpoint` replaces the product's own, `transport` replaces the sockets."""
        self.endpoint = base_url(endpoint or product.endpoint)
        self._product = product
        self._credentials = credentials
        self._clock = clock
        self._http = HttpClient(self.endpoint, timeouts, clock=clock, secrets=credentials.secrets, mount=transport)
        self.redact = self._http.redact
        self._host = httpx.URL(self.endpoint).netloc.decode()
        self._always = {
            "Content-Type": _CONTENT_TYPE,
            "X-TC-Version": product.version,
            "X-TC-Language": "en-US",
            **({"X-TC-Region": region} if region else {}),
            **({"X-TC-Token": credentials.token} if credentials.token else {}),
        }
        self._ahead = timedelta(0)  # how far the cloud's clock is ahead of ours

    @property
    def calls(self) -> int:
        return self._http.calls

    @property
    def ahead(self) -> timedelta:
        """How far the cloud's clock is ahead of ours, as measured when it refused a signature's time; 0 until then."""
        return self._ahead

    def call(
        self, action: str, body: Mapping[str, object], *, shape: type[Shape], secrets: Iterable[str] = ()
    ) -> Shape:
        """Calls an action. Returns the content of `Response`. Raises Rejected, Throttled or OutcomeUnknown.

        The call is sent once. It is sent again only if the time of the signature was refused, which proves that
        nothing happened. Secrets of URLs in `body`, and `secrets`, are removed from the cloud's messages.
        """
        payload = json.dumps(body).encode()
        if len(payload) > MAX_REQUEST_BYTES:
            limit = f"at most {MAX_REQUEST_BYTES} ({MAX_REQUEST_BYTES // 1024**2} MB)"
            why = f"{action}: the request has {len(payload)} bytes, {limit}; nothing was sent"
            raise Rejected(why, cause=Cause.SAMPLE)

        exchange = self._exchange(action, payload, ahead=self._ahead)
        if exchange.time_refused and (ahead := self._measured(exchange.answer)) is not None:
            exchange = self._exchange(action, payload, ahead=ahead)
            if not exchange.time_refused:
                self._ahead = ahead

        redact = partial(self.redact, also=(exchange.signature, *urls.secrets_in(dict(body)), *secrets))
        note = _clock_skew(self._measured(exchange.answer)) if exchange.time_refused else ""
        return schema.parse_response(
            exchange.answer, exchange.envelope, action=action, shape=shape, redact=redact, note=note
        )

    def close(self) -> None:
        self._http.close()

    def _exchange(self, action: str, payload: bytes, *, ahead: timedelta) -> _Exchange:
        timestamp = int((self._clock.now() + ahead).timestamp())
        authorization = auth.sign(
            self._credentials,
            self._product.name,
            headers={"content-type": _CONTENT_TYPE, "host": self._host},  # what the vendor's own SDK signs
            payload=payload,
            timestamp=timestamp,
        )
        headers = self._always | {
            "Authorization": authorization,
            "X-TC-Action": action,
            "X-TC-Timestamp": str(timestamp),
        }
        try:
            answer = self._http.send("POST", _PATH, headers=headers, content=payload, name=action)
        except CloudError as error:
            raise _named_after_action(action, error) from None
        return _Exchange(answer, schema.read_envelope(answer), signature=authorization.rpartition("=")[2])

    def _measured(self, answer: HttpResponse) -> timedelta | None:
        """How far the cloud's clock is ahead of ours; None where the answer has no usable Date."""
        return None if answer.server_time is None else answer.server_time - self._clock.now()


@value
class _Exchange:
    answer: HttpResponse
    envelope: schema.Envelope | None
    signature: str

    @property
    def time_refused(self) -> bool:
        """Whether the cloud refused the time of the signature, as too late or too early."""
        return schema.refuses_the_time(self.answer, self.envelope)


def _named_after_action(action: str, error: CloudError) -> CloudError:
    """The transport's error, with the action's name for the POST. A read changes nothing, so its doubt is left out."""
    reason = error.detail.removesuffix(doubt(_CALL)) if schema.reads(action) else error.detail
    detail = action + reason.removeprefix(_CALL)
    if isinstance(error, Unreached):
        return Unreached(detail, error.hint)
    if isinstance(error, Rejected):
        return Rejected(detail, error.hint)
    return OutcomeUnknown(detail, error.hint)


def _clock_skew(ahead: timedelta | None) -> str:
    if ahead is None:
        return "; the answer has no date, so it is not known how wrong this machine's clock is"
    seconds = round(ahead.total_seconds())
    return f"; this machine's clock is {abs(seconds)} s {'behind' if seconds > 0 else 'ahead of'} the cloud's"

"""What Tencent's answers look like: envelope, errors, times, the bodies of tasks and voices. Decides nothing.

Source: Tencent's API 3.0, and the data types of its VOD. What stands where a page is silent is what its SDK holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.sandbox.http import Response

Json = dict[str, Any]

NEVER = "0001-01-01T00:00:00Z"  # how a time is told that has not come yet
_MEDIA_TYPE = "application/json"  # to the letter: with a charset, Tencent's SDK overlooks the error


class Refusal(Exception):
    """What Tencent says no with. Nothing was done."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def succeeded(result: Mapping[str, object], request_id: str, *, action: str) -> Response:
    body = {"Response": {**result, "RequestId": request_id}}
    return Response(200, _bytes(body), content_type=_MEDIA_TYPE, code=f"{action} ok")


def refused(refusal: Refusal, request_id: str, *, action: str) -> Response:
    """HTTP says 200 to errors too."""
    error = {"Code": refusal.code, "Message": refusal.message}
    body = {"Response": {"Error": error, "RequestId": request_id}}
    return Response(200, _bytes(body), content_type=_MEDIA_TYPE, code=f"{action} {refusal.code}")


def time(milliseconds: int | None) -> str:
    if milliseconds is None:
        return NEVER
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def time_with_fractions(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def text(value: object) -> str:
    """JSON in a string."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _bytes(body: Json) -> bytes:
    return text(body).encode()

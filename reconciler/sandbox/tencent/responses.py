"""Builds Tencent's answers: envelope, errors, times and JSON in strings. It makes no decisions.

Source: Tencent's API 3.0, and the data types of its VOD. Where the docs say nothing: the fields of its SDK.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.sandbox.http import Response

Json = dict[str, Any]

NEVER = "0001-01-01T00:00:00Z"  # means a time that has not come yet
_MEDIA_TYPE = "application/json"  # exactly this text: with a charset, Tencent's SDK does not see errors


class Refusal(Exception):
    """An error answer of Tencent. Nothing was done."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def succeeded(result: Mapping[str, object], request_id: str, *, action: str) -> Response:
    """A success."""
    body = {"Response": {**result, "RequestId": request_id}}
    return Response(200, _json_bytes(body), content_type=_MEDIA_TYPE, code=f"{action} ok")


def refused(refusal: Refusal, request_id: str, *, action: str) -> Response:
    """An error. Its HTTP status is 200 too."""
    error = {"Code": refusal.code, "Message": refusal.message}
    body = {"Response": {"Error": error, "RequestId": request_id}}
    return Response(200, _json_bytes(body), content_type=_MEDIA_TYPE, code=f"{action} {refusal.code}")


def time(milliseconds: int | None) -> str:
    """A time in ISO 8601, in whole seconds. None: it has not come yet."""
    if milliseconds is None:
        return NEVER
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def time_with_fractions(milliseconds: int) -> str:
    """A time in ISO 8601, with fractions of a second."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def json_text(value: object) -> str:
    """JSON in a string."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _json_bytes(body: Json) -> bytes:
    return json_text(body).encode()

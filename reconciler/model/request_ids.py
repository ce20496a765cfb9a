"""The id of a call at the end of a message. A vendor's support asks for it, and each call has its own."""

from __future__ import annotations

import re

_MARK = re.compile(r" \(request [^()]*\)")


def marked(message: str, request_id: str) -> str:
    """The message with the id of its call; the same message if there is none."""
    return f"{message} (request {request_id})" if request_id else message


def unmarked(message: str) -> str:
    """The message without ids, so that messages of one cause are equal. States hold messages with their ids."""
    return _MARK.sub("", message)

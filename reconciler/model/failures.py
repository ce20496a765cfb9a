"""Finds the cause of a failure in a cloud's message, for documented messages.

Failed tasks have a message and seldom an error code, and the states of older versions hold only the message.
"""

from __future__ import annotations

import re
from functools import cache

from reconciler.errors import Cause

# MiniMax (the service behind VOD's clones), API reference, error codes: 1026, 1027, 1042, 1043, 1044, 2037, 2038,
# 2039, 2048, 1008, 2056, in English and in Chinese. Kling, error codes: 1101, 1102, 1300, 1301. Seen at Kling:
# "… already exists" for a name, and "Account balance not enough".
_ID = r"voice[ _]?id"
_NAME = r"(?:voice[ _]?|speaker[ _]?)?name"
_WORDS: tuple[tuple[Cause, str], ...] = (
    (Cause.ID_TAKEN, rf"{_ID}\b.{{0,80}}(?:duplicat|already (?:exist|in use|taken|used)|is taken|重复|已存在)"),
    (Cause.ID_TAKEN, rf"duplicat\w* {_ID}\b"),
    (Cause.NAME_TAKEN, rf"\b{_NAME}\b.{{0,80}}(?:duplicat|already (?:exist|in use|taken|used)|is taken|重复|已存在)"),
    (Cause.NAME_TAKEN, rf"duplicat\w* {_NAME}\b"),
    (Cause.SAMPLE, r"new_sensitive|sensitive (?:content|words?)|涉敏|敏感|违规"),
    (Cause.SAMPLE, r"content[ -](?:security|safety)|violat\w+.{0,40}(?:content|polic)|(?:content|platform) polic"),
    (Cause.SAMPLE, r"\bcode 130[01]\b"),  # Kling's, in a message saved by an older voicectl
    (Cause.SAMPLE, r"(?:voice|audio) (?:duration |is )?too (?:short|long)|similarity check failed"),
    (Cause.REQUEST, r"invisible character ratio"),
    (Cause.ACCOUNT, r"insufficient balance|balance (?:is )?not enough|in arrears|余额不足|quota .{0,40}used up"),
)


@cache
def _patterns() -> list[tuple[Cause, re.Pattern[str]]]:
    """Compiled at the first failure, which most runs don't have."""
    return [(cause, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for cause, pattern in _WORDS]


def cause_of(message: str | None) -> Cause | None:
    """The cause that this message is known for; None for an unknown message."""
    if not message:
        return None
    return next((cause for cause, known in _patterns() if known.search(message)), None)

"""The cause of a failure by the cloud's message."""

from __future__ import annotations

import pytest

from reconciler.errors import Cause
from reconciler.model.failures import cause_of


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("FailedOperation: voice clone voice id duplicate", Cause.ID_TAKEN),
        ("voice_id villain_01 already exists", Cause.ID_TAKEN),
        ("Duplicate voice id", Cause.ID_TAKEN),
        ("语音克隆 voice_id 重复", Cause.ID_TAKEN),
        ("POST create: HTTP 400, code 1201: Voice name Hero already exists", Cause.NAME_TAKEN),
        ("input new_sensitive", Cause.SAMPLE),
        ("输入内容涉敏", Cause.SAMPLE),
        ("HTTP 400, code 1301: refused (request 7)", Cause.SAMPLE),
        ("The request triggers the content security policy of the platform", Cause.SAMPLE),
        ("voice duration too short", Cause.SAMPLE),
        ("The asr similarity check failed", Cause.SAMPLE),
        ("invisible character ratio limit", Cause.REQUEST),
        ("insufficient balance", Cause.ACCOUNT),
        ("Account balance not enough", Cause.ACCOUNT),
        ("unknown error", None),
        ("the voice could not be made", None),
        ("External_task_id vc-1 already exists", None),
        ("voice id not found", None),
        ("", None),
        (None, None),
    ],
)
def test_words_that_are_documented_have_a_cause(message: str | None, cause: Cause | None) -> None:
    assert cause_of(message) is cause

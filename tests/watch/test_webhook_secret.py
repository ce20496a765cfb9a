"""Where the secret of the webhooks comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.watch.standard_webhooks import keys_in
from reconciler.watch.webhook_secret import FILE_VARIABLE, VARIABLE, key_source

ONE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TWO = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def test_the_environment_holds_one_secret_or_several() -> None:
    assert key_source({VARIABLE: ONE})() == keys_in(ONE)
    assert key_source({VARIABLE: f"{TWO} {ONE}"})() == (*keys_in(TWO), *keys_in(ONE))


def test_a_file_may_be_replaced_while_the_watch_runs(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{ONE}\n", encoding="ascii")
    keys = key_source({FILE_VARIABLE: str(file)})
    assert keys() == keys_in(ONE)
    file.write_text("", encoding="ascii")  # half way
    assert keys() == keys_in(ONE)
    file.unlink()
    assert keys() == keys_in(ONE)
    file.write_text(TWO, encoding="ascii")
    assert keys() == keys_in(TWO)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "There is no secret to sign the webhooks with."),
        ({VARIABLE: "hunter2"}, f"The secret in {VARIABLE} is not valid: it does not begin with whsec_."),
        ({VARIABLE: ONE, FILE_VARIABLE: "x"}, f"{VARIABLE} and {FILE_VARIABLE} are both set. Unset one of them."),
        ({FILE_VARIABLE: "/none"}, f"{FILE_VARIABLE} names /none, which can't be read: No such file or directory."),
        ({FILE_VARIABLE: "/dev/null"}, "The secret in /dev/null is not valid: it is empty."),
    ],
)
def test_without_a_valid_secret_nothing_begins(environ: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        key_source(environ)
    assert str(refused.value) == message

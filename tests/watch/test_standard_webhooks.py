"""Signatures by the rules of Standard Webhooks: a known example, and the project's own library as the judge."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from reconciler.watch.standard_webhooks import headers, keys_in

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + b64encode(bytes(range(64))).decode()
BODY = b'{"test": 2432232314}'


def test_the_example_of_the_reference_library_has_its_signature() -> None:
    assert headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        BODY,
        attempted_at=datetime.fromtimestamp(1614265330, UTC),
        keys=keys_in(SECRET),
    ) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_each_of_two_secrets_verifies_a_webhook(secret: str) -> None:
    webhooks = pytest.importorskip("standardwebhooks", reason="needs the extra [dev]")
    signed = headers("msg_1", BODY, attempted_at=datetime.now(UTC), keys=keys_in(f"{SECRET}\n{OTHER}\n"))
    assert webhooks.Webhook(secret).verify(BODY, signed) == {"test": 2432232314}
    with pytest.raises(webhooks.WebhookVerificationError):
        webhooks.Webhook(secret).verify(BODY + b" ", signed)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "it is empty"),
        ("   \n", "it is empty"),
        ("hunter2hunter2hunter2hunter2", "it does not begin with whsec_"),
        ("whsk_" + "A" * 44, "it does not begin with whsec_"),
        ("whsec_%%%", "what follows whsec_ is not base64"),
        ("whsec_YWJj", "its key has 3 bytes, and must have 24 to 64"),
        ("whsec_" + "A" * 88, "its key has 66 bytes, and must have 24 to 64"),
        (f"{SECRET} whsec_YWJj", "its key has 3 bytes, and must have 24 to 64"),
    ],
)
def test_a_weak_or_broken_secret_is_refused_without_being_quoted(words: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)) as refused:
        keys_in(words)
    assert str(refused.value) == why

"""TC3-HMAC-SHA256 against six vectors: five from Tencent's SDK, and the one in Tencent's docs."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import pytest

from reconciler.providers.tencent.auth import Credentials, canonical_request, derived_key, sign

NEW_YEAR = 1767225600  # 2026-01-01T00:00:00Z
EXAMPLE = Credentials("AKIDEXAMPLE", "SECRETEXAMPLE")
CLONE = (
    rb'{"SubAppId": 221073, "AudioFileInfo": {"Type": "Url", "Url": "https://example.com/ref.wav"}, '
    rb'"VoiceId": "narrator01", "Text": "Hello, \u4f60\u597d.", "SessionId": "sess-1", "SessionContext": "ctx"}'
)


@dataclass(frozen=True)
class Vector:
    product: str
    host: str
    payload: bytes
    signature: str


VECTORS = {
    "V1, to a port of this machine": Vector(
        "vod", "127.0.0.1:18931", CLONE, "ecdc3372be424aed87b74c621258a13bc5f8b19948d8dfec01f3d4c0e4cab155"
    ),
    "V2, to the product's own host": Vector(
        "vod", "vod.intl.tencentcloudapi.com", CLONE, "1238a7d3d5167093f49fd156fd20ca16533dd4b9d61870ebbcc9f88e69499603"
    ),
    "V3, a read": Vector(
        "vod",
        "vod.intl.tencentcloudapi.com",
        b'{"TaskId": "221073-CreateAigcAudioClone-4f736149667baa953315afe87daacad6t", "SubAppId": 221073}',
        "1d12329d00025adf2146f1694829d35375c8969fbdb4b54371ba7a9218d63a34",
    ),
    "V4, another product": Vector(
        "trtc",
        "trtc.intl.tencentcloudapi.com",
        b'{"SdkAppId": 1466000000, "VoiceName": "xiaoming_02", "PromptAudio": "UklGRg=="}',
        "99bc24ec4c2a10fb176e939eab3c9227e33817628c8c739bf65e091207621c69",
    ),
    "V5, with a token, which is not signed": Vector(
        "vod",
        "127.0.0.1:18931",
        b'{"SubAppId": "221073", "VoiceType": "clone"}',
        "ba95d8f0215ef7d29c683b59733a1c45a4a43c12383e89d31b8d134c5e3e1e4e",
    ),
    "V5, compact": Vector(
        "vod",
        "127.0.0.1:18931",
        b'{"SubAppId":"221073","VoiceType":"clone"}',
        "26b30d2eee863183ae860c884660225442504a058a334efba7f938687a84f1d7",
    ),
}


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_a_signature_is_the_vendor_s_own(vector: Vector) -> None:
    signed = sign(
        EXAMPLE,
        vector.product,
        headers={"content-type": "application/json", "host": vector.host},
        payload=vector.payload,
        timestamp=NEW_YEAR,
    )
    assert signed == (
        f"TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2026-01-01/{vector.product}/tc3_request, "
        f"SignedHeaders=content-type;host, Signature={vector.signature}"
    )


def test_a_token_changes_no_signature() -> None:
    payload, headers = VECTORS["V4, another product"].payload, {"content-type": "a", "host": "b"}
    bare = sign(EXAMPLE, "trtc", headers=headers, payload=payload, timestamp=NEW_YEAR)
    temporary = Credentials("AKIDEXAMPLE", "SECRETEXAMPLE", "TOKENEXAMPLE")
    assert sign(temporary, "trtc", headers=headers, payload=payload, timestamp=NEW_YEAR) == bare


def test_the_published_vector_with_a_third_signed_header_and_another_content_type() -> None:
    payload = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    headers = {
        "X-TC-Action": "DescribeInstances",
        "Host": "cvm.tencentcloudapi.com",
        "Content-Type": "application/json; charset=utf-8",
    }
    masked = Credentials("AKID" + "*" * 32, "*" * 32)
    assert digest(canonical_request(headers, payload)) == (
        "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"
    )
    assert sign(masked, "cvm", headers=headers, payload=payload, timestamp=1551113065) == (
        f"TC3-HMAC-SHA256 Credential=AKID{'*' * 32}/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def test_the_canonical_request_of_the_first_vector() -> None:
    assert len(CLONE) == 197
    headers = {"Content-Type": "application/json", "Host": "127.0.0.1:18931"}
    request = canonical_request(headers, CLONE)
    assert request == (
        "POST\n/\n\ncontent-type:application/json\nhost:127.0.0.1:18931\n\ncontent-type;host\n"
        "835c3d69a0013fcf9c51538a23a2c8246522da943144c36811dfd59c58da39ef"
    )
    assert digest(request) == "0b8238a9a38f8d655c74e439fac0e4f7b82b8d84e23ce4830ed29414d06994aa"


def test_the_canonical_request_of_the_second_vector() -> None:
    headers = {"content-type": "application/json", "host": "vod.intl.tencentcloudapi.com"}
    assert digest(canonical_request(headers, CLONE)) == (
        "01516e2dcdebd79157149db77cb7c4ca90785e963b350d337135469894ac1c82"
    )


def test_the_payload_of_the_third_vector() -> None:
    request = canonical_request({"host": "x"}, VECTORS["V3, a read"].payload)
    assert request.endswith("\nce4e9dc2b34b42630b77fb54c312ca47b94a581522d4c15cc4a94b62ae510e73")


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        (["2026-01-01"], "7af627b5a9d98b1062b2d34628ba222e21707b07eaaf0e3e4ebfdc705dd1c982"),
        (["2026-01-01", "vod"], "3a31714ae0373266b603227b08bb301ed99903905bdd18aeb170319906e21611"),
        (["2026-01-01", "vod", "tc3_request"], "e97e07514dc4e881d0a599b979df5d85fb58f766047bd6631286bc206e1216a3"),
        (["2026-01-01", "trtc", "tc3_request"], "31c56f98ee619ddf0884174bd647f90eaccaf19adf3186ff14cad94f61fccbe2"),
    ],
)
def test_a_key_is_derived_step_by_step(parts: list[str], key: str) -> None:
    assert derived_key("SECRETEXAMPLE", *parts).hex() == key


def test_the_date_is_that_of_the_timestamp_in_utc() -> None:
    headers = {"content-type": "application/json", "host": "x"}
    last = sign(EXAMPLE, "vod", headers=headers, payload=b"{}", timestamp=NEW_YEAR - 1)
    assert "/2025-12-31/vod/tc3_request" in last


def test_names_and_values_are_trimmed_and_in_lower_case_and_sorted() -> None:
    request = canonical_request({"X-TC-Action": " DescribeVoices\t", "Host": "Example.COM"}, b"")
    assert request.startswith("POST\n/\n\nhost:example.com\nx-tc-action:describevoices\n\nhost;x-tc-action\ne3b0c442")


def test_credentials_are_not_in_a_repr() -> None:
    assert repr(Credentials("id-of-ours", "key-of-ours", "token-of-ours")) == "Credentials()"

"""Every row of Tencent's error tables, codes below a row, and codes that are in no table."""

from __future__ import annotations

import pytest

from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled
from reconciler.providers.tencent.errors import RULES, Proof, rule
from tests.providers.support import answer
from tests.providers.tencent.support import PAID, READ, REQUEST_ID, Ticket, product_of, refusal, scripted

# Tencent, API 3.0, common error codes: all that are documented.
COMMON = {
    "ActionOffline": Proof.SYSTEMIC,
    "AuthFailure.InvalidAuthorization": Proof.SYSTEMIC,
    "AuthFailure.InvalidSecretId": Proof.SYSTEMIC,
    "AuthFailure.MFAFailure": Proof.SYSTEMIC,
    "AuthFailure.SecretIdNotFound": Proof.SYSTEMIC,
    "AuthFailure.SignatureExpire": Proof.SYSTEMIC,
    "AuthFailure.SignatureFailure": Proof.SYSTEMIC,
    "AuthFailure.TokenFailure": Proof.SYSTEMIC,
    "AuthFailure.UnauthorizedOperation": Proof.SYSTEMIC,
    "DryRunOperation": Proof.REFUSED,
    "FailedOperation": Proof.NOTHING,
    "InternalError": Proof.NOTHING,
    "InvalidAction": Proof.SYSTEMIC,
    "InvalidParameter": Proof.REFUSED,
    "InvalidParameterValue": Proof.REFUSED,
    "InvalidRequest": Proof.REFUSED,
    "IpInBlacklist": Proof.SYSTEMIC,
    "IpNotInWhitelist": Proof.SYSTEMIC,
    "LimitExceeded": Proof.SPENT,
    "MissingParameter": Proof.REFUSED,
    "NoSuchProduct": Proof.SYSTEMIC,
    "NoSuchVersion": Proof.SYSTEMIC,
    "RequestLimitExceeded": Proof.TOO_FAST,
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": Proof.TOO_FAST,
    "RequestLimitExceeded.IPLimitExceeded": Proof.TOO_FAST,
    "RequestLimitExceeded.UinLimitExceeded": Proof.TOO_FAST,
    "RequestSizeLimitExceeded": Proof.REFUSED,
    "ResourceInUse": Proof.NOTHING,
    "ResourceInsufficient": Proof.SPENT,
    "ResourceNotFound": Proof.REFUSED,
    "ResourceUnavailable": Proof.NOTHING,
    "ResponseSizeLimitExceeded": Proof.NOTHING,
    "ServiceUnavailable": Proof.NOTHING,
    "UnauthorizedOperation": Proof.SYSTEMIC,
    "UnknownParameter": Proof.REFUSED,
    "UnsupportedOperation": Proof.REFUSED,
    "UnsupportedProtocol": Proof.SYSTEMIC,
    "UnsupportedRegion": Proof.SYSTEMIC,
}
OF_ACTIONS = {
    "VoiceClone": {
        "InvalidParameter.AudioPrompt": Proof.REFUSED,
        "InvalidParameter.Pitch": Proof.REFUSED,
        "InvalidParameter.SampleRate": Proof.REFUSED,
        "InvalidParameter.Speed": Proof.REFUSED,
        "InvalidParameter.TextLength": Proof.REFUSED,
        "InvalidParameter.VoiceId": Proof.REFUSED,
        "InvalidParameter.VoiceName": Proof.REFUSED,
        "InvalidParameter.Volume": Proof.REFUSED,
        "LimitExceeded.ConcurrencyLimit": Proof.TOO_MANY,
        "LimitExceeded.VoiceCloneMaxNumLimit": Proof.SPENT,
        "MissingParameter.APIKey": Proof.REFUSED,
        "UnsupportedOperation.InternalError": Proof.NOTHING,
        "UnsupportedOperation.NotAllowed": Proof.SPENT,
        "UnsupportedOperation.VoiceCloneError": Proof.REFUSED,
    },
    "CreateAigcCustomVoice": {
        "FailedOperation.InvalidVodUser": Proof.SYSTEMIC,
        "InvalidParameterValue.SessionContextTooLong": Proof.REFUSED,
        "InvalidParameterValue.SessionId": Proof.DUPLICATE,
        "InvalidParameterValue.SessionIdTooLong": Proof.REFUSED,
        "InvalidParameterValue.SubAppId": Proof.SYSTEMIC,
    },
    "CreateAigcAudioClone": {
        "FailedOperation.InvalidVodUser": Proof.SYSTEMIC,
        "FailedOperation.TaskDuplicate": Proof.DUPLICATE,
        "InvalidParameterValue.FileId": Proof.REFUSED,
        "InvalidParameterValue.SessionId": Proof.DUPLICATE,
        "InvalidParameterValue.SubAppId": Proof.SYSTEMIC,
        "LimitExceeded.Quota": Proof.SPENT,
    },
    "CreateAigcAudioTask": {"InvalidParameter.ViolationContent": Proof.REFUSED},
    "DescribeTasks": {"InvalidParameterValue.Status": Proof.REFUSED},
    "DescribeTaskDetail": {"InvalidParameterValue.TaskId": Proof.ABSENT, "ResourceNotFound": Proof.ABSENT},
    "DeleteVoice": {"ResourceNotFound": Proof.ABSENT},
    "UpdateVoice": {"ResourceNotFound": Proof.ABSENT},
    "TextToSpeech": {"InvalidParameter.VoiceId": Proof.ABSENT},
}
EVERY = [(PAID, code, proof) for code, proof in COMMON.items()] + [
    (action, code, proof) for action, codes in OF_ACTIONS.items() for code, proof in codes.items()
]


def raised(action: str, *answers: bytes) -> tuple[CloudError, int]:
    """The error of a call with this answer, and the number of requests."""
    client, script = scripted(*answers, product=product_of(action))
    with pytest.raises(CloudError) as caught:
        client.call(action, {"SubAppId": 221073}, shape=Ticket)
    return caught.value, len(script.requests)


@pytest.mark.parametrize(("action", "code", "proof"), EVERY)
def test_each_documented_code_is_an_error_of_its_kind(action: str, code: str, proof: Proof) -> None:
    error, requests = raised(action, refusal(code))
    assert (error.code, error.request_id, requests) == (code, REQUEST_ID, 1)
    assert error.detail.startswith(f"{action}: {code}: The cloud's own words (request {REQUEST_ID})")
    match proof:
        case Proof.NOTHING:
            assert isinstance(error, OutcomeUnknown)
        case Proof.TOO_FAST | Proof.TOO_MANY:
            assert isinstance(error, Throttled)
            assert error.in_flight is (proof is Proof.TOO_MANY)
        case Proof.REFUSED | Proof.SPENT | Proof.SYSTEMIC | Proof.DUPLICATE | Proof.ABSENT:
            assert isinstance(error, Rejected)
            assert error.systemic is (proof is Proof.SYSTEMIC)
            assert error.duplicate is (proof is Proof.DUPLICATE)
            assert error.absent is (proof is Proof.ABSENT)
            assert error.spent is (proof is Proof.SPENT)
            assert not error.unsent


def test_no_row_is_without_a_test() -> None:
    tested = {code for _, code, _ in EVERY}
    assert set(RULES) - tested == {"AuthFailure"}  # a parent only


@pytest.mark.parametrize("code", [code for code, found in RULES.items() if found.proof is Proof.SYSTEMIC])
def test_what_stops_a_run_says_what_to_do(code: str) -> None:
    error, _ = raised(PAID, refusal(code))
    assert error.hint


def test_each_refusal_of_a_trtc_clone_but_a_busy_one_says_what_to_do_in_words_of_its_own() -> None:
    advice = {code: rule(code, action="VoiceClone").advice for code in OF_ACTIONS["VoiceClone"]}
    assert [code for code, words in advice.items() if not words] == ["LimitExceeded.ConcurrencyLimit"]
    assert len(set(advice.values())) == len(advice)


def test_advice_is_in_the_message_that_is_kept_with_the_voice() -> None:
    error, _ = raised("VoiceClone", refusal("InvalidParameter.AudioPrompt", "Invalid reference audio."))
    assert error.detail == (
        f"VoiceClone: InvalidParameter.AudioPrompt: Invalid reference audio (request {REQUEST_ID}). "
        "The sample has to be a WAV of 10 to 180 s, mono, 16 kHz: one clear voice."
    )


def test_a_call_that_pays_says_that_it_may_have_happened_and_a_read_does_not() -> None:
    paid, _ = raised(PAID, refusal("InternalError"))
    read, _ = raised(READ, refusal("InternalError"))
    assert paid.detail.endswith(f"(request {REQUEST_ID}); the call may have been executed")
    assert read.detail.endswith(f"(request {REQUEST_ID})")


def test_a_throttled_call_has_the_time_to_wait() -> None:
    client, _ = scripted(answer(200, refusal("RequestLimitExceeded"), Retry_After="7"))
    with pytest.raises(Throttled) as caught:
        client.call(PAID, {}, shape=Ticket)
    assert caught.value.retry_after == 7.0


# -- under a row, and in no table --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "proof"),
    [
        ("AuthFailure.New", Proof.SYSTEMIC),
        ("AuthFailure.SignatureFailure.New", Proof.SYSTEMIC),
        ("UnauthorizedOperation.New", Proof.SYSTEMIC),
        ("RequestLimitExceeded.New", Proof.TOO_FAST),
        ("LimitExceeded.New", Proof.SPENT),
        ("InvalidParameter.New", Proof.REFUSED),
        ("InvalidParameterValue.New.Newer", Proof.REFUSED),
        ("InvalidParameterValue.Url", Proof.REFUSED),
        ("MissingParameter.New", Proof.REFUSED),
        ("UnsupportedOperation.New", Proof.REFUSED),
        ("FailedOperation.New", Proof.NOTHING),
        ("InternalError.New", Proof.NOTHING),
        ("ResourceUnavailable.New", Proof.NOTHING),
    ],
)
def test_an_unlisted_code_counts_as_its_parent(code: str, proof: Proof) -> None:
    assert rule(code, action=PAID).proof is proof


@pytest.mark.parametrize("code", ["", ".", "New", "New.Newer", "invalidparameter", "InvalidParameterX", ".New"])
def test_a_code_without_a_listed_parent_proves_nothing(code: str) -> None:
    assert rule(code, action=PAID).proof is Proof.NOTHING


@pytest.mark.parametrize(
    "code",
    [
        "InvalidParameter.InternalError",
        "UnsupportedOperation.Timeout",
        "UnsupportedOperation.RequestTimedOut",
        "ResourceInsufficient.Unavailable",
    ],
)
def test_an_unlisted_code_that_speaks_of_a_failure_proves_nothing(code: str) -> None:
    assert rule(code, action=PAID).proof is Proof.NOTHING


@pytest.mark.parametrize("code", ["InvalidParameterValue.SessionId.New", "FailedOperation.TaskDuplicate.New"])
def test_a_code_below_a_duplicate_is_a_plain_refusal(code: str) -> None:
    assert rule(code, action=PAID).proof is Proof.REFUSED


@pytest.mark.parametrize("code", ["ResourceNotFound.ServiceNotExist", "InvalidParameterValue.TaskId.New"])
@pytest.mark.parametrize("action", ["DescribeTaskDetail", "DeleteVoice"])
def test_a_code_below_an_absence_is_a_plain_refusal(action: str, code: str) -> None:
    assert rule(code, action=action).proof is Proof.REFUSED


@pytest.mark.parametrize("action", ["DescribeTasks", "DescribeVoices", "CreateAigcCustomVoice", "VoiceClone"])
@pytest.mark.parametrize("code", ["ResourceNotFound", "InvalidParameterValue.TaskId", "InvalidParameter.VoiceId"])
def test_only_a_call_that_names_one_thing_can_find_it_absent(action: str, code: str) -> None:
    assert rule(code, action=action).proof is Proof.REFUSED

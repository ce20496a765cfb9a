"""A table of Tencent's error codes and what each one proves, and the function that looks them up.

Only the code counts: errors have HTTP 200 too, and the message may change at any time (Tencent, API 3.0, error codes).
Codes form a tree by their dots. A code that is not in the table counts as its parent, where that is safe.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum, auto

from reconciler.errors import Cause
from reconciler.values import value


class Proof(Enum):
    """What an error code proves about the call."""

    REFUSED = auto()  # nothing happened; the reason is this request
    SPENT = auto()  # nothing happened; the reason is a quota or right of the account
    SYSTEMIC = auto()  # nothing happened; every other call would fail in the same way
    TOO_FAST = auto()  # nothing happened: too many calls a second
    TOO_MANY = auto()  # nothing happened: too many tasks are running
    DUPLICATE = auto()  # nothing happened: this SessionId was accepted before
    ABSENT = auto()  # the object that the call names does not exist
    NOTHING = auto()  # it may have happened


@value
class Rule:
    """The meaning of one code. `advice` is a hint for the user, where the code says more than the cloud's message."""

    proof: Proof
    advice: str = ""
    cause: Cause | None = None  # of a creation's failure


def _refused(advice: str = "", cause: Cause | None = None) -> Rule:
    return Rule(Proof.REFUSED, advice, cause)


def _spent(advice: str) -> Rule:
    return Rule(Proof.SPENT, advice, Cause.ACCOUNT)


def _systemic(advice: str) -> Rule:
    return Rule(Proof.SYSTEMIC, advice)


def _unknown(advice: str) -> Rule:
    return Rule(Proof.NOTHING, advice)


_UNKNOWN = Rule(Proof.NOTHING)
_PERMISSION = _systemic("Grant this key the permission in the console (CAM, policies), or use another key.")
_OTHER_SITE = _systemic("Is the endpoint right? The international and the mainland site do not offer the same calls.")
_ADDRESS = "in the console (CAM), see which addresses the key may be used from."
_QUOTA = _spent("A quota of the account is used up: see the console, or ask Tencent's support for more.")


def _speech_setting(setting: str) -> Rule:
    return _refused(
        f"The {setting} is a setting of speech, which cloning does not send: please report this.", Cause.DEFECT
    )


# Tencent, API 3.0, common error codes; TRTC, VoiceClone; VOD, the calls that are named. A comment says why where the
# code's own name does not.
RULES: Mapping[str, Rule] = {
    # Refused by the gateway, before the product got the call.
    "AuthFailure": _systemic("Check the secret id and the secret key."),
    "AuthFailure.InvalidAuthorization": _systemic(
        "Something in between seems to rewrite requests: a proxy, a gateway?"
    ),
    "AuthFailure.InvalidSecretId": _systemic("That is not an API key: create one in the console (CAM, API keys)."),
    "AuthFailure.MFAFailure": _systemic("Use a key that asks for no second factor: voicectl can't give one."),
    "AuthFailure.SecretIdNotFound": _systemic(
        "The key was deleted, disabled or miscopied, or it is the other site's: see the console (CAM, API keys)."
    ),
    "AuthFailure.SignatureExpire": _systemic("Set this machine's clock: it may be 5 minutes wrong, no more."),
    "AuthFailure.SignatureFailure": _systemic("Check the secret key: it does not fit the secret id."),
    "AuthFailure.TokenFailure": _systemic(
        "The temporary credentials have expired, or the token is not of this key: get new ones, all three."
    ),
    "AuthFailure.UnauthorizedOperation": _PERMISSION,
    "UnauthorizedOperation": _PERMISSION,
    "IpInBlacklist": _systemic(f"This machine's address is blocked: {_ADDRESS}"),
    "IpNotInWhitelist": _systemic(f"This machine's address is not allowed: {_ADDRESS}"),
    "NoSuchProduct": _OTHER_SITE,
    "NoSuchVersion": _OTHER_SITE,
    "InvalidAction": _OTHER_SITE,
    "ActionOffline": _systemic("Tencent has withdrawn this call: a later voicectl may know another."),
    "UnsupportedProtocol": _systemic("The endpoint has to begin with https://."),
    "UnsupportedRegion": _systemic("See the provider's region: voices are cloned in ap-singapore only (TRTC)."),
    # The request is wrong: it was parsed, and no work began.
    "InvalidRequest": _refused(),
    "InvalidParameter": _refused("The cloud does not take a value that it was sent, and names no key."),
    "InvalidParameterValue": _refused(),
    "MissingParameter": _refused(),
    "UnknownParameter": _refused("The cloud does not know what voicectl sends: please report this.", Cause.DEFECT),
    "UnsupportedOperation": _refused(),
    "RequestSizeLimitExceeded": _refused(
        "A request has at most 10 MB: shorten the sample, or give it as a link.", Cause.SAMPLE
    ),
    "DryRunOperation": _refused(),  # "would have succeeded": a dry run changes nothing
    "ResourceNotFound": _refused("Something that the request names is not there: a file, or the application?"),
    # Limits that were hit before any work began.
    "RequestLimitExceeded": Rule(Proof.TOO_FAST),
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": Rule(Proof.TOO_FAST),
    "RequestLimitExceeded.IPLimitExceeded": Rule(Proof.TOO_FAST),
    "RequestLimitExceeded.UinLimitExceeded": Rule(Proof.TOO_FAST),
    "LimitExceeded": _QUOTA,
    "LimitExceeded.Quota": _QUOTA,
    "LimitExceeded.ConcurrencyLimit": Rule(Proof.TOO_MANY),  # TRTC on the mainland
    "LimitExceeded.VoiceCloneMaxNumLimit": _spent(
        "The account has reached its limit of cloned voices, and TRTC can't delete any: ask Tencent's support for a "
        "higher limit."
    ),
    "ResourceInsufficient": _spent("The account's package may be used up: see the console, and try again later."),
    # The outcome is unknown: the cloud may send these after the work, or while the work still runs.
    "InternalError": _UNKNOWN,
    "FailedOperation": _unknown("The cloud gives no reason."),
    "ServiceUnavailable": _UNKNOWN,  # the gateway may send it when the product answers late
    "ResourceUnavailable": _UNKNOWN,  # likewise, for a service behind the product
    "ResourceInUse": _UNKNOWN,  # the user may be this very call, retried inside the cloud
    "ResponseSizeLimitExceeded": _UNKNOWN,  # there was an answer, so work was done
    # VOD
    "FailedOperation.InvalidVodUser": _systemic("Open Video on Demand for this account in the console."),
    "FailedOperation.TaskDuplicate": Rule(Proof.DUPLICATE),
    "InvalidParameter.ViolationContent": _refused(
        "The prompt offends the cloud's rules of content: word it otherwise.", Cause.REQUEST
    ),
    "InvalidParameterValue.FileId": _refused("There is no file of this file_id in this sub_app_id."),
    "InvalidParameterValue.SessionContextTooLong": _refused(
        "session_context has at most 1,000 characters.", Cause.REQUEST
    ),
    "InvalidParameterValue.SessionId": Rule(Proof.DUPLICATE),  # "the deduplication ID already exists"
    "InvalidParameterValue.SessionIdTooLong": _refused(
        "voicectl's own key is too long: please report this.", Cause.DEFECT
    ),
    "InvalidParameterValue.Status": _refused(
        "voicectl asks for a status that the cloud does not know: please report.", Cause.DEFECT
    ),
    "InvalidParameterValue.SubAppId": _systemic("Check the provider's sub_app_id: it is not one of this account's."),
    "InvalidParameterValue.TaskId": _refused("The cloud has no such task; it keeps them for 3 days."),
    # TRTC
    "InvalidParameter.AudioPrompt": _refused(
        "The sample has to be a WAV of 10 to 180 s, mono, 16 kHz: one clear voice.", Cause.SAMPLE
    ),
    "InvalidParameter.Pitch": _speech_setting("pitch"),
    "InvalidParameter.SampleRate": _refused("The sample has to have 16,000 samples a second, in mono.", Cause.SAMPLE),
    "InvalidParameter.Speed": _speech_setting("speed"),
    "InvalidParameter.TextLength": _refused("The text is too long or empty: see prompt_text.", Cause.REQUEST),
    "InvalidParameter.VoiceId": _refused("The cloud knows no voice of this id."),
    "InvalidParameter.VoiceName": _refused(
        "A voice_name has at most 36 letters, digits and underscores.", Cause.REQUEST
    ),
    "InvalidParameter.Volume": _speech_setting("volume"),
    "MissingParameter.APIKey": _refused("Put a valid key (sk-...) into a variable, and name that as api_key_env."),
    "UnsupportedOperation.InternalError": _unknown("TRTC failed with an internal error."),
    "UnsupportedOperation.NotAllowed": _spent(
        "This account may not clone voices: it needs an RTC Engine package with text to speech, or Tencent's support."
    ),
    # The documented code for a failed clone: no voice_id was returned, so no voice is lost.
    "UnsupportedOperation.VoiceCloneError": _refused(
        "The cloud could not make a voice from this sample: try a longer or clearer one, and check that prompt_text "
        "is its exact text.",
        Cause.SAMPLE,
    ),
}

# The codes that mean "does not exist", for calls that name one object. In other calls the same code may mean the
# application or a file, so it must never make a voice look deleted.
_ABSENT: Mapping[str, frozenset[str]] = {
    "DescribeTaskDetail": frozenset({"InvalidParameterValue.TaskId", "ResourceNotFound"}),
    "DeleteVoice": frozenset({"ResourceNotFound"}),
    "UpdateVoice": frozenset({"ResourceNotFound"}),
    "TextToSpeech": frozenset({"InvalidParameter.VoiceId"}),  # TRTC's only sign of whether a voice exists
}

# Words that mean a failure during the work, even under a parent that refuses: UnsupportedOperation.InternalError.
_FAILURE_WORDS = re.compile(r"(?i)internal|time_?-?out|timedout|unavailable")


def rule(code: str, *, action: str) -> Rule:
    """What this code proves about a call of this action: its own row, else its parent's, else nothing."""
    if code in _ABSENT.get(action, ()):
        return replace(RULES[code], proof=Proof.ABSENT)
    parent = code
    while parent and parent not in RULES:
        parent = parent.rpartition(".")[0]
    found = RULES.get(parent, _UNKNOWN)
    if parent == code:
        return found
    match found.proof:
        case Proof.REFUSED | Proof.SPENT if _FAILURE_WORDS.search(code.removeprefix(parent)):
            return _UNKNOWN
        case Proof.DUPLICATE | Proof.ABSENT:  # only the exact code proves that
            return _refused()
        case Proof.REFUSED | Proof.SPENT | Proof.SYSTEMIC | Proof.TOO_FAST | Proof.TOO_MANY | Proof.NOTHING:
            return found

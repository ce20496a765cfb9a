"""Tencent's error codes and what each of them proves. Data, and the one function that looks it up.

A code is all that there is to go by: HTTP says 200 to errors too, and the message may change at any time (Tencent, API
3.0, error codes). Codes form a tree by their dots; one that is not listed counts as its parent, where that is safe.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from reconciler.errors import Cause


class Proof(Enum):
    REFUSED = auto()  # nothing happened, and this one request is why
    SPENT = auto()  # nothing happened, and what the account may have or do is why, not this request
    SYSTEMIC = auto()  # nothing happened, and every other call would meet the same end
    TOO_FAST = auto()  # nothing happened: too many calls a second
    TOO_MANY = auto()  # nothing happened: too much is running
    DUPLICATE = auto()  # nothing happened: this SessionId was accepted before
    ABSENT = auto()  # the one thing that the call names is not there
    NOTHING = auto()  # it may have happened


@dataclass(frozen=True, slots=True)
class Rule:
    """`advice` is for people: what to do about it, where the code knows more than the cloud's message says."""

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


def _of_speech(setting: str) -> Rule:
    return _refused(
        f"The {setting} is a setting of speech, which cloning does not send: please report this.", Cause.DEFECT
    )


# Tencent, API 3.0, common error codes; TRTC, VoiceClone; VOD, the calls that are named. A comment says why where the
# code's own name does not.
RULES: Mapping[str, Rule] = {
    # Refused at the door, before the product was asked.
    "AuthFailure": _systemic("Check the secret id and the secret key."),
    "AuthFailure.InvalidAuthorization": _systemic(
        "Something in between seems to rewrite requests: a proxy, a gateway?"
    ),
    "AuthFailure.InvalidSecretId": _systemic("That is no API key: make one in the console (CAM, API keys)."),
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
    # The request itself is wrong: it was read, and not begun.
    "InvalidRequest": _refused(),
    "InvalidParameter": _refused("The cloud does not take a value that it was sent, and names no key."),
    "InvalidParameterValue": _refused(),
    "MissingParameter": _refused(),
    "UnknownParameter": _refused("The cloud does not know what voicectl sends: please report this.", Cause.DEFECT),
    "UnsupportedOperation": _refused(),
    "RequestSizeLimitExceeded": _refused(
        "A request has at most 10 MB: shorten the sample, or give it as a link.", Cause.SAMPLE
    ),
    "DryRunOperation": _refused(),  # "would have succeeded": a rehearsal, which changes nothing
    "ResourceNotFound": _refused("Something that the request names is not there: a file, or the application?"),
    # Limits, met before anything began.
    "RequestLimitExceeded": Rule(Proof.TOO_FAST),
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": Rule(Proof.TOO_FAST),
    "RequestLimitExceeded.IPLimitExceeded": Rule(Proof.TOO_FAST),
    "RequestLimitExceeded.UinLimitExceeded": Rule(Proof.TOO_FAST),
    "LimitExceeded": _QUOTA,
    "LimitExceeded.Quota": _QUOTA,
    "LimitExceeded.ConcurrencyLimit": Rule(Proof.TOO_MANY),  # TRTC on the mainland
    "LimitExceeded.VoiceCloneMaxNumLimit": _spent(
        "The account holds as many cloned voices as it may, and TRTC can delete none: ask Tencent's support for more."
    ),
    "ResourceInsufficient": _spent("The account's package may be used up: see the console, and try again later."),
    # Nobody can know. All of them may be said after the work was done, or while it goes on elsewhere.
    "InternalError": _UNKNOWN,
    "FailedOperation": _unknown("The cloud says no more than that: not why, nor how far it came."),
    "ServiceUnavailable": _UNKNOWN,  # may be said by the front when the product answers late
    "ResourceUnavailable": _UNKNOWN,  # likewise, of something behind the product
    "ResourceInUse": _UNKNOWN,  # by whom? It may be the very work of this call, tried again inside
    "ResponseSizeLimitExceeded": _UNKNOWN,  # there was an answer, so there was work
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
    "InvalidParameter.Pitch": _of_speech("pitch"),
    "InvalidParameter.SampleRate": _refused("The sample has to have 16,000 samples a second, in mono.", Cause.SAMPLE),
    "InvalidParameter.Speed": _of_speech("speed"),
    "InvalidParameter.TextLength": _refused("The text is too long or empty: see prompt_text.", Cause.REQUEST),
    "InvalidParameter.VoiceId": _refused("The cloud knows no voice of this id."),
    "InvalidParameter.VoiceName": _refused(
        "A voice_name has at most 36 letters, digits and underscores.", Cause.REQUEST
    ),
    "InvalidParameter.Volume": _of_speech("volume"),
    "MissingParameter.APIKey": _refused("Put a valid key (sk-...) into a variable, and name that as api_key_env."),
    "UnsupportedOperation.InternalError": _unknown("TRTC broke off by an error of its own."),
    "UnsupportedOperation.NotAllowed": _spent(
        "This account may not clone voices: it needs an RTC Engine package with text to speech, or Tencent's support."
    ),
    # The documented way to say that cloning failed: no voice_id was given out, so there is no voice to lose.
    "UnsupportedOperation.VoiceCloneError": _refused(
        "No voice could be made of this sample: try a longer or a clearer one, and let prompt_text be what it says.",
        Cause.SAMPLE,
    ),
}

# What says that a thing is not there, of the calls that name one thing. Of any other call the same code may speak of
# the application or of a file, and must never make a voice look gone.
_ABSENT: Mapping[str, frozenset[str]] = {
    "DescribeTaskDetail": frozenset({"InvalidParameterValue.TaskId", "ResourceNotFound"}),
    "DeleteVoice": frozenset({"ResourceNotFound"}),
    "UpdateVoice": frozenset({"ResourceNotFound"}),
    "TextToSpeech": frozenset({"InvalidParameter.VoiceId"}),  # TRTC's only sign of whether a voice exists
}

# An unlisted code under a parent that refuses, as UnsupportedOperation.InternalError is: the tail speaks of a failure.
_BROKE = re.compile(r"(?i)internal|time_?-?out|timedout|unavailable")


def rule(code: str, *, action: str) -> Rule:
    """What this code proves about this call: by its own row, else by its parent's, else nothing."""
    if code in _ABSENT.get(action, ()):
        return replace(RULES[code], proof=Proof.ABSENT)
    parent = code
    while parent and parent not in RULES:
        parent = parent.rpartition(".")[0]
    found = RULES.get(parent, _UNKNOWN)
    if parent == code:
        return found
    match found.proof:
        case Proof.REFUSED | Proof.SPENT if _BROKE.search(code.removeprefix(parent)):
            return _UNKNOWN
        case Proof.DUPLICATE | Proof.ABSENT:  # only that very code says so much
            return _refused()
        case Proof.REFUSED | Proof.SPENT | Proof.SYSTEMIC | Proof.TOO_FAST | Proof.TOO_MANY | Proof.NOTHING:
            return found

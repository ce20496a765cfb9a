"""What an error of obstore means, by its class, its HTTP status and the store's error code, in our own words.

The texts of obstore's errors hold URLs, headers and the server's body, so they are searched here, and never shown.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from reconciler.errors import StateError
from reconciler.values import value

_STATUS = re.compile(r"status code: (\d{3})")
_SKEW = ("RequestTimeTooSkewed", "RequestExpired", "RequestIsExpired", "RequestNotYetValid")
_KEYS = (
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthorizationFailure",
    "AuthenticationFailed",
    "InvalidAuthenticationInfo",
    "AuthFailure",
    "InvalidToken",
    "ExpiredToken",
    "invalid_grant",
    "invalid_client",
)
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")
_TOKEN_SERVERS = ("169.254.169.254", "169.254.170.2", "metadata.google.internal", "/metadata/identity")


class Fault(Enum):
    """The kinds of failure of one request."""

    MISSING = auto()  # the object is not there
    EXISTS = auto()  # says the store; it may be ours, or may not be there at all (AWS answers 409 to two at once)
    UNSUPPORTED = auto()  # the store does not know this kind of request
    NO_BUCKET = auto()
    DENIED = auto()  # the credentials don't allow this action
    BAD_KEYS = auto()  # the credentials are wrong, or have run out
    NO_KEYS = auto()  # no credentials were found
    SKEW = auto()  # this machine's clock differs too much from the store's
    REDIRECT = auto()  # the bucket is in another region
    UNREACHED = auto()  # no connection was opened
    UNCLEAR = auto()  # anything else: the request may have had its effect


_UNSETTLED = frozenset({Fault.MISSING, Fault.EXISTS, Fault.UNREACHED, Fault.UNCLEAR})


@value
class Place:
    """The names that messages may show. `host` is empty for a cloud's own address."""

    where: str
    bucket: str
    host: str = ""
    variables: str = ""  # the environment variables that hold the credentials


def fault(error: Exception) -> Fault:
    """The kind of an error that obstore raised."""
    from obstore import exceptions

    text = str(error)
    found = _STATUS.search(text)
    status = int(found[1]) if found else 0
    if any(server in text for server in _TOKEN_SERVERS):
        return Fault.NO_KEYS
    if any(code in text for code in _NO_BUCKET):
        return Fault.NO_BUCKET
    if any(code in text for code in _SKEW):
        return Fault.SKEW
    if any(code in text for code in _KEYS) or status == 401:
        return Fault.BAD_KEYS
    if isinstance(error, exceptions.AlreadyExistsError | exceptions.PreconditionError) or status in (409, 412):
        return Fault.EXISTS
    if isinstance(error, exceptions.NotSupportedError) or status == 501:
        return Fault.UNSUPPORTED
    if isinstance(error, FileNotFoundError) or status == 404:
        return Fault.MISSING
    if status == 403:
        return Fault.DENIED
    if status in (301, 307, 308) or "AuthorizationHeaderMalformed" in text:
        return Fault.REDIRECT
    return Fault.UNREACHED if "kind: Connect" in text else Fault.UNCLEAR


def is_final(kind: Fault) -> bool:
    """Whether the same request can't succeed a moment later, and had no effect."""
    return kind not in _UNSETTLED


def refusal(kind: Fault, action: str, place: Place) -> StateError:
    """The error for a request that was refused, or that could not be settled. `action`: Put, Get, List or Delete."""
    at = f" at {place.host}" if place.host else ""
    done = "read" if action in ("Get", "List") else "written"
    match kind:
        case Fault.NO_BUCKET | Fault.MISSING:
            return StateError(
                f"{place.where}: there is no bucket or container {place.bucket}{at}.",
                "Create it, or correct the URL of the state.",
            )
        case Fault.DENIED:
            return StateError(
                f"{place.where}: these credentials may not {action}{at}.",
                "Give them Put, Get and List under this prefix; Delete is used only to remove old objects.",
            )
        case Fault.BAD_KEYS:
            return StateError(
                f"{place.where}: the credentials are wrong or have run out, says the store{at}.",
                f"Check {place.variables}." if place.variables else "",
            )
        case Fault.NO_KEYS:
            return no_credentials(place)
        case Fault.SKEW:
            return StateError(
                f"{place.where}: this machine's clock is wrong, so the store{at} refuses its requests.",
                "Set the clock, for example by turning on time synchronization.",
            )
        case Fault.REDIRECT:
            return StateError(
                f"{place.where}: the bucket {place.bucket} is in another region.", "Set AWS_REGION to its region."
            )
        case Fault.UNSUPPORTED:
            return no_conditions(place)
        case Fault.UNREACHED:
            return StateError(
                f"{place.where} could not be {done}: no connection to the store{at} could be opened.",
                "Check the network, the proxy and the endpoint.",
            )
        case Fault.UNCLEAR | Fault.EXISTS:
            return StateError(
                f"{place.where} could not be {done}: the store{at} gave no clear answer, after several attempts.",
                "Try again in a moment.",
            )


def no_conditions(place: Place) -> StateError:
    """The error for a store that creates an object twice."""
    return StateError(
        f"{place.where}: this store{f' at {place.host}' if place.host else ''} ignores If-None-Match, so two runs "
        "can't be kept apart.",
        "Use a store that keeps conditional writes, or a later version of this one.",
    )


def no_credentials(place: Place) -> StateError:
    """The error where no credentials were found."""
    return StateError(
        f"{place.where}: no credentials were found. Missing: {place.variables}.",
        "Set these variables, or run where the cloud gives credentials to the machine or the job.",
    )

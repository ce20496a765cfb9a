"""All errors that voicectl reports, as a tree.

    VoicectlError                 headline (the fact), detail (what, where), hint (what to type next), exit_code
    ├── ManifestError             the YAML; carries every Problem of the run
    ├── UsageError                the command line or the manifest's path is wrong
    │   ├── EndpointInvalid       a provider's endpoint is not a base URL
    │   ├── HostNotTrusted        a pipeline sends no credentials to a host that only the manifest names
    │   └── CommandNotAllowed     the manifest would start a program, and the command line does not allow it
    ├── Declined                  the user did not confirm
    │   └── ProbeDeclined         the user did not confirm reads that are paid for
    ├── Interrupted               Ctrl-C or SIGTERM; exit code 130
    ├── OutputLost                stdout could not be written: its disk is full
    ├── OutputIncomplete          a voice can't be used, so nothing is printed for an application
    ├── StateError
    │   ├── NoState               there is no state; shows what the accounts hold, and what to do
    │   ├── StateElsewhere        there is no state here, but one nearby; shows what to do
    │   ├── StateDamaged          the state can't be read; names the copy to restore
    │   ├── StateTooNew           a later voicectl wrote the state
    │   ├── KeyMissing            the state is encrypted, and no configured key decrypts it; names the keys by id
    │   ├── StateNotEncrypted     the manifest asks for encryption, but the state is plain
    │   ├── StateForeign          the state belongs to another manifest or lineage
    │   ├── StateRightsMissing    the database's role may not do it; names the statements that allow it
    │   ├── StateMoved            the state is stored elsewhere now; says where
    │   ├── StateLocked           another run is applying; names its user
    │   ├── StateConflict         the state changed between load and save
    │   │   └── Fenced            another run took over the lock; this run must stop
    │   └── StateNotSaved         the cloud accepted a call, but the state can't be saved; names the rescue copy
    ├── PlanError
    │   ├── PlanUnreadable        the file is not a valid plan file
    │   ├── PlanStale             the state or the manifest changed after the plan was made
    │   ├── PlanSpent             the plan was applied already; a plan can be applied once
    │   ├── PolicyDenied          a rule of `policy:` or a limit of the command line stops the plan
    │   └── SafetyStop            the plan changes more than the safety thresholds allow
    ├── CredentialsMissing        names the missing environment variables
    └── CloudError                adapters raise only these three:
        ├── Rejected              the call provably had no effect
        │   └── Unreached         no connection opened
        ├── Throttled             the call had no effect; try again later
        └── OutcomeUnknown        the call may have had its effect

Any other exception from an adapter, voicectl's own bugs included, counts as OutcomeUnknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from reconciler.hints import Hint, as_hint, hint, way

_SENTENCE = re.compile(r"(?<=[^.].[.!?]) +(?=[A-Z])")  # between two sentences; not after "e.g."


class VoicectlError(Exception):
    """An error with a headline, a detail (what and where), and a hint (the next command to type).

    `summary` is constant for each cause: the class defines it, or the code that raises the error. It is empty where a
    class has many causes; then the first sentence of `detail` is the headline.
    """

    summary: str = ""
    exit_code: ClassVar[int] = 1

    def __init__(self, detail: str, hint: Hint | str = "", *, summary: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = as_hint(hint)
        self.summary = summary or self.summary

    def __str__(self) -> str:
        return f"{self.summary}: {self.detail}" if self.summary else self.detail

    @property
    def headline(self) -> str:
        """The first line of the error."""
        return self.summary or _SENTENCE.split(self.detail, maxsplit=1)[0]

    @property
    def below(self) -> str:
        """The text after the headline; may be empty."""
        return self.detail if self.summary else "".join(_SENTENCE.split(self.detail, maxsplit=1)[1:])


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One error in a manifest: where it is, and what is wrong, with the limit that applies."""

    file: str
    line: int  # from 1; 0 for an error about the file as a whole
    column: int  # from 1
    path: str  # `voices.narrator.create.voice_name`; empty for the file as a whole
    what: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.what}" if self.path else f"{place}: {self.what}"


class ManifestError(VoicectlError):
    """All problems of the manifest, in the order of the files; the notes say what could not be checked."""

    summary = "The manifest is not valid"

    def __init__(self, problems: Sequence[Problem], *, notes: Sequence[str] = ()) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
        self.notes = tuple(notes)


class UsageError(VoicectlError):
    """A usage error of many causes, each with its own headline."""


class EndpointInvalid(UsageError):
    summary = "The endpoint is not a base URL"


class HostNotTrusted(UsageError):
    summary = "The manifest may not choose who receives credentials"


class CommandNotAllowed(UsageError):
    summary = "The manifest would start a program"

    def __init__(self, option: str, words: Sequence[str]) -> None:
        import shlex  # few runs end here

        super().__init__(
            f"{option} would start: {shlex.join(words)}",
            "Read it. If you trust it, add --allow-commands, or set VOICECTL_ALLOW_COMMANDS=true in the environment.",
        )


def not_in_state(address: str, *, serial: int | None = None) -> UsageError:
    """The error for an address that is not in the state, or in the snapshot with this serial."""
    if serial is not None:
        return UsageError(
            f"{address} is not in snapshot {serial}.", hint(way("To see it", "state show --serial", serial))
        )
    return UsageError(f"{address} is not in the state.", hint(way("", "state list")))


class Declined(VoicectlError):
    summary = "Nothing was applied"


class ProbeDeclined(Declined):
    summary = "No paid call was made"


class Interrupted(VoicectlError):
    summary = "Interrupted"
    exit_code = 130


class OutputLost(VoicectlError):
    summary = "The output could not be written"


class OutputIncomplete(VoicectlError):
    """Applications get all voices or none: an id that is missing would be found out only when it is used."""

    summary = "The output would not be complete"


class StateError(VoicectlError):
    """An error of the state; the subclasses name the common causes."""


class NoState(StateError):
    summary = "No state here yet"


class StateElsewhere(StateError):
    summary = "No state here, but another one holds voices"


class StateDamaged(StateError):
    summary = "The state file is damaged"


class StateTooNew(StateError):
    summary = "The state was written by a later voicectl"


class KeyMissing(StateError):
    summary = "No key decrypts the state"


class StateNotEncrypted(StateError):
    summary = "The state is not encrypted"


class StateForeign(StateError):
    """The state belongs to another manifest or to another lineage; each cause has its own headline."""


class StateRightsMissing(StateError):
    """The detail has lines: SQL statements, to be pasted."""

    summary = "The role has no right to do this"


class StateMoved(StateError):
    """`moved_to`: the other place; `serial`: of the mark that says so."""

    summary = "The state was moved"

    def __init__(
        self, detail: str, hint: Hint | str = "", *, summary: str = "", moved_to: str = "", serial: int = 0
    ) -> None:
        super().__init__(detail, hint, summary=summary)
        self.moved_to = moved_to
        self.serial = serial


class StateLocked(StateError):
    summary = "The state is locked"
    exit_code = 3

    def __init__(self, detail: str, hint: Hint | str = "", *, lock_id: str = "") -> None:
        super().__init__(detail, hint)
        self.lock_id = lock_id


class StateConflict(StateError):
    summary = "The state was changed during this run"


class Fenced(StateConflict):
    summary = "Another run took over the state"


class StateNotSaved(StateError):
    summary = "The state could not be saved"


class PlanError(VoicectlError):
    """A plan that can't be applied."""


class PlanUnreadable(PlanError):
    summary = "The plan file can't be read"


class PlanStale(PlanError):
    summary = "The plan is out of date"
    exit_code = 4


class PlanSpent(PlanError):
    summary = "The plan was applied already"
    exit_code = 4  # as above: a pipeline makes a new plan


class PolicyDenied(PlanError):
    summary = "A policy does not allow this plan"


class SafetyStop(PlanError):
    summary = "The change is too large to apply without confirmation"


class CredentialsMissing(VoicectlError):
    summary = "No credentials"


class Cause(StrEnum):
    """Why a cloud made no voice, as far as it is known; the hint depends on it. None if unknown."""

    ID_TAKEN = "id-taken"  # the declared voice_id belongs to another voice
    NAME_TAKEN = "name-taken"  # the declared name belongs to another voice
    SAMPLE = "sample"  # the content, length or format of the sample or the prompt
    REQUEST = "request"  # another declared value
    ACCOUNT = "account"  # a limit of the account: a quota, the balance, a permission
    KEY_IN_USE = "key-in-use"  # a run that is not in the state used the same key before
    DEFECT = "defect"  # a bug: voicectl sends a request that this cloud does not accept


class CloudError(VoicectlError):
    """An error reply from a cloud, or no reply.

    `code` is the cloud's own error code as text, empty if there is none. `systemic` means that every other call would
    fail too (credentials, arrears, IP whitelist, no server at the endpoint), so a run stops at once.
    """

    summary = "The cloud refused the call"

    def __init__(
        self, detail: str, hint: Hint | str = "", *, code: str = "", request_id: str = "", systemic: bool = False
    ) -> None:
        super().__init__(detail, hint)
        self.code = code
        self.request_id = request_id
        self.systemic = systemic


class Rejected(CloudError):
    """The call provably had no effect.

    `duplicate`: the external_task_id was accepted before, so the voice exists and can be found by it.
    `absent`: the requested voice or task does not exist.
    `unsent`: no connection was opened; the same call may be tried again.
    `spent`: a limit of the account is the cause, not the request; the same call may succeed later.
    `cause`: why the cloud refused, where it says so.
    """

    def __init__(
        self,
        detail: str,
        hint: Hint | str = "",
        *,
        code: str = "",
        request_id: str = "",
        systemic: bool = False,
        duplicate: bool = False,
        absent: bool = False,
        unsent: bool = False,
        spent: bool = False,
        cause: Cause | None = None,
    ) -> None:
        super().__init__(detail, hint, code=code, request_id=request_id, systemic=systemic)
        self.duplicate = duplicate
        self.absent = absent
        self.unsent = unsent
        self.spent = spent
        self.cause = cause


class Unreached(Rejected):
    """No connection was opened, so the call provably was not sent. It may be tried again."""

    summary = "The cloud could not be reached"

    def __init__(self, detail: str, hint: Hint | str = "", *, systemic: bool = False) -> None:
        super().__init__(detail, hint, systemic=systemic, unsent=True)


class Throttled(CloudError):
    """The cloud refused the call because of a limit, without any effect. Try again later.

    `in_flight`: too many tasks at once (Kling 1303), not too many calls a second (1302).
    `retry_after`: seconds, if the cloud sent them.
    """

    summary = "The cloud asks to slow down"

    def __init__(
        self,
        detail: str,
        hint: Hint | str = "",
        *,
        code: str = "",
        request_id: str = "",
        in_flight: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, hint, code=code, request_id=request_id)
        self.in_flight = in_flight
        self.retry_after = retry_after


class OutcomeUnknown(CloudError):
    """The reply was lost or not understood, so the call may have had its effect. It must not simply be repeated."""

    summary = "The cloud's answer was lost"

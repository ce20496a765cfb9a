"""Every failure a person can meet, drawn once.

    VoicectlError                 headline (the fact), detail (what, where), hint (what to type next), exit_code
    ├── ManifestError             the YAML; carries every Problem of the run
    ├── UsageError                the command line asked for something that cannot be
    │   └── EndpointInvalid       a provider's endpoint is no base URL
    ├── Declined                  nobody said yes
    │   └── ProbeDeclined         to looks that are paid
    ├── Interrupted               Ctrl-C or SIGTERM; exit code 130
    ├── OutputLost                stdout took no more: its disk is full
    ├── StateError
    │   ├── NoState               where one is needed; says what the accounts hold, and the ways on
    │   ├── StateElsewhere        none here, but one that may be meant; names the ways on
    │   ├── StateDamaged          cannot be read; says which copy to restore
    │   ├── StateTooNew           written by a later voicectl
    │   ├── StateForeign          belongs to another manifest or lineage
    │   ├── StateLocked           somebody else is applying; names the holder
    │   ├── StateConflict         changed between load and save
    │   └── StateNotSaved         a cloud said yes and the disk said no; names the rescue copy
    ├── PlanError
    │   ├── PlanUnreadable        not a plan of ours
    │   ├── PlanStale             the state or the manifest moved on under it
    │   ├── PlanSpent             applied already: a plan is good once
    │   └── SafetyStop            too large a change without its number
    ├── CredentialsMissing        names the variables that were looked for
    └── CloudError                raised by adapters, and only these three:
        ├── Rejected              proven: nothing happened
        │   └── Unreached         no connection opened
        ├── Throttled             nothing happened; later
        └── OutcomeUnknown        it may have happened

Whatever else an adapter lets through (our own bugs included) counts as OutcomeUnknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from reconciler.hints import Hint, as_hint, hint, way

_SENTENCE = re.compile(r"(?<=[^.].[.!?]) +(?=[A-Z])")  # between two sentences; "e.g. X" is none


class VoicectlError(Exception):
    """A failure: the fact, what and where, and the next command to type.

    `summary` is constant for its cause: the class's own, or what whoever raises it says. It is empty where a class has
    many causes; then the first sentence of `detail` is the headline.
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
        return self.summary or _SENTENCE.split(self.detail, maxsplit=1)[0]

    @property
    def below(self) -> str:
        """What `headline` does not say; empty if it says all."""
        return self.detail if self.summary else "".join(_SENTENCE.split(self.detail, maxsplit=1)[1:])


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One complaint about a manifest: where, and what, with the limit in its words."""

    file: str
    line: int  # from 1; 0 when the complaint is about the file as a whole
    column: int  # from 1
    path: str  # `voices.narrator.create.voice_name`; empty for the file as a whole
    what: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.what}" if self.path else f"{place}: {self.what}"


class ManifestError(VoicectlError):
    """Carries every problem of the run, in the order of the files; and as notes what could not be looked at."""

    summary = "The manifest is not valid"

    def __init__(self, problems: Sequence[Problem], *, notes: Sequence[str] = ()) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
        self.notes = tuple(notes)


class UsageError(VoicectlError):
    """Of many causes: each says its own headline."""


class EndpointInvalid(UsageError):
    summary = "The endpoint is not a base URL"


def not_in_state(address: str) -> UsageError:
    return UsageError(f"{address} is not in the state.", hint(way("", "state list")))


class Declined(VoicectlError):
    summary = "Nothing was applied"


class ProbeDeclined(Declined):
    summary = "Nothing was asked"


class Interrupted(VoicectlError):
    summary = "Interrupted"
    exit_code = 130


class OutputLost(VoicectlError):
    summary = "The output could not be written"


class StateError(VoicectlError):
    """Of many causes, unless a class below says which."""


class NoState(StateError):
    summary = "No state here yet"


class StateElsewhere(StateError):
    summary = "No state here, but another one holds voices"


class StateDamaged(StateError):
    summary = "The state file is damaged"


class StateTooNew(StateError):
    summary = "The state was written by a later voicectl"


class StateForeign(StateError):
    """Of another manifest, or of another lineage: each says its own headline."""


class StateLocked(StateError):
    summary = "The state is locked"

    def __init__(self, detail: str, hint: Hint | str = "", *, lock_id: str = "") -> None:
        super().__init__(detail, hint)
        self.lock_id = lock_id


class StateConflict(StateError):
    summary = "The state changed under this run"


class StateNotSaved(StateError):
    summary = "The state could not be saved"


class PlanError(VoicectlError):
    """A plan that can't be applied."""


class PlanUnreadable(PlanError):
    summary = "The plan file can't be read"


class PlanStale(PlanError):
    summary = "The plan is out of date"


class PlanSpent(PlanError):
    summary = "The plan was applied already"


class SafetyStop(PlanError):
    summary = "The change is too large to go unasked"


class CredentialsMissing(VoicectlError):
    summary = "No credentials"


class Cause(StrEnum):
    """Why a cloud made no voice, as far as it says so: it decides what can help. What is not known is None."""

    ID_TAKEN = "id-taken"  # the voice_id that was chosen belongs to another voice
    NAME_TAKEN = "name-taken"  # the name that was chosen does
    SAMPLE = "sample"  # what the sample or the prompt holds: its content, its length, its format
    REQUEST = "request"  # another value that was declared
    ACCOUNT = "account"  # what the account may have or do: a quota, a balance, a permission
    KEY_IN_USE = "key-in-use"  # its key was used before its first call, by a run that the state does not know
    DEFECT = "defect"  # voicectl sends what this cloud does not take


class CloudError(VoicectlError):
    """What a cloud answered, or that it did not.

    `code` is the cloud's own error code as text, empty when there was none. `systemic` means that every other call
    would meet the same end (credentials, arrears, IP whitelist, nothing listening), so a run stops at once.
    """

    summary = "The cloud refused"

    def __init__(
        self, detail: str, hint: Hint | str = "", *, code: str = "", request_id: str = "", systemic: bool = False
    ) -> None:
        super().__init__(detail, hint)
        self.code = code
        self.request_id = request_id
        self.systemic = systemic


class Rejected(CloudError):
    """Proven: nothing happened.

    `duplicate`: the external_task_id was accepted before, so the voice exists: look it up.
    `absent`: the thing named is not there.
    `unsent`: the connection never opened; the same call may be tried again.
    `spent`: what the account may have or do is why, and not what was asked for: later the same may be granted.
    `cause`: why it was refused, where the cloud says so.
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
    """Proven: nothing was sent, because no connection opened. It may be tried again."""

    summary = "The cloud could not be reached"

    def __init__(self, detail: str, hint: Hint | str = "", *, systemic: bool = False) -> None:
        super().__init__(detail, hint, systemic=systemic, unsent=True)


class Throttled(CloudError):
    """Nothing happened; try later.

    `in_flight`: too many tasks at once (Kling 1303), not too many calls a second (1302).
    `retry_after`: seconds, where the cloud said so.
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
    summary = "The cloud's answer was lost"

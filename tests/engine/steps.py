"""What a story is made of: what people do, what clouds do to them, and how a run ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.manifest import Voice


@dataclass(frozen=True)
class Edit:
    voices: tuple[Voice, ...]


@dataclass(frozen=True)
class Weather:
    faults: Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """An apply. At its nth moment, before or after a write or a call, something happens to it.

    It dies, is asked to stop, its clock jumps, or the other runner makes a whole run `beside` it.
    """

    dies_at: int | None = None
    stops_at: int | None = None
    jumps_at: int | None = None
    hours: float = 0.0
    beside: int | None = None


@dataclass(frozen=True)
class DeletedOutside:
    which: int


@dataclass(frozen=True)
class RenamedOutside:
    which: int


@dataclass(frozen=True)
class MadeOutside:
    """By a colleague, in the console."""


@dataclass(frozen=True)
class Hours:
    number: float


@dataclass(frozen=True)
class ClockJumps:
    """The wall clock of the machine that runs voicectl; the cloud's is right."""

    hours: float


@dataclass(frozen=True)
class StateLost:
    """The next run begins a new one."""


@dataclass(frozen=True)
class StateRestored:
    """An old copy is put back, or pushed. `which`: how many writes ago it was the state."""

    which: int
    pushed: bool


@dataclass(frozen=True)
class Rebuilt:
    """A person does what a blocked plan says: state rebuild --lineage, for each that there is."""


@dataclass(frozen=True)
class Renamed:
    """Entries get other addresses: `which` is the first of them, `times` how many follow. Their inputs stay."""

    which: int
    times: int = 1
    labels: bool = False  # whether these change as well
    copied: bool = False  # the old entries stay, where a cloud makes two voices of the same inputs


@dataclass(frozen=True)
class Switched:
    """Another runner, with a state of its own over the same clouds, works from now on; the first time it has none."""


@dataclass(frozen=True)
class Advised:
    """A person types what the plan says beside each entry that is blocked."""


Step = (
    Edit | Weather | Run | DeletedOutside | RenamedOutside | MadeOutside | Hours
    | ClockJumps | StateLost | StateRestored | Rebuilt | Renamed | Switched | Advised
)  # fmt: skip

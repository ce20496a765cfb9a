"""The reference model: from what happened in a story alone, what the world and the state must be at its end.

Pure, and written without the code it judges: it knows no record, no plan and no way to make a key. Whether a call was
announced in the state before it went out is not its matter: `simulation` looks at that while the call is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto


@dataclass(frozen=True)
class What:
    """What a voice is made from, for which address, on which account: bought twice, it is paid for twice."""

    address: str
    digest: str  # of its inputs alone, so that a renamed entry keeps it
    account: str

    def renamed(self, other: What) -> bool:
        """Whether the other is made from the same, for another address."""
        return self != other and (self.digest, self.account) == (other.digest, other.account)


class Fate(Enum):
    VOICE = auto()
    FAILURE = auto()
    NONE = auto()  # its task never ends


@dataclass(frozen=True)
class Declared:
    wanted: frozenset[What]
    refused: frozenset[What] = frozenset()  # those that the cloud will never take


@dataclass(frozen=True)
class Began:
    """A run, under what is declared now."""


@dataclass(frozen=True)
class Bought:
    key: str
    what: What
    fate: Fate = Fate.VOICE
    deposed: frozenset[str] = frozenset()  # keys that are durably to be deleted
    late: bool = False  # a dead run's call, which nobody waits for
    hidden: frozenset[str] = frozenset()  # keys that no list shows now: if the state lost them, nobody can know
    forgotten: frozenset[str] = frozenset()  # keys of calls that never seemed to arrive, and their cloud forgot them


@dataclass(frozen=True)
class Refused:
    """The cloud took no request for it, and said why."""

    what: What


@dataclass(frozen=True)
class Deleted:
    key: str | None  # None: it was somebody else's
    outside: bool = False  # by others, or by time


@dataclass(frozen=True)
class Lost:
    """These keys, and no others, the state does not know; and what it knows may be dead since long."""

    keys: frozenset[str]


@dataclass(frozen=True)
class Twins:
    """These have one marker, which is no key at their cloud: nobody can say which of them a state means."""

    keys: frozenset[str]


@dataclass(frozen=True)
class Asked:
    """A person had to say what became of a creation, though its cloud could tell."""

    what: What


@dataclass(frozen=True)
class Moved:
    """Its voice belongs to a renamed entry, durably."""

    key: str
    what: What


@dataclass(frozen=True)
class Released:
    """A person let go of it: it stays in its account."""

    key: str


Event = Declared | Began | Bought | Refused | Deleted | Lost | Twins | Asked | Moved | Released


@dataclass(frozen=True)
class Seen:
    """How a story ended."""

    held: Mapping[str, str]  # address -> the key that it means
    ready: frozenset[str]  # keys that the state says are ready
    living: frozenset[str]  # keys whose voices exist
    open: frozenset[str] = frozenset()  # keys that the state remembers as begun
    kept: frozenset[str] = frozenset()  # keys of what was let go and can't be deleted, still in the state's sight
    unsettled: frozenset[str] = frozenset()  # addresses that the next plan would change or is blocked at


@dataclass
class _Model:
    wrong: list[str] = field(default_factory=list)
    wanted: frozenset[What] = frozenset()
    bought: dict[str, Bought] = field(default_factory=dict)
    alive: dict[str, What] = field(default_factory=dict)  # voices, and tasks that may become some
    given_up: set[str] = field(default_factory=set)  # some run was to do without them
    lost: frozenset[str] = frozenset()
    twins: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)
    together: set[tuple[What, What]] = field(default_factory=set)  # declared side by side when some run began
    spoilt: set[What] = field(default_factory=set)  # failed, refused, deleted by others: it may well be missing

    def add(self, event: Event) -> None:
        match event:
            case Declared(wanted=wanted, refused=refused):
                self.wanted = wanted
                self.spoilt |= refused
            case Began():
                self.together |= {(one, other) for one in self.wanted for other in self.wanted if one.renamed(other)}
                self.given_up |= {k for k, what in self.alive.items() if what not in self.wanted and not self._moves(k)}
            case Bought():
                self._buy(event)
            case Refused(what=what):
                self.spoilt.add(what)
            case Deleted(key=key, outside=outside):
                self._delete(key, outside=outside)
            case Lost(keys=keys):
                self.lost = keys
                self.spoilt |= {bought.what for key, bought in self.bought.items() if key not in self.alive}
            case Twins(keys=keys):
                self.twins |= keys
            case Asked(what=what):
                if not self.is_spoilt(what):
                    self.wrong.append(f"{what.address} was left to a person, and could have been settled")
            case Moved(key=key, what=what):
                self._move(key, what)
            case Released(key=key):
                self.released.add(key)

    def _buy(self, new: Bought) -> None:
        same = [key for key in self._alike(new.what) if key not in self.lost & new.hidden | self.twins]
        if not new.late and set(same) - (self.given_up & (new.deposed | new.forgotten)) - self.released:
            self.wrong.append(f"{new.key} was bought, and {', '.join(same)} was there")
        renamed = [key for key, what in self.alive.items() if what.renamed(new.what) and self._moves(key)]
        if not new.late and set(renamed) - self.lost:
            self.wrong.append(f"{new.key} was bought, and {', '.join(renamed)} of an entry that was renamed was there")
        self.bought[new.key] = new
        if new.fate is not Fate.VOICE:
            self.spoilt.add(new.what)
        if new.fate is not Fate.FAILURE:
            self.alive[new.key] = new.what
        if new.what not in self.wanted:
            self.given_up.add(new.key)

    def _delete(self, key: str | None, *, outside: bool) -> None:
        what = self.alive.pop(key, None) if key is not None else None
        if not outside and (key is None or what is None):
            self.wrong.append("a voice was deleted that is not ours")
        elif not outside and key not in self.given_up | self.lost and what is not None and not self._alike(what):
            self.wrong.append(f"{key} was deleted, and it was wanted")
        if what is not None and (outside or key in self.lost):
            self.spoilt.add(what)

    def _move(self, key: str, what: What) -> None:
        if not what.renamed(self.bought[key].what):
            self.wrong.append(f"{key} was moved to {what.address}, which is made from other inputs")
        self.bought[key] = replace(self.bought[key], what=what)
        if key in self.alive:
            self.alive[key] = what
        if what in self.wanted:
            self.given_up.discard(key)

    def _moves(self, key: str) -> bool:
        """Whether its entry was renamed: it is gone, one new entry is made from the same, and no others are."""
        what = self.alive[key]
        if what.address in {w.address for w in self.wanted} or key in self.given_up | self.released:
            return False
        alone = self.wanted - self.spoilt - {other for one, other in self.together if one == what}
        new = [w for w in alone if what.renamed(w) and not self._alike(w)]
        old = [k for k, w in self.alive.items() if w == what or (what.renamed(w) and w not in self.wanted)]
        return len(new) == 1 and old == [key]

    def is_spoilt(self, what: What) -> bool:
        return what in self.spoilt or any(what.renamed(other) for other in self.spoilt)

    def _alike(self, what: What) -> list[str]:
        return [key for key, other in self.alive.items() if other == what]


def complaints(story: Iterable[Event], seen: Seen) -> list[str]:
    """What must not have happened, and what should be otherwise at the end."""
    model = _Model()
    for event in story:
        model.add(event)
    told = list(model.wrong)
    spoilt = {what.address for what in {*model.spoilt, *filter(model.is_spoilt, model.wanted)}}
    for what in model.wanted:
        owed = {key for key in model.alive if model.bought[key].what == what and model.bought[key].fate is Fate.VOICE}
        held = seen.held.get(what.address)
        if not model.is_spoilt(what) and held not in owed & seen.ready:
            told.append(f"{what.address} holds {held}, and should hold {' or '.join(owed) or 'a voice'}")
    declared = {what.address for what in model.wanted}
    told += [
        f"{address} holds {seen.held[address]}, undeclared" for address in seen.held if address not in declared | spoilt
    ]
    told += [f"{address} is not settled" for address in seen.unsettled - spoilt]
    # While an address is blocked, a voice that a run began for it and nobody wants now is left as it is.
    left = {key for key in seen.open if key in model.bought and model.bought[key].what.address in spoilt}
    left |= model.lost | model.twins | model.released | seen.kept
    told += [f"{key} lives, and nobody holds it" for key in seen.living - left - set(seen.held.values())]
    return told

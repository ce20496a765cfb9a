"""Which records may get another provider's name: their entry names another one now, and both are declared.

Whether the two names are one account is decided elsewhere (`same_account`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.manifest import Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.state import Record, State, Status
from reconciler.planning.diff import difference
from reconciler.planning.moves import likeness, made_from
from reconciler.planning.same_account import surely_two


@dataclass(frozen=True, slots=True)
class Move:
    record: Record  # as it is
    voice: Voice  # the entry that it may belong to under the new name

    @property
    def names(self) -> tuple[str, str]:
        return self.record.provider, self.voice.provider

    def renamed(self, account: str) -> Record:
        return rebound(self.record, provider=self.voice.provider, account=account)


def rebound(record: Record, *, provider: str, account: str) -> Record:
    """The record under the account's other name."""
    return record.model_copy(update={"provider": provider, "account": account})


def movable(manifest: Manifest, state: State) -> Iterator[Move]:
    """Of the voice that an entry has, also what was replaced or deleted; or what it may take back."""
    if len(manifest.providers) < 2:
        return
    renamed = _renamed_entries(manifest, state)
    for record in state.records.values():
        voice = manifest.voices.get(record.address) or renamed.get(record.address)
        if voice is None or not _may_be_one(manifest, record, voice):
            continue
        current = state.at(record.address)
        if current is None or (current.provider, current.account) == (record.provider, record.account):
            yield Move(record, voice)


def same_inputs(voice: Voice, record: Record) -> bool:
    """Whether the record is what the entry says, but for the provider's name."""
    return not difference(voice, record.model_copy(update={"provider": voice.provider})).identity


def names_it(voice: Voice, record: Record) -> bool:
    """Whether the entry names this voice by its id."""
    return record.voice_id is not None and str(voice.inputs.get("voice_id")) == record.voice_id


def _may_be_one(manifest: Manifest, record: Record, voice: Voice) -> bool:
    old, new = manifest.providers.get(record.provider), manifest.providers.get(voice.provider)
    return record.provider != voice.provider and old is not None and new is not None and not surely_two(old, new)


def _renamed_entries(manifest: Manifest, state: State) -> Mapping[str, Voice]:
    """Address that is not declared any more -> the new entry of another provider that is made of the same."""
    new = [v for v in manifest.voices.values() if v.address not in state.current and v.origin is not Origin.OFFICIAL]
    left = _left(manifest, state) if new else {}
    found: dict[str, Voice] = {}
    for voice in new if left else ():
        existing = voice.origin is Origin.ELSEWHERE
        wanted = str(voice.inputs["voice_id"]) if existing else likeness("", voice.method, made_from(voice))
        for record in left.get(wanted, ()):
            if _may_be_one(manifest, record, voice) and (names_it(voice, record) or same_inputs(voice, record)):
                found.setdefault(record.address, voice)
    return found


def _left(manifest: Manifest, state: State) -> Mapping[str, list[Record]]:
    """Voices whose address is not declared any more, by what they are made of and by their ids."""
    left: dict[str, list[Record]] = {}
    for record in state.records.values():
        bound = state.current.get(record.address, record.external_task_id) == record.external_task_id
        if record.address in manifest.voices or record.status is Status.DELETED or not bound:
            continue
        left.setdefault(likeness("", record.method, record.sent), []).append(record)
        if record.voice_id is not None:
            left.setdefault(record.voice_id, []).append(record)
    return left

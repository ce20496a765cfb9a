"""Finds records that may get another provider name: their entry names another provider now, and both are declared.

`same_account` decides whether the two names are one account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.model.manifest import Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.state import Record, State, Status
from reconciler.planning.diff import difference
from reconciler.planning.same_account import are_two_accounts
from reconciler.planning.same_inputs import made_from, matching_key
from reconciler.values import value


@value
class Move:
    """A record that may get the provider name of an entry."""

    record: Record  # as it is now
    voice: Voice  # the entry with the new provider name

    @property
    def names(self) -> tuple[str, str]:
        return self.record.provider, self.voice.provider

    def renamed(self, account: str) -> Record:
        return rebound(self.record, provider=self.voice.provider, account=account)


def rebound(record: Record, *, provider: str, account: str) -> Record:
    """The record with another provider name and account."""
    return replace(record, provider=provider, account=account)


def possible_moves(manifest: Manifest, state: State) -> Iterator[Move]:
    """The possible moves: for each entry its current voice and its earlier ones, or those that it may adopt."""
    if len(manifest.providers) < 2:
        return
    renamed = _renamed_entries(manifest, state)
    for record in state.records.values():
        voice = manifest.voices.get(record.address) or renamed.get(record.address)
        if voice is None or not _may_be_one_account(manifest, record, voice):
            continue
        current = state.at(record.address)
        if current is None or (current.provider, current.account) == (record.provider, record.account):
            yield Move(record, voice)


def unrecorded(manifest: Manifest, state: State, accounts: Mapping[str, str]) -> list[Record]:
    """The records that may move, under the new provider name, so that both names are asked for them."""
    return [
        move.renamed(accounts[move.voice.provider])
        for move in possible_moves(manifest, state)
        if move.voice.provider in accounts and move.record.account == accounts.get(move.record.provider)
    ]


def same_inputs(voice: Voice, record: Record) -> bool:
    """Whether the record has the inputs of the entry, apart from the provider name."""
    return not difference(voice, replace(record, provider=voice.provider)).identity


def names_voice_id(voice: Voice, record: Record) -> bool:
    """Whether the entry has the record's voice_id as an input."""
    return record.voice_id is not None and str(voice.inputs.get("voice_id")) == record.voice_id


def _may_be_one_account(manifest: Manifest, record: Record, voice: Voice) -> bool:
    old, new = manifest.providers.get(record.provider), manifest.providers.get(voice.provider)
    return record.provider != voice.provider and old is not None and new is not None and not are_two_accounts(old, new)


def _renamed_entries(manifest: Manifest, state: State) -> Mapping[str, Voice]:
    """Removed address -> the new entry of another provider with the same inputs."""
    new = [v for v in manifest.voices.values() if v.address not in state.current and v.origin is not Origin.OFFICIAL]
    removed = _removed_records(manifest, state) if new else {}
    found: dict[str, Voice] = {}
    for voice in new if removed else ():
        existing = voice.origin is Origin.ELSEWHERE
        wanted = str(voice.inputs["voice_id"]) if existing else matching_key("", voice.method, made_from(voice))
        for record in removed.get(wanted, ()):
            if _may_be_one_account(manifest, record, voice) and (
                names_voice_id(voice, record) or same_inputs(voice, record)
            ):
                found.setdefault(record.address, voice)
    return found


def _removed_records(manifest: Manifest, state: State) -> Mapping[str, list[Record]]:
    """The records of removed addresses, by their matching key and by their voice_id."""
    removed: dict[str, list[Record]] = {}
    for record in state.records.values():
        bound = state.current.get(record.address, record.external_task_id) == record.external_task_id
        if record.address in manifest.voices or record.status is Status.DELETED or not bound:
            continue
        removed.setdefault(matching_key("", record.method, record.sent), []).append(record)
        if record.voice_id is not None:
            removed.setdefault(record.voice_id, []).append(record)
    return removed

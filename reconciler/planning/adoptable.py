"""Decides which voices of an account `adopt` takes into the state, and why it leaves out the others. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from reconciler.model.adoption import METHOD, Adoptable, Selection, Skipped
from reconciler.model.cloud_types import cloud_type
from reconciler.model.manifest import Manifest
from reconciler.model.method import Origin
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.state import LIVE, Record, State, Status
from reconciler.planning import markers
from reconciler.planning.adopted_addresses import addresses
from reconciler.planning.survey import DeclaredEntries


@dataclass(slots=True)
class _Counts:
    skipped: dict[Skipped, int] = field(default_factory=dict)
    lineages: dict[str, int] = field(default_factory=dict)

    def add(self, why: Skipped, lineage: str | None) -> None:
        self.skipped[why] = self.skipped.get(why, 0) + 1
        if lineage is not None and why in (Skipped.OTHER_STATE, Skipped.THIS_STATE):
            self.lineages[lineage] = self.lineages.get(lineage, 0) + 1


def select(
    manifest: Manifest,
    state: State,
    provider: str,
    listed: Iterable[RemoteVoice],
    *,
    account: str,
    lineages: Collection[str] = (),
    deleted: Collection[str] = (),
) -> Selection:
    """Selects from the voices that the provider's account lists.

    Voices with a marker of one of these `lineages` are adopted like those without a marker. `deleted`: ids of voices
    that no longer exist.
    """
    rules = _Rules(manifest, state, provider, account, lineages, deleted)
    counts = _Counts()
    chosen: dict[str, RemoteVoice] = {}
    again: list[Adoptable] = []
    declared: list[Adoptable] = []
    for remote in _once(listed):
        why = rules.why_skipped(remote)
        if why is not None:
            counts.add(why, markers.lineage_of(remote.external_task_id))
        elif (address := rules.without_entry(remote)) is not None:
            again.append(Adoptable(address, remote))
        elif (address := rules.without_record(remote)) is not None:
            declared.append(Adoptable(address, remote))
        else:
            chosen[str(remote.voice_id)] = remote
    taken = {*manifest.voices, *state.current}
    named = addresses({voice_id: remote.voice_name for voice_id, remote in chosen.items()}, taken)
    return Selection(
        new=_sorted(Adoptable(named[voice_id], remote) for voice_id, remote in chosen.items()),
        again=_sorted(again),
        declared=_sorted(declared),
        skipped={why: counts.skipped[why] for why in Skipped if why in counts.skipped},
        lineages=dict(sorted(counts.lineages.items())),
    )


def listed_lineages(listed: Iterable[RemoteVoice]) -> set[str]:
    """The lineages of all markers in a list."""
    return {lineage for v in listed if (lineage := markers.lineage_of(v.external_task_id)) is not None}


def _sorted(found: Iterable[Adoptable]) -> tuple[Adoptable, ...]:
    return tuple(sorted(found, key=lambda each: each.address))


def _once(listed: Iterable[RemoteVoice]) -> Iterable[RemoteVoice]:
    """Each voice once: several tasks may show one voice."""
    seen: set[str] = set()
    for remote in listed:
        if remote.voice_id is None:
            yield remote
        elif remote.voice_id not in seen:
            seen.add(remote.voice_id)
            yield remote


class _Rules:
    """The rules for one voice after the other."""

    def __init__(
        self,
        manifest: Manifest,
        state: State,
        provider: str,
        account: str,
        lineages: Collection[str],
        deleted: Collection[str],
    ) -> None:
        self._manifest = manifest
        self._state = state
        self._provider = provider
        self._account = account
        self._type = manifest.providers[provider].type
        self._lineages = {lineage[:8] for lineage in lineages}
        self._deleted = deleted
        self._ours = {state.lineage[:8], *state.adopted_lineages}
        self._entries = DeclaredEntries(manifest)
        # An abandoned voice was released by the user: it is managed no longer.
        held = [r for r in state.records.values() if r.status is not Status.ABANDONED]
        self._keys = {r.external_task_id for r in held}
        self._records: dict[str, list[Record]] = {}
        for record in held:
            if record.voice_id is not None and record.type == self._type:
                self._records.setdefault(record.voice_id, []).append(record)
        self._declared = {
            str(v.inputs["voice_id"]): v
            for v in manifest.voices.values()
            if v.type == self._type and v.origin is not Origin.MADE
        }

    def why_skipped(self, remote: RemoteVoice) -> Skipped | None:
        """The reason to skip the voice; None if it can be adopted."""
        if remote.status is not TaskStatus.READY or remote.voice_id is None:
            return Skipped.NOT_READY
        official = cloud_type(self._type).account.official_owner
        if official is not None and remote.owned_by == official:
            return Skipped.OFFICIAL
        if self.without_entry(remote) is None and (self._is_held(remote) or remote.external_task_id in self._keys):
            return Skipped.IN_STATE
        declared = self._declared.get(remote.voice_id)
        if declared is not None and self.without_record(remote) is None:
            return Skipped.OFFICIAL if declared.origin is Origin.OFFICIAL else Skipped.DECLARED
        if remote.deleted or remote.voice_id in self._deleted:
            return Skipped.DELETED
        if declared is not None or self.without_entry(remote) is not None:
            return None
        return self._why_not_new(remote)

    def _why_not_new(self, remote: RemoteVoice) -> Skipped | None:
        lineage = markers.lineage_of(remote.external_task_id)
        if lineage is not None and lineage not in self._lineages:
            return Skipped.THIS_STATE if lineage in self._ours else Skipped.OTHER_STATE
        marker = markers.read(remote.external_task_id)
        entry = self._entries.entry_of(marker) if marker is not None else None
        if entry is not None:
            record = self._state.at(entry.address)
            if record is None or record.status not in LIVE:
                return Skipped.FOR_AN_ENTRY
        try:
            cloud_type(self._type).methods[METHOD].model_validate({"voice_id": remote.voice_id})
        except ValidationError:
            return Skipped.INVALID
        return None

    def _is_held(self, remote: RemoteVoice) -> bool:
        """Whether the state has the voice, under any provider's name."""
        return any(
            record.account == self._account or (record.owned_by is not None and record.owned_by == remote.owned_by)
            for record in self._records.get(str(remote.voice_id), ())
        )

    def without_entry(self, remote: RemoteVoice) -> str | None:
        """The address of a voice that was adopted before, and whose entry the manifest does not have."""
        return next(
            (
                record.address
                for record in self._records.get(str(remote.voice_id), ())
                if record.provider == self._provider
                and record.account == self._account
                and record.origin is Origin.ELSEWHERE
                and record.status is Status.READY
                and self._state.current.get(record.address) == record.external_task_id
                and record.address not in self._manifest.voices
                and str(remote.voice_id) not in self._declared
            ),
            None,
        )

    def without_record(self, remote: RemoteVoice) -> str | None:
        """The address of an `existing` entry that declares this voice, if the state has no voice for it."""
        voice = self._declared.get(str(remote.voice_id))
        if voice is None or voice.origin is not Origin.ELSEWHERE or voice.provider != self._provider:
            return None
        record = self._state.at(voice.address)
        return voice.address if record is None or record.status not in LIVE else None


def other_account(state: State, provider: str, listed: Sequence[RemoteVoice], official: str | None) -> list[Record]:
    """The provider's live records, if all of them have other owners than all listed voices. Empty if one agrees."""
    live = [r for r in state.records.values() if r.provider == provider and r.status in LIVE and r.owned_by is not None]
    known = [r for r in live if r.owned_by != official]
    owners = {v.owned_by for v in listed if v.owned_by is not None} - {official}
    return known if known and owners and not owners & {r.owned_by for r in known} else []

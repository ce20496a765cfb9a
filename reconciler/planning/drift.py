"""What the clouds show that the state does not say: beside the changes, never mixed with them. And the notes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, timedelta

from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus, Unknown
from reconciler.model.plan import Drift, DriftKind, FieldChange
from reconciler.model.state import Record, Status
from reconciler.planning import keys, leftovers
from reconciler.planning.scene import Scene

_NAMED = 5  # addresses in a note
_AGES = 3650 * 86400  # seconds; a longer keep_old has no date


def drift(scene: Scene, taken: Collection[str | None]) -> Iterator[Drift]:
    """`taken` are the keys that a change takes in: their voices are no surplus."""
    for address, key in sorted(scene.state.current.items()):
        record = scene.state.records[key]
        if record.status in {Status.READY, Status.RUNNING}:
            yield from _of(scene, address, record)
    yield from _surplus(scene, taken)


def notes(scene: Scene) -> Iterator[str]:
    for record in scene.beside:
        if record.status is Status.DEPOSED and not leftovers.is_due(scene, record):
            yield f"{record.address}: the replaced voice {record.voice_id} is kept {_until(record)} (keep_old)"
    by_nature = [address for address, unknown in _unknown(scene) if unknown.by_nature]
    if by_nature:
        voices = "1 voice" if len(by_nature) == 1 else f"{len(by_nature)} voices"
        yield f"{voices} can't be verified, because {_cloud(by_nature)} can't be asked: {_listed(by_nature)}"


def unseen(scene: Scene) -> Iterator[str]:
    """`address: why`, for the voices that could not be looked at and could have been."""
    for address, unknown in _unknown(scene):
        if not unknown.by_nature:
            yield f"{address}: {unknown.why}"


def _unknown(scene: Scene) -> Iterator[tuple[str, Unknown]]:
    for address, key in sorted(scene.state.current.items()):
        observed = scene.observation(scene.state.records[key])
        if isinstance(observed, Unknown):
            yield address, observed


def _of(scene: Scene, address: str, record: Record) -> Iterator[Drift]:
    match scene.observation(record):
        case Absent():
            lost = (FieldChange(name="voice_id", before=record.voice_id),) if record.voice_id else ()
            yield Drift(address=address, provider=record.provider, kind=DriftKind.GONE, fields=lost)
        case Found(remote=remote) if record.status is Status.READY:
            if remote.status is TaskStatus.FAILED:
                why = FieldChange(name="message", after=remote.message)
                yield Drift(address=address, provider=record.provider, kind=DriftKind.FAILED, fields=(why,))
            elif remote.voice_name != record.voice_name and remote.voice_name and record.voice_name:
                name = FieldChange(name="voice_name", before=record.voice_name, after=remote.voice_name)
                yield Drift(address=address, provider=record.provider, kind=DriftKind.RENAMED, fields=(name,))
        case Found() | Unknown():
            pass


def _surplus(scene: Scene, taken: Collection[str | None]) -> Iterator[Drift]:
    """Two providers may name one account: its voices are shown once."""
    told: set[tuple[str, str]] = set()
    for (provider, _), voices in sorted(scene.marked.items(), key=lambda item: item[0]):
        for remote in voices:
            marker = keys.read(remote.external_task_id)
            place = (scene.seen[provider].account, str(remote.external_task_id))
            if marker is None or not scene.ours(marker.lineage) or remote.external_task_id in taken or place in told:
                continue
            if remote.status is not TaskStatus.FAILED:
                told.add(place)
                yield Drift(address=marker.address, provider=provider, kind=DriftKind.SURPLUS, fields=_named(remote))


def _named(remote: RemoteVoice) -> tuple[FieldChange, ...]:
    return (
        FieldChange(name="external_task_id", after=remote.external_task_id),
        FieldChange(name="voice_id", after=remote.voice_id),
    )


def _until(record: Record) -> str:
    keep = record.lifecycle.keep_old or 0
    if keep > _AGES:
        return "for ever"
    return f"until {(record.changed_at + timedelta(seconds=keep)).astimezone(UTC).isoformat(timespec='seconds')}"


def _cloud(addresses: list[str]) -> str:
    return "its cloud" if len(addresses) == 1 else "their cloud"


def _listed(addresses: list[str]) -> str:
    more = f" and {len(addresses) - _NAMED} more" if len(addresses) > _NAMED else ""
    return ", ".join(addresses[:_NAMED]) + more

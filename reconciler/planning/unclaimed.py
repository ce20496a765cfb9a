"""Before a voice is bought: is there one already that no record of this state holds?

Such a voice is never taken without a person's word: a cloud may list the tasks of voices that were deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.hints import hint, operands, way
from reconciler.model.manifest import Voice
from reconciler.model.observed import TaskStatus
from reconciler.model.plan import Action, Change
from reconciler.planning.blocking import blocked
from reconciler.planning.marked import Marked
from reconciler.planning.need import Need
from reconciler.planning.scene import Scene

_SHOWN = 3  # voices in a hint


def without_record(scene: Scene, changes: Iterable[Change]) -> tuple[str, ...]:
    """The addresses among these that the state knows nothing of, although the account holds a voice for them."""
    stopped = (c.address for c in changes if c.action is Action.BLOCKED and c.address not in scene.state.current)
    voices = (scene.manifest.voices[address] for address in stopped if address in scene.manifest.voices)
    return tuple(v.address for v in voices if in_the_way(scene, v, Need("declared")) is not None)


def in_the_way(scene: Scene, voice: Voice, need: Need) -> Change | None:
    """The verdict that stops the purchase; None if there is no such voice, or `--retry` asks for another one."""
    if not scene.marked.all:
        return None
    if voice.address not in scene.asked.retry:
        ours = _newest_first(m for m in _fitting(scene, voice) if scene.ours(m.marker.lineage))
        there = [m for m in ours if m.remote.status is not TaskStatus.FAILED]
        if there:
            return _is_it_this_one(voice, need, there)
        if ours:
            return _failed_before(voice, need, ours[0])
    return _of_a_lost_state(scene, voice, need)


def _fitting(scene: Scene, voice: Voice) -> list[Marked]:
    exact = scene.marked.exact(voice)
    if exact:
        return exact
    known = scene.state.highest.get(voice.address, 0)
    later = [m for m in scene.marked.named(voice) if m.marker.generation > known]
    found = [*scene.marked.of_the_same_inputs(voice), *later, *_cut(scene, voice)]
    return [m for m in found if m.remote.status is not TaskStatus.FAILED]  # of another entry or of other inputs


def _cut(scene: Scene, voice: Voice) -> list[Marked]:
    """By name only where nothing else can tell: one voice whose marker was cut, and one new entry that it may be of."""
    found = [m for m in scene.marked.cut(voice) if scene.ours(m.marker.lineage)]
    if len({m.remote.external_task_id for m in found}) != 1:
        return []
    others = (v for v in scene.manifest.voices.values() if v.address != voice.address)
    new = (v for v in others if v.provider == voice.provider and v.address not in scene.state.current)
    return [] if any(scene.marked.cut(v) for v in new) else found


def _newest_first(found: Iterable[Marked]) -> list[Marked]:
    """Each voice once."""
    by_key = {m.remote.external_task_id: m for m in found}
    return sorted(by_key.values(), key=lambda m: m.marker.generation, reverse=True)


def _is_it_this_one(voice: Voice, need: Need, found: Sequence[Marked]) -> Change:
    newest = found[0]
    running = [m for m in found if m.remote.status is TaskStatus.RUNNING]
    again = way("to pay for another", "--retry", voice.address)
    if running:
        reason = f"a task that made or makes a voice for {_made_for(running[0])} runs, and this state does not know it"
        return blocked(voice, need.record, reason, hint("Plan again when it has ended", again), found=need.found)
    ids = [m.remote.voice_id for m in found[:_SHOWN] if m.remote.voice_id]
    ways = [way("If it is this one", "import", *operands(voice.address, voice_id)) for voice_id in ids]
    reason = (
        f"the account holds the voice {newest.remote.voice_id}, made for {_made_for(newest)}, "
        "and this state does not know it"
    )
    return blocked(voice, need.record, reason, hint(*ways, again), found=need.found)


def _made_for(marked: Marked) -> str:
    rest = "..." if marked.marker.cut else ""
    return f"{marked.marker.address}{rest} (generation {marked.marker.generation})"


def _failed_before(voice: Voice, need: Need, failed: Marked) -> Change:
    why = failed.remote.message or "the cloud gave no reason"
    ways = hint("Change its inputs", way("or, to pay for the same again", "--retry", voice.address))
    return blocked(
        voice, need.record, f"its creation failed, under a state that is lost: {why}", ways, found=need.found
    )


def _of_a_lost_state(scene: Scene, voice: Voice, need: Need) -> Change | None:
    """Voices of another lineage of the same inputs; with no state at all, those of its name too.

    An apply that left this entry blocked has begun a new state: a state with records proves nothing of this entry.
    """
    found = [*scene.marked.exact(voice), *scene.marked.of_the_same_inputs(voice)]
    if not scene.state.records:
        found += [*scene.marked.named(voice), *scene.marked.cut(voice)]
    others = [m for m in found if m.remote.status is not TaskStatus.FAILED]
    lineages = {m.marker.lineage for m in others if not scene.ours(m.marker.lineage)} - set(scene.state.strangers)
    if not lineages:
        return None
    first = min(lineages)
    return blocked(
        voice,
        need.record,
        f"the account already holds this voice, made under another state (lineage {', '.join(sorted(lineages))}): "
        "was the state lost?",
        hint(
            way("If it is yours", "state rebuild --lineage", first),
            way("if it belongs to another project", "state rebuild --new-lineage"),
        ),
        found=need.found,
    )

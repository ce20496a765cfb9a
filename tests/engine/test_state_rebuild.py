"""A state was lost and rebuilt from markers: what it has forgotten does not come back, and nothing is paid twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from reconciler.engine import state_rebuild
from reconciler.engine.session import Request
from reconciler.errors import Declined
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus
from reconciler.model.plan import Action
from reconciler.model.state import Record, Status
from reconciler.providers.kling.provider import KlingProvider
from reconciler.sandbox.faults import DeletedVoice
from tests.engine.simulated_run import LINEAGE, SimulatedRun, voice
from tests.support.hints import in_words

OTHER = "fedcba98-aaaa-cdef-0123-456789abcdef"


def lose_the_state(simulated: SimulatedRun, lineage: str = OTHER) -> None:
    simulated.backend.put_back(None)
    simulated.lineage = lineage


def rebuild(simulated: SimulatedRun) -> state_rebuild.Rebuilt:
    session = simulated.session()
    return state_rebuild.rebuild(session, Request(), lineage=LINEAGE[:8], new_lineage=False, approve=lambda _: True)


def actions(simulated: SimulatedRun, **asked: frozenset[str]) -> dict[str, Action]:
    return {change.address: change.action for change in simulated.plan(**asked).changes}


@pytest.fixture(params=DeletedVoice, ids=str)
def deleted(request: pytest.FixtureRequest) -> SimulatedRun:
    """Two voices were made, one was removed and deleted, and then the state was lost."""
    simulated = SimulatedRun(deleted_voice=request.param)
    simulated.declare(voice("a"), voice("b"))
    simulated.apply()
    simulated.declare(voice("a"))
    simulated.apply()
    lose_the_state(simulated)
    return simulated


def test_it_continues_with_the_same_eight_characters_under_a_new_tail(deleted: SimulatedRun) -> None:
    assert rebuild(deleted).taken == ["a"]
    assert deleted.state.lineage == LINEAGE[:8] + OTHER[8:]
    assert actions(deleted) == {}


def test_a_deleted_voice_does_not_come_back_to_life(deleted: SimulatedRun) -> None:
    rebuild(deleted)
    deleted.declare(voice("a"), voice("b"))
    for _ in range(2):
        deleted.apply()
    record = deleted.state.at("b")
    if record is not None and record.status is Status.READY:  # its deletion was proven
        assert record.voice_id in deleted.living_ids
        assert record.generation == 2
    else:
        (change,) = deleted.plan().changes
        assert change.action is Action.BLOCKED
        assert "voicectl import b" in in_words(change.hint)
        assert "--retry b" in in_words(change.hint)
        deleted.apply(retry=frozenset({"b"}))
        assert deleted.record("b").voice_id in deleted.living_ids
    assert len(deleted.made) == 3
    assert actions(deleted) == {}


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> SimulatedRun:
    """Deleted voices are listed as if nothing had happened, and the cloud says on request which of them exist."""
    simulated = SimulatedRun(deleted_voice=DeletedVoice.STAYS)

    def probe(_: KlingProvider, records: Sequence[Record]) -> Mapping[str, Observation]:
        there = simulated.living_ids
        found = {r.external_task_id: RemoteVoice(status=TaskStatus.READY, voice_id=r.voice_id) for r in records}
        return {k: Found(remote=v) if v.voice_id in there else Absent() for k, v in found.items()}

    monkeypatch.setattr(KlingProvider, "probe", probe)
    simulated.declare(voice("a"), voice("b"))
    simulated.apply()
    return simulated


def test_what_is_proven_to_be_deleted_is_a_tombstone_in_a_rebuilt_state(probed: SimulatedRun) -> None:
    probed.declare(voice("a"))
    probed.apply()
    lose_the_state(probed)
    probed.declare(voice("a"), voice("b"))
    assert rebuild(probed).taken == ["a"]
    assert probed.at_status(Status.DELETED) == ["b"]
    probed.apply()
    assert probed.record("b").generation == 2
    assert probed.record("b").voice_id in probed.living_ids
    assert len(probed.made) == 3


def test_a_key_of_a_voice_that_is_proven_to_exist_recovers_it(probed: SimulatedRun) -> None:
    lose_the_state(probed)
    probed.declare(voice("a"))
    rebuild(probed)
    probed.declare(voice("a"), voice("b"))
    probed.turn(late_visibility=3e7)  # hides what is there from lists; by its key it is found
    probed.apply()
    assert probed.record("b").voice_id in probed.living_ids
    assert len(probed.made) == 2


def test_a_key_of_a_voice_that_is_proven_to_be_deleted_gives_way_to_the_next(probed: SimulatedRun) -> None:
    probed.declare(voice("a"))
    probed.apply()
    lose_the_state(probed)
    rebuild(probed)
    probed.declare(voice("a"), voice("b"))
    probed.turn(late_visibility=3e7)
    probed.apply()
    assert probed.record("b").generation == 2
    assert probed.at_status(Status.DELETED) == ["b"]
    assert len(probed.made) == 3


def test_a_failed_sample_is_not_bought_again_after_its_state_was_rebuilt() -> None:
    simulated = SimulatedRun()
    simulated.declare(voice("a"))
    simulated.apply()
    simulated.turn(fail=1.0)
    simulated.declare(voice("a"), voice("b"))
    simulated.apply()
    simulated.turn(fail=0.0)
    bought = len(simulated.made)
    lose_the_state(simulated)
    rebuild(simulated)
    simulated.apply()
    assert actions(simulated) == {"b": Action.BLOCKED}
    assert len(simulated.made) == bought


def test_two_states_that_were_rebuilt_at_once_pay_for_a_new_voice_once() -> None:
    simulated = SimulatedRun()
    simulated.declare(voice("a"))
    simulated.apply()
    lose_the_state(simulated)
    rebuild(simulated)
    first = simulated.backend.copies[-1]
    lose_the_state(simulated, "00000000-aaaa-cdef-0123-456789abcdef")
    rebuild(simulated)
    assert simulated.state.lineage == LINEAGE[:8] + "-aaaa-cdef-0123-456789abcdef"
    simulated.declare(voice("a"), voice("b"))
    simulated.apply()
    simulated.backend.put_back(first)
    simulated.apply()
    assert len(simulated.made) == 2


def test_a_running_task_of_another_rebuilt_state_is_waited_for() -> None:
    """The list does not show it yet: only its key, which the cloud refuses, tells of it."""
    simulated = SimulatedRun()
    simulated.declare(voice("a"))
    simulated.apply()
    lose_the_state(simulated)
    rebuild(simulated)
    other = simulated.backend.copies[-1]
    simulated.turn(late_visibility=600.0, task_seconds=120.0)
    simulated.declare(voice("a"), voice("b"))
    simulated.apply(stop=after_the_first_call(simulated))
    simulated.backend.put_back(other)
    simulated.apply()
    assert simulated.record("b").voice_id in simulated.living_ids
    assert len(simulated.made) == 2


def after_the_first_call(simulated: SimulatedRun) -> Callable[[], str | None]:
    return lambda: "interrupted" if simulated.count("create") > 1 else None


def test_nothing_is_adopted_without_confirmation() -> None:
    simulated = SimulatedRun()
    simulated.declare(voice("a"))
    simulated.apply()
    lose_the_state(simulated)
    with pytest.raises(Declined):
        state_rebuild.rebuild(
            simulated.session(), Request(), lineage=LINEAGE[:8], new_lineage=False, approve=lambda _: False
        )
    assert simulated.backend.read() is None


def test_a_moved_voice_is_not_bought_again_after_its_state_was_rebuilt() -> None:
    simulated = SimulatedRun()
    simulated.declare(voice("a"), voice("b"))
    simulated.apply()
    simulated.declare(voice("a"), voice("c", sample="b"))
    renamed = simulated.voices["c"]
    simulated.voices["c"] = replace(renamed, inputs={**renamed.inputs, "voice_name": "b"})
    assert actions(simulated) == {"c": Action.MOVE}
    simulated.apply()
    lose_the_state(simulated)
    rebuild(simulated)
    (change,) = simulated.plan().changes
    assert (change.address, change.action) == ("c", Action.BLOCKED)
    assert f"voicectl import c {simulated.living['b']}" in in_words(change.hint)
    simulated.apply()
    assert len(simulated.made) == 2


def test_an_older_state_of_the_same_lineage_is_brought_up_to_date() -> None:
    simulated = SimulatedRun()
    simulated.declare(voice("a"))
    simulated.apply()
    old = simulated.backend.copies[-1]
    simulated.declare(voice("a", sample="take-2"))
    simulated.apply()
    simulated.backend.put_back(old)
    assert actions(simulated) == {"a": Action.BLOCKED}
    simulated.lineage = OTHER
    assert rebuild(simulated).taken == ["a"]
    assert simulated.record("a").voice_id in simulated.living_ids
    assert simulated.state.lineage != LINEAGE
    assert actions(simulated) == {}
    assert len(simulated.made) == 2

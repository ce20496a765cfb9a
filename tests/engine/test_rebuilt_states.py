"""A state was lost and rebuilt from markers: what it has forgotten does not come back, and nothing is paid twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from reconciler.engine import state_rebuild
from reconciler.engine.session import Request
from reconciler.errors import Declined
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus
from reconciler.model.plan import Action
from reconciler.model.state import Record, Status
from reconciler.providers.kling.provider import KlingProvider
from reconciler.sandbox.faults import DeletedVoice
from tests.engine.rehearsal import LINEAGE, Rehearsal, voice
from tests.support.hints import in_words

OTHER = "fedcba98-aaaa-cdef-0123-456789abcdef"


def lose_the_state(rehearsal: Rehearsal, lineage: str = OTHER) -> None:
    rehearsal.backend.put_back(None)
    rehearsal.lineage = lineage


def rebuild(rehearsal: Rehearsal) -> state_rebuild.Rebuilt:
    session = rehearsal.session()
    return state_rebuild.rebuild(session, Request(), lineage=LINEAGE[:8], strangers=False, approve=lambda _: True)


def actions(rehearsal: Rehearsal, **asked: frozenset[str]) -> dict[str, Action]:
    return {change.address: change.action for change in rehearsal.plan(**asked).changes}


@pytest.fixture(params=DeletedVoice, ids=str)
def deleted(request: pytest.FixtureRequest) -> Rehearsal:
    """Two voices were made, one was removed and deleted, and then the state was lost."""
    rehearsal = Rehearsal(deleted_voice=request.param)
    rehearsal.declare(voice("a"), voice("b"))
    rehearsal.apply()
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    lose_the_state(rehearsal)
    return rehearsal


def test_it_goes_on_with_the_same_eight_characters_under_a_new_tail(deleted: Rehearsal) -> None:
    assert rebuild(deleted).taken == ["a"]
    assert deleted.state.lineage == LINEAGE[:8] + OTHER[8:]
    assert actions(deleted) == {}


def test_a_deleted_voice_does_not_come_back_to_life(deleted: Rehearsal) -> None:
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
def probed(monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    """Deleted voices are listed as if nothing had happened, and the cloud says on request which of them exist."""
    rehearsal = Rehearsal(deleted_voice=DeletedVoice.STAYS)

    def probe(_: KlingProvider, records: Sequence[Record]) -> Mapping[str, Observation]:
        there = rehearsal.living_ids
        found = {r.external_task_id: RemoteVoice(status=TaskStatus.READY, voice_id=r.voice_id) for r in records}
        return {k: Found(remote=v) if v.voice_id in there else Absent() for k, v in found.items()}

    monkeypatch.setattr(KlingProvider, "probe", probe)
    rehearsal.declare(voice("a"), voice("b"))
    rehearsal.apply()
    return rehearsal


def test_what_is_proven_to_be_deleted_is_a_tombstone_in_a_rebuilt_state(probed: Rehearsal) -> None:
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


def test_a_key_of_a_voice_that_is_proven_to_exist_recovers_it(probed: Rehearsal) -> None:
    lose_the_state(probed)
    probed.declare(voice("a"))
    rebuild(probed)
    probed.declare(voice("a"), voice("b"))
    probed.turn(late_visibility=3e7)  # hides what is there from lists; by its key it is found
    probed.apply()
    assert probed.record("b").voice_id in probed.living_ids
    assert len(probed.made) == 2


def test_a_key_of_a_voice_that_is_proven_to_be_deleted_gives_way_to_the_next(probed: Rehearsal) -> None:
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
    rehearsal = Rehearsal()
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    rehearsal.turn(fail=1.0)
    rehearsal.declare(voice("a"), voice("b"))
    rehearsal.apply()
    rehearsal.turn(fail=0.0)
    bought = len(rehearsal.made)
    lose_the_state(rehearsal)
    rebuild(rehearsal)
    rehearsal.apply()
    assert actions(rehearsal) == {"b": Action.BLOCKED}
    assert len(rehearsal.made) == bought


def test_two_states_that_were_rebuilt_at_once_pay_for_a_new_voice_once() -> None:
    rehearsal = Rehearsal()
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    lose_the_state(rehearsal)
    rebuild(rehearsal)
    first = rehearsal.backend.copies[-1]
    lose_the_state(rehearsal, "00000000-aaaa-cdef-0123-456789abcdef")
    rebuild(rehearsal)
    assert rehearsal.state.lineage == LINEAGE[:8] + "-aaaa-cdef-0123-456789abcdef"
    rehearsal.declare(voice("a"), voice("b"))
    rehearsal.apply()
    rehearsal.backend.put_back(first)
    rehearsal.apply()
    assert len(rehearsal.made) == 2


def test_a_running_task_of_another_rebuilt_state_is_waited_for() -> None:
    """The list does not show it yet: only its key, which the cloud refuses, tells of it."""
    rehearsal = Rehearsal()
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    lose_the_state(rehearsal)
    rebuild(rehearsal)
    other = rehearsal.backend.copies[-1]
    rehearsal.turn(late_visibility=600.0, task_seconds=120.0)
    rehearsal.declare(voice("a"), voice("b"))
    rehearsal.apply(stop=after_the_first_call(rehearsal))
    rehearsal.backend.put_back(other)
    rehearsal.apply()
    assert rehearsal.record("b").voice_id in rehearsal.living_ids
    assert len(rehearsal.made) == 2


def after_the_first_call(rehearsal: Rehearsal) -> Callable[[], str | None]:
    return lambda: "interrupted" if rehearsal.count("create") > 1 else None


def test_nothing_is_taken_in_unasked() -> None:
    rehearsal = Rehearsal()
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    lose_the_state(rehearsal)
    with pytest.raises(Declined):
        state_rebuild.rebuild(
            rehearsal.session(), Request(), lineage=LINEAGE[:8], strangers=False, approve=lambda _: False
        )
    assert rehearsal.backend.read() is None


def test_a_moved_voice_is_not_bought_again_after_its_state_was_rebuilt() -> None:
    rehearsal = Rehearsal()
    rehearsal.declare(voice("a"), voice("b"))
    rehearsal.apply()
    rehearsal.declare(voice("a"), voice("c", sample="b"))
    renamed = rehearsal.voices["c"]
    rehearsal.voices["c"] = renamed.model_copy(update={"inputs": {**renamed.inputs, "voice_name": "b"}})
    assert actions(rehearsal) == {"c": Action.MOVE}
    rehearsal.apply()
    lose_the_state(rehearsal)
    rebuild(rehearsal)
    (change,) = rehearsal.plan().changes
    assert (change.address, change.action) == ("c", Action.BLOCKED)
    assert f"voicectl import c {rehearsal.living['b']}" in in_words(change.hint)
    rehearsal.apply()
    assert len(rehearsal.made) == 2


def test_an_older_state_of_the_same_lineage_is_brought_up_to_date() -> None:
    rehearsal = Rehearsal()
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    old = rehearsal.backend.copies[-1]
    rehearsal.declare(voice("a", sample="take-2"))
    rehearsal.apply()
    rehearsal.backend.put_back(old)
    assert actions(rehearsal) == {"a": Action.BLOCKED}
    rehearsal.lineage = OTHER
    assert rebuild(rehearsal).taken == ["a"]
    assert rehearsal.record("a").voice_id in rehearsal.living_ids
    assert rehearsal.state.lineage != LINEAGE
    assert actions(rehearsal) == {}
    assert len(rehearsal.made) == 2

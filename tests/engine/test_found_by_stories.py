"""What the simulation's stories found once, each told on its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine import import_resolve, state_rebuild
from reconciler.engine.session import Request
from reconciler.errors import Cause
from reconciler.model.manifest import Lifecycle
from reconciler.model.plan import Action
from reconciler.model.state import Status
from reconciler.providers.kling.account import KlingAccount
from tests.engine.simulated_run import LINEAGE, Died, SimulatedRun, voice
from tests.support.hints import in_words, typed

FIVE = [voice(address) for address in "abcde"]
OTHER_LINEAGE = "fedcba98-89ab-cdef-0123-456789abcdef"


def with_five() -> SimulatedRun:
    simulated = SimulatedRun()
    simulated.declare(*FIVE)
    simulated.apply()
    return simulated


def lose_the_state(simulated: SimulatedRun) -> None:
    simulated.backend.put_back(None)
    simulated.lineage = OTHER_LINEAGE


def rebuild(simulated: SimulatedRun) -> state_rebuild.Rebuilt:
    session = simulated.session()
    return state_rebuild.rebuild(session, Request(), lineage=LINEAGE[:8], new_lineage=False, approve=lambda _: True)


def actions(simulated: SimulatedRun) -> dict[str, Action]:
    return {change.address: change.action for change in simulated.plan().changes}


@pytest.mark.parametrize("page_cap", [1, 2, 3, 4, 5])
def test_a_server_that_caps_its_pages_hides_no_voice_of_a_lost_state(page_cap: int) -> None:
    simulated = with_five()
    lose_the_state(simulated)
    simulated.turn(page_cap=page_cap)
    assert actions(simulated) == dict.fromkeys("abcde", Action.BLOCKED)


def test_a_server_that_caps_its_pages_delays_no_poll() -> None:
    simulated = SimulatedRun(page_cap=1)
    simulated.declare(*FIVE)
    simulated.apply()
    assert simulated.clock.monotonic() < 10
    assert actions(simulated) == {}


def test_a_voice_without_voice_id_of_a_lost_state_is_not_bought_again() -> None:
    simulated = with_five()
    lose_the_state(simulated)
    simulated.turn(voiceless=1.0)
    assert actions(simulated) == dict.fromkeys("abcde", Action.BLOCKED)


@pytest.mark.parametrize("voiceless", [0.7, 1.0])
def test_a_known_voice_whose_answers_lack_the_voice_id_is_not_bought_again(voiceless: float) -> None:
    simulated = with_five()
    simulated.turn(voiceless=voiceless)
    for _ in range(10):
        assert set(actions(simulated).values()) <= {Action.BLOCKED}


def test_a_call_begun_while_the_list_was_empty_is_not_made_once_it_shows_the_voice() -> None:
    simulated = with_five()
    lose_the_state(simulated)
    simulated.turn(empty_list=True)
    simulated.die("before", "create")
    with pytest.raises(Died):
        simulated.apply()
    simulated.turn(empty_list=False)
    simulated.apply()
    assert {change.address for change in simulated.plan().changes if change.action is Action.BLOCKED} == set("abcde")
    assert len(simulated.living_ids) == 5


def test_nothing_is_bought_while_the_list_that_may_show_a_lost_state_s_voices_is_unavailable() -> None:
    simulated = SimulatedRun()
    simulated.declare(voice("a"), voice("b", sample="bad"))
    simulated.apply()
    lose_the_state(simulated)
    simulated.apply()  # b fails once more, under the new state: now that holds one record, of no voice
    simulated.turn(throttle=1.0)
    assert actions(simulated) == {"a": Action.BLOCKED, "b": Action.BLOCKED}


@pytest.mark.parametrize(("days", "kept"), [(0.0, False), (2.0, False), (4.0, True)])
def test_a_call_that_arrives_after_it_was_given_up_is_seen_on_an_account_that_holds_nothing_else(
    days: float, kept: bool
) -> None:
    simulated = SimulatedRun()
    simulated.accounts["other"] = KlingAccount(type="kling", region="beijing")
    late = voice("b", provider="other")
    simulated.declare(voice("a"), late)
    simulated.die("before", "create")
    with pytest.raises(Died):
        simulated.apply()
    (given_up,) = (r.external_task_id for r in simulated.state.records.values() if r.provider == "other")
    simulated.declare(voice("a"))
    simulated.apply()
    simulated.cloud("other", simulated.accounts["other"]).provider.submit(late, given_up)
    simulated.clock.sleep(days * 86_400)
    simulated.apply()
    assert ("b" in simulated.living) is kept


def test_a_call_that_was_given_up_and_is_wanted_again_is_made_under_its_own_key() -> None:
    """Its first sending had arrived, and no look-up showed it yet."""
    simulated = SimulatedRun(late_by_id=60.0)
    simulated.declare(voice("a"))
    simulated.die("after", "create")
    with pytest.raises(Died):
        simulated.apply()
    simulated.declare()
    simulated.apply(allow_deletes=1)
    assert simulated.at_status(Status.LAPSED) == ["a"]
    simulated.declare(voice("a"))
    simulated.apply()
    simulated.clock.sleep(60)
    simulated.apply()
    assert len(simulated.made) == 1
    assert simulated.record("a").status is Status.READY


def test_a_voice_is_adopted_although_a_later_creation_from_other_inputs_failed() -> None:
    simulated = SimulatedRun()
    for sample in ["a", "bad", "a"]:
        simulated.declare(voice("a", sample=sample))
        simulated.apply()
    lose_the_state(simulated)
    assert rebuild(simulated).taken == ["a"]
    assert simulated.record("a").voice_id in simulated.living_ids
    assert actions(simulated) == {}
    simulated.declare(voice("a", sample="bad"))
    assert actions(simulated) == {"a": Action.BLOCKED}  # that it failed is not forgotten


def test_a_new_take_of_another_rebuilt_state_is_neither_bought_again_nor_lost() -> None:
    simulated = SimulatedRun()
    simulated.declare(voice("a"))
    simulated.apply()
    lose_the_state(simulated)
    rebuild(simulated)
    other = simulated.backend.copies[-1]
    simulated.turn(late_visibility=3e7)
    simulated.declare(voice("a", sample="take-2"))
    simulated.apply(stop=lambda: "interrupted" if len(simulated.made) > 1 else None)
    simulated.backend.put_back(other)
    simulated.clock.sleep(60)  # its task ends, so that its voice may have been deleted as well
    for _ in range(3):
        simulated.apply()
        simulated.turn(late_visibility=0.0)
        (change,) = simulated.plan().changes
        assert change.action is Action.BLOCKED
        assert "voicectl import a" in in_words(change.hint)
    assert len(simulated.made) == 2
    assert [r.cause for r in simulated.state.records.values() if r.status is Status.FAILED] == [Cause.KEY_IN_USE]


def test_a_voice_that_was_bought_under_a_new_state_is_not_given_up_for_one_of_the_lost_state() -> None:
    simulated = SimulatedRun()
    for sample in ["take-1", "take-2"]:
        simulated.declare(voice("a", sample=sample))
        simulated.apply()
    lose_the_state(simulated)
    simulated.turn(empty_list=True)
    simulated.apply()
    simulated.turn(empty_list=False)
    bought = simulated.record("a").external_task_id
    assert rebuild(simulated).taken == []
    assert simulated.record("a").external_task_id == bought
    assert actions(simulated) == {}


def renamed(simulated: SimulatedRun, source: str, target: str) -> None:
    moved = replace(simulated.voices[source], address=target)
    simulated.declare(*(v for v in simulated.voices.values() if v.address not in (source, target)), moved)


def test_a_voice_that_moves_to_the_place_of_one_that_is_gone_keeps_that_place() -> None:
    simulated = with_five()
    ids = {address: simulated.record(address).voice_id for address in "ab"}
    simulated.world.delete_outside(str(ids["b"]))
    renamed(simulated, "a", "b")
    bought = len(simulated.made)
    simulated.apply()
    assert simulated.record("b").voice_id == ids["a"]
    assert (len(simulated.made), actions(simulated)) == (bought, {})


def test_an_old_voice_whose_deletion_is_blocked_is_still_to_be_deleted() -> None:
    """In a state that is older than the account; once the newer one is fetched, nothing has forgotten it."""
    simulated = SimulatedRun()
    simulated.declare(voice("a"))
    simulated.apply()
    old = simulated.backend.read()
    simulated.declare(voice("a"), voice("b"))
    simulated.apply()
    simulated.backend.put_back(old)
    simulated.die("before", "delete")
    simulated.declare(voice("a", sample="another"), voice("b"))
    with pytest.raises(Died):
        simulated.apply()
    assert actions(simulated) == {"a": Action.BLOCKED, "b": Action.BLOCKED}
    simulated.apply()
    [deposed] = [r for r in simulated.state.records.values() if r.address == "a" and r.generation == 1]
    assert deposed.status is Status.DEPOSED


@pytest.mark.parametrize("generation", [1, 2])
def test_resolve_acts_on_the_creation_that_the_address_means(generation: int) -> None:
    """A renamed entry brings an open creation to an address that has one of its own, which may be a later one."""
    simulated = SimulatedRun()
    simulated.declare(*FIVE[:2])
    simulated.apply()
    state = simulated.state
    moved, own = (state.records[state.current[address]] for address in "ab")
    uncertain = (
        replace(moved, status=Status.UNCERTAIN, address="b", voice_id=None),
        replace(own, status=Status.UNCERTAIN, address="b", voice_id=None, generation=generation),
    )
    after = state.with_changes(uncertain, current={"a": None, "b": moved.external_task_id})
    assert import_resolve.open_creation(after, "b").external_task_id == moved.external_task_id
    assert import_resolve.open_creation(after, own.external_task_id).external_task_id == own.external_task_id


def on_two_accounts() -> SimulatedRun:
    simulated = SimulatedRun()
    simulated.accounts["other"] = KlingAccount(type="kling", region="beijing")
    return simulated


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_voice_of_another_account_under_a_key_that_is_known_is_not_bought_again(moment: str) -> None:
    """Each account takes a key once: the other runner used it there, this one used it here, or was about to."""
    simulated = on_two_accounts()
    simulated.declare(voice("a"))
    simulated.apply()
    old = simulated.backend.read()
    there = voice("a", provider="other", sample="take-2", lifecycle=Lifecycle(keep_old=3600.0))
    simulated.declare(there)
    simulated.apply()
    simulated.backend.put_back(old)
    simulated.declare(voice("a", sample="take-2"))
    simulated.die(moment, "create")
    with pytest.raises(Died):
        simulated.apply()
    simulated.declare(there)
    bought = len(simulated.made)
    simulated.apply()
    [change] = simulated.plan().changes
    assert (len(simulated.made), change.action) == (bought, Action.BLOCKED)
    [voice_id] = [c.voice_id for c in simulated.made if c.account == "kling:sandbox-other"]
    assert f"voicectl import a {voice_id}" in in_words(change.hint)


def test_a_voice_is_not_deleted_while_it_is_unknown_whether_it_moves() -> None:
    """A renamed entry's new address has an open creation, of which its account may show nothing yet."""
    simulated = on_two_accounts()
    simulated.declare(voice("a", provider="other", sample="one"))
    simulated.apply()
    simulated.declare(*simulated.voices.values(), voice("b", sample="two"))
    simulated.die("before", "create")
    with pytest.raises(Died):
        simulated.apply()
    simulated.declare(replace(simulated.voices["a"], address="b"))
    assert actions(simulated) == {"a": Action.BLOCKED, "b": Action.BLOCKED}
    simulated.apply()
    import_resolve.resolve(simulated.session(), "b", Request(), voice_id=None, retry=True)
    simulated.apply()
    assert [c.voice_id for c in simulated.made] == simulated.living_ids == [simulated.record("b").voice_id]


def test_a_hint_names_the_key_if_the_address_means_another_open_creation() -> None:
    """The voice of before is still being made when its replacement is interrupted, and then refused."""
    simulated = SimulatedRun(task_seconds=300.0)
    for sample, moment in [("take-1", "after"), ("refused", "before")]:
        simulated.declare(voice("a", sample=sample))
        simulated.die(moment, "create")
        with pytest.raises(Died):
            simulated.apply()
    simulated.apply()
    [uncertain] = [r for r in simulated.state.records.values() if r.status is Status.UNCERTAIN]
    assert simulated.record("a").status is not Status.READY
    [change] = simulated.plan().changes
    named = {words[0] for words in typed(change.hint, "resolve")}
    assert named == {uncertain.external_task_id}
    assert import_resolve.open_creation(simulated.state, named.pop()) == uncertain


@pytest.mark.parametrize("first", ["take-1", "bad"])
def test_a_voice_of_another_run_under_the_same_key_is_not_bought_again_for_an_entry_that_returns(first: str) -> None:
    """Beside a voice of before the refused call stays failed; without one it is let go of when the entry leaves."""
    simulated = SimulatedRun()
    simulated.declare(voice("a", sample=first), voice("b"))
    simulated.apply()
    lose_the_state(simulated)
    rebuild(simulated)
    other = simulated.backend.read()
    changed = voice("a", sample="take-2", lifecycle=Lifecycle(keep_old=3600.0))
    simulated.declare(changed, voice("b"))
    simulated.turn(late_visibility=3e7)
    simulated.apply()
    simulated.backend.put_back(other)
    simulated.apply()  # its call is refused, because the key was used
    simulated.turn(late_visibility=0.0)
    simulated.declare(voice("b"))
    simulated.apply(allow_deletes=1)
    simulated.declare(changed, voice("b"))
    assert actions(simulated) == {"a": Action.BLOCKED}


def test_the_record_of_a_voice_that_was_deleted_says_nothing_of_another_run() -> None:
    """The key was used for a voice that is deleted since, so the next generation is made and the key is done with."""
    simulated = with_five()
    lose_the_state(simulated)
    rebuild(simulated)
    other = simulated.backend.read()
    simulated.declare(voice("a", sample="take-2"), *FIVE[1:])
    simulated.apply()
    simulated.declare(*FIVE)
    simulated.apply(allow_deletes=5)
    simulated.backend.put_back(other)
    simulated.declare(voice("a", sample="take-2"), *FIVE[1:])
    simulated.apply()
    assert {r.cause for r in simulated.state.records.values()} == {None}

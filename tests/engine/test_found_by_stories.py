"""What the simulation's stories found once, each told on its own."""

from __future__ import annotations

import pytest

from reconciler.engine import import_resolve, state_rebuild
from reconciler.engine.session import Request
from reconciler.errors import Cause
from reconciler.model.accounts import KlingAccount
from reconciler.model.manifest import Lifecycle
from reconciler.model.plan import Action
from reconciler.model.state import Status
from tests.engine.rehearsal import LINEAGE, Died, Rehearsal, voice
from tests.support.hints import in_words, typed

FIVE = [voice(address) for address in "abcde"]
OTHER_LINEAGE = "fedcba98-89ab-cdef-0123-456789abcdef"


def with_five() -> Rehearsal:
    rehearsal = Rehearsal()
    rehearsal.declare(*FIVE)
    rehearsal.apply()
    return rehearsal


def lose_the_state(rehearsal: Rehearsal) -> None:
    rehearsal.backend.put_back(None)
    rehearsal.lineage = OTHER_LINEAGE


def rebuild(rehearsal: Rehearsal) -> state_rebuild.Rebuilt:
    session = rehearsal.session()
    return state_rebuild.rebuild(session, Request(), lineage=LINEAGE[:8], strangers=False, approve=lambda _: True)


def actions(rehearsal: Rehearsal) -> dict[str, Action]:
    return {change.address: change.action for change in rehearsal.plan().changes}


@pytest.mark.parametrize("page_cap", [1, 2, 3, 4, 5])
def test_a_server_that_caps_its_pages_hides_no_voice_of_a_lost_state(page_cap: int) -> None:
    rehearsal = with_five()
    lose_the_state(rehearsal)
    rehearsal.turn(page_cap=page_cap)
    assert actions(rehearsal) == dict.fromkeys("abcde", Action.BLOCKED)


def test_a_server_that_caps_its_pages_delays_no_poll() -> None:
    rehearsal = Rehearsal(page_cap=1)
    rehearsal.declare(*FIVE)
    rehearsal.apply()
    assert rehearsal.clock.monotonic() < 10
    assert actions(rehearsal) == {}


def test_a_voice_without_voice_id_of_a_lost_state_is_not_bought_again() -> None:
    rehearsal = with_five()
    lose_the_state(rehearsal)
    rehearsal.turn(voiceless=1.0)
    assert actions(rehearsal) == dict.fromkeys("abcde", Action.BLOCKED)


@pytest.mark.parametrize("voiceless", [0.7, 1.0])
def test_a_known_voice_whose_answers_lack_the_voice_id_is_not_bought_again(voiceless: float) -> None:
    rehearsal = with_five()
    rehearsal.turn(voiceless=voiceless)
    for _ in range(10):
        assert set(actions(rehearsal).values()) <= {Action.BLOCKED}


def test_a_call_begun_while_the_list_was_empty_is_not_made_once_it_shows_the_voice() -> None:
    rehearsal = with_five()
    lose_the_state(rehearsal)
    rehearsal.turn(empty_list=True)
    rehearsal.die("before", "create")
    with pytest.raises(Died):
        rehearsal.apply()
    rehearsal.turn(empty_list=False)
    rehearsal.apply()
    assert {change.address for change in rehearsal.plan().changes if change.action is Action.BLOCKED} == set("abcde")
    assert len(rehearsal.living_ids) == 5


def test_nothing_is_bought_while_the_list_that_may_show_a_lost_state_s_voices_can_not_be_had() -> None:
    rehearsal = Rehearsal()
    rehearsal.declare(voice("a"), voice("b", sample="bad"))
    rehearsal.apply()
    lose_the_state(rehearsal)
    rehearsal.apply()  # b fails once more, under the new state: now that holds one record, of no voice
    rehearsal.turn(throttle=1.0)
    assert actions(rehearsal) == {"a": Action.BLOCKED, "b": Action.BLOCKED}


@pytest.mark.parametrize(("days", "kept"), [(0.0, False), (2.0, False), (4.0, True)])
def test_a_call_that_arrives_after_it_was_given_up_is_seen_on_an_account_that_holds_nothing_else(
    days: float, kept: bool
) -> None:
    rehearsal = Rehearsal()
    rehearsal.accounts["other"] = KlingAccount(type="kling", region="beijing")
    late = voice("b", provider="other")
    rehearsal.declare(voice("a"), late)
    rehearsal.die("before", "create")
    with pytest.raises(Died):
        rehearsal.apply()
    (given_up,) = (r.external_task_id for r in rehearsal.state.records.values() if r.provider == "other")
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    rehearsal.cloud("other", rehearsal.accounts["other"]).provider.submit(late, given_up)
    rehearsal.clock.sleep(days * 86_400)
    rehearsal.apply()
    assert ("b" in rehearsal.living) is kept


def test_a_call_that_was_given_up_and_is_wanted_again_is_made_under_its_own_key() -> None:
    """Its first sending had arrived, and no look-up showed it yet."""
    rehearsal = Rehearsal(late_by_id=60.0)
    rehearsal.declare(voice("a"))
    rehearsal.die("after", "create")
    with pytest.raises(Died):
        rehearsal.apply()
    rehearsal.declare()
    rehearsal.apply(allow_deletes=1)
    assert rehearsal.at_status(Status.LAPSED) == ["a"]
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    rehearsal.clock.sleep(60)
    rehearsal.apply()
    assert len(rehearsal.made) == 1
    assert rehearsal.record("a").status is Status.READY


def test_a_voice_is_taken_in_although_a_later_creation_from_other_inputs_failed() -> None:
    rehearsal = Rehearsal()
    for sample in ["a", "bad", "a"]:
        rehearsal.declare(voice("a", sample=sample))
        rehearsal.apply()
    lose_the_state(rehearsal)
    assert rebuild(rehearsal).taken == ["a"]
    assert rehearsal.record("a").voice_id in rehearsal.living_ids
    assert actions(rehearsal) == {}
    rehearsal.declare(voice("a", sample="bad"))
    assert actions(rehearsal) == {"a": Action.BLOCKED}  # that it failed is not forgotten


def test_a_new_take_that_another_rebuilt_state_began_is_neither_bought_again_nor_lost_from_sight() -> None:
    rehearsal = Rehearsal()
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    lose_the_state(rehearsal)
    rebuild(rehearsal)
    other = rehearsal.backend.copies[-1]
    rehearsal.turn(late_visibility=3e7)
    rehearsal.declare(voice("a", sample="take-2"))
    rehearsal.apply(stop=lambda: "interrupted" if len(rehearsal.made) > 1 else None)
    rehearsal.backend.put_back(other)
    rehearsal.clock.sleep(60)  # its task ends, so that its voice may have been deleted as well
    for _ in range(3):
        rehearsal.apply()
        rehearsal.turn(late_visibility=0.0)
        (change,) = rehearsal.plan().changes
        assert change.action is Action.BLOCKED
        assert "voicectl import a" in in_words(change.hint)
    assert len(rehearsal.made) == 2
    assert [r.cause for r in rehearsal.state.records.values() if r.status is Status.FAILED] == [Cause.KEY_IN_USE]


def test_a_voice_that_was_bought_under_a_new_state_is_not_given_up_for_one_of_the_lost_state() -> None:
    rehearsal = Rehearsal()
    for sample in ["take-1", "take-2"]:
        rehearsal.declare(voice("a", sample=sample))
        rehearsal.apply()
    lose_the_state(rehearsal)
    rehearsal.turn(empty_list=True)
    rehearsal.apply()
    rehearsal.turn(empty_list=False)
    bought = rehearsal.record("a").external_task_id
    assert rebuild(rehearsal).taken == []
    assert rehearsal.record("a").external_task_id == bought
    assert actions(rehearsal) == {}


def renamed(rehearsal: Rehearsal, source: str, target: str) -> None:
    moved = rehearsal.voices[source].model_copy(update={"address": target})
    rehearsal.declare(*(v for v in rehearsal.voices.values() if v.address not in (source, target)), moved)


def test_a_voice_that_moves_to_the_place_of_one_that_is_gone_keeps_that_place() -> None:
    rehearsal = with_five()
    ids = {address: rehearsal.record(address).voice_id for address in "ab"}
    rehearsal.world.delete_outside(str(ids["b"]))
    renamed(rehearsal, "a", "b")
    bought = len(rehearsal.made)
    rehearsal.apply()
    assert rehearsal.record("b").voice_id == ids["a"]
    assert (len(rehearsal.made), actions(rehearsal)) == (bought, {})


def test_an_old_voice_whose_deletion_is_blocked_is_still_to_be_deleted() -> None:
    """In a state that is older than the account; once the newer one is fetched, nothing has forgotten it."""
    rehearsal = Rehearsal()
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    old = rehearsal.backend.read()
    rehearsal.declare(voice("a"), voice("b"))
    rehearsal.apply()
    rehearsal.backend.put_back(old)
    rehearsal.die("before", "delete")
    rehearsal.declare(voice("a", sample="another"), voice("b"))
    with pytest.raises(Died):
        rehearsal.apply()
    assert actions(rehearsal) == {"a": Action.BLOCKED, "b": Action.BLOCKED}
    rehearsal.apply()
    [deposed] = [r for r in rehearsal.state.records.values() if r.address == "a" and r.generation == 1]
    assert deposed.status is Status.DEPOSED


@pytest.mark.parametrize("generation", [1, 2])
def test_a_person_s_word_on_an_address_is_on_the_creation_that_it_means(generation: int) -> None:
    """A renamed entry brings an open creation to an address that has one of its own, which may be a later one."""
    rehearsal = Rehearsal()
    rehearsal.declare(*FIVE[:2])
    rehearsal.apply()
    state = rehearsal.state
    moved, own = (state.records[state.current[address]] for address in "ab")
    lost = {"status": Status.UNCERTAIN, "address": "b", "voice_id": None}
    uncertain = (
        moved.model_copy(update=lost),
        own.model_copy(update=lost | {"generation": generation}),
    )
    after = state.with_changes(uncertain, current={"a": None, "b": moved.external_task_id})
    assert import_resolve.open_creation(after, "b").external_task_id == moved.external_task_id
    assert import_resolve.open_creation(after, own.external_task_id).external_task_id == own.external_task_id


def on_two_accounts() -> Rehearsal:
    rehearsal = Rehearsal()
    rehearsal.accounts["other"] = KlingAccount(type="kling", region="beijing")
    return rehearsal


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_voice_of_another_account_under_a_key_that_is_known_is_not_bought_again(moment: str) -> None:
    """Each account takes a key once: the other runner used it there, this one used it here, or was about to."""
    rehearsal = on_two_accounts()
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    old = rehearsal.backend.read()
    there = voice("a", provider="other", sample="take-2", lifecycle=Lifecycle(keep_old=3600.0))
    rehearsal.declare(there)
    rehearsal.apply()
    rehearsal.backend.put_back(old)
    rehearsal.declare(voice("a", sample="take-2"))
    rehearsal.die(moment, "create")
    with pytest.raises(Died):
        rehearsal.apply()
    rehearsal.declare(there)
    bought = len(rehearsal.made)
    rehearsal.apply()
    [change] = rehearsal.plan().changes
    assert (len(rehearsal.made), change.action) == (bought, Action.BLOCKED)
    [voice_id] = [c.voice_id for c in rehearsal.made if c.account == "kling:sandbox-other"]
    assert f"voicectl import a {voice_id}" in in_words(change.hint)


def test_a_voice_is_not_deleted_while_nobody_can_tell_whether_it_moves() -> None:
    """A renamed entry's new address has an open creation, of which its account may show nothing yet."""
    rehearsal = on_two_accounts()
    rehearsal.declare(voice("a", provider="other", sample="one"))
    rehearsal.apply()
    rehearsal.declare(*rehearsal.voices.values(), voice("b", sample="two"))
    rehearsal.die("before", "create")
    with pytest.raises(Died):
        rehearsal.apply()
    rehearsal.declare(rehearsal.voices["a"].model_copy(update={"address": "b"}))
    assert actions(rehearsal) == {"a": Action.BLOCKED, "b": Action.BLOCKED}
    rehearsal.apply()
    import_resolve.resolve(rehearsal.session(), "b", Request(), voice_id=None, retry=True)
    rehearsal.apply()
    assert [c.voice_id for c in rehearsal.made] == rehearsal.living_ids == [rehearsal.record("b").voice_id]


def test_a_hint_names_the_creation_that_it_is_about_where_its_address_means_another_open_one() -> None:
    """The voice of before is still being made when its replacement is interrupted, and then refused."""
    rehearsal = Rehearsal(task_seconds=300.0)
    for sample, moment in [("take-1", "after"), ("refused", "before")]:
        rehearsal.declare(voice("a", sample=sample))
        rehearsal.die(moment, "create")
        with pytest.raises(Died):
            rehearsal.apply()
    rehearsal.apply()
    [uncertain] = [r for r in rehearsal.state.records.values() if r.status is Status.UNCERTAIN]
    assert rehearsal.record("a").status is not Status.READY
    [change] = rehearsal.plan().changes
    named = {words[0] for words in typed(change.hint, "resolve")}
    assert named == {uncertain.external_task_id}
    assert import_resolve.open_creation(rehearsal.state, named.pop()) == uncertain


@pytest.mark.parametrize("first", ["take-1", "bad"])
def test_a_voice_of_another_run_under_the_same_key_is_not_bought_again_for_an_entry_that_returns(first: str) -> None:
    """Beside a voice of before the refused call stays failed; without one it is let go of when the entry leaves."""
    rehearsal = Rehearsal()
    rehearsal.declare(voice("a", sample=first), voice("b"))
    rehearsal.apply()
    lose_the_state(rehearsal)
    rebuild(rehearsal)
    other = rehearsal.backend.read()
    changed = voice("a", sample="take-2", lifecycle=Lifecycle(keep_old=3600.0))
    rehearsal.declare(changed, voice("b"))
    rehearsal.turn(late_visibility=3e7)
    rehearsal.apply()
    rehearsal.backend.put_back(other)
    rehearsal.apply()  # its call is refused, because the key was used
    rehearsal.turn(late_visibility=0.0)
    rehearsal.declare(voice("b"))
    rehearsal.apply(allow_deletes=1)
    rehearsal.declare(changed, voice("b"))
    assert actions(rehearsal) == {"a": Action.BLOCKED}

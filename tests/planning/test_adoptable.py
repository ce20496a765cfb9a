"""Which voices of an account are adopted, and why the others are left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.adoption import Selection, Skipped
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.state import Record, State
from reconciler.planning import adoptable, markers
from tests.planning.cases import LINEAGE, manifest_of, state_of

HERE = "kling https://api-singapore.klingai.com"
OTHER = "1a2b3c4d"
READY, RUNNING, FAILED = TaskStatus.READY, TaskStatus.RUNNING, TaskStatus.FAILED
HERO = RemoteVoice(READY, voice_id="850", voice_name="Hero", owned_by="1234567", task_id="1")
EXISTING = {"existing": {"voice_id": "850"}}
RECORD = {"status": "ready", "voice_id": "850", **EXISTING}


def select(*listed: RemoteVoice, case: dict[str, Any] | None = None, **options: Any) -> Selection:
    case = {"providers": {"kling": {}}} | (case or {})
    return adoptable.select(manifest_of(case), state_of(case), "kling", listed, account=HERE, **options)


def marked(lineage: str, address: str = "narrator", digest: str = "0a1b2c3d") -> RemoteVoice:
    return replace(HERO, external_task_id=markers.external_task_id(lineage, address, digest, 1))


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        (replace(HERO, status=RUNNING), Skipped.NOT_READY),
        (replace(HERO, status=FAILED), Skipped.NOT_READY),
        (replace(HERO, voice_id=None, voiceless=True), Skipped.NOT_READY),
        (replace(HERO, deleted=True), Skipped.DELETED),
        (replace(HERO, owned_by="kling"), Skipped.OFFICIAL),
        (replace(HERO, voice_id="not digits"), Skipped.INVALID),
        (marked(OTHER), Skipped.OTHER_STATE),
        (replace(HERO, external_task_id=f"vc-{OTHER}-cut by some proxy"), Skipped.OTHER_STATE),
        (marked(LINEAGE), Skipped.THIS_STATE),
    ],
)
def test_a_voice_is_left_out(listed: RemoteVoice, why: Skipped) -> None:
    found = select(listed)
    assert found.all == []
    assert found.skipped == {why: 1}


def test_a_voice_that_several_tasks_show_is_adopted_once() -> None:
    found = select(HERO, replace(HERO, task_id="2"))
    assert [each.address for each in found.new] == ["hero"]
    assert found.skipped == {}


def test_the_key_of_another_program_is_no_marker() -> None:
    assert [each.address for each in select(replace(HERO, external_task_id="vc-mine-1")).new] == ["hero"]


def test_a_lineage_that_is_named_is_adopted_and_the_others_are_counted() -> None:
    theirs = replace(marked("9e8f0011"), voice_id="851")
    found = select(marked(OTHER), theirs, lineages=[f"{OTHER}-7f1b-4f83"])
    assert [each.voice_id for each in found.new] == ["850"]
    assert found.lineages == {"9e8f0011": 1}


def test_a_voice_made_for_an_entry_without_a_voice_is_left_to_it() -> None:
    case: dict[str, Any] = {"voices": {"narrator": {}}}
    assert select(marked(OTHER), case=case, lineages=[OTHER]).skipped == {Skipped.FOR_AN_ENTRY: 1}
    case |= {"records": {"narrator@1": "ready"}}
    assert [each.address for each in select(marked(OTHER), case=case, lineages=[OTHER]).new] == ["hero"]


def test_a_voice_of_the_state_is_left_out_whatever_its_status() -> None:
    for status in ("ready", "deposed", "deleted"):
        case = {"records": {"hero@1": RECORD | {"status": status}}, "voices": {"hero": EXISTING}}
        assert select(HERO, case=case).skipped == {Skipped.IN_STATE: 1}, status


def test_a_voice_that_the_user_released_is_adopted_again() -> None:
    case = {"records": {"lead@1": RECORD | {"status": "abandoned"}}}
    assert [each.address for each in select(HERO, case=case).new] == ["hero"]


def test_the_owner_tells_that_a_voice_is_recorded_under_another_endpoint() -> None:
    case = {"records": {"lead@1": RECORD}, "voices": {"lead": EXISTING}}
    state = state_of(case)
    [held] = state.records.values()
    for owner, why in (("1234567", {Skipped.IN_STATE: 1}), ("999", {})):
        moved = replace(held, account="kling https://proxy.example.com", owned_by=owner)
        found = adoptable.select(
            manifest_of({"providers": {"kling": {}}}),
            state.with_changes([moved]),
            "kling",
            [HERO],
            account=HERE,
        )
        assert found.skipped == why


def test_an_entry_without_a_record_gets_one() -> None:
    found = select(HERO, case={"voices": {"lead": EXISTING}})
    assert ([each.address for each in found.declared], found.undeclared) == (["lead"], [])


def test_a_record_without_an_entry_gets_one() -> None:
    found = select(HERO, case={"records": {"lead@1": RECORD}})
    assert [each.address for each in found.again] == ["lead"]


def test_an_official_voice_that_is_declared_is_left_out() -> None:
    assert select(HERO, case={"voices": {"owen": {"preset": {"voice_id": "850"}}}}).skipped == {Skipped.OFFICIAL: 1}


def test_voices_that_were_deleted_are_counted() -> None:
    assert select(HERO, deleted={"850"}).skipped == {Skipped.DELETED: 1}


def test_other_owners_are_another_account() -> None:
    state = state_of({"records": {"lead@1": RECORD}})  # its owner is 1234567
    [held] = state.records.values()
    unowned = state.with_changes([replace(held, owned_by=None)])

    def others(*listed: RemoteVoice, state: State = state) -> list[Record]:
        return adoptable.other_account(state, "kling", listed, "kling")

    theirs = replace(HERO, owned_by="999")
    assert others(theirs) == [held]
    assert others(theirs, HERO) == []
    assert others(replace(HERO, owned_by="kling")) == []
    assert others(replace(HERO, owned_by=None)) == []
    assert others(theirs, state=unowned) == []

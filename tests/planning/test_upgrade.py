"""Tests a state and markers of the version before links had notes: the upgrade pays for nothing.

`upgrade/state.json` is what that version's apply left for `upgrade/links.yaml`, with %n% = 1; 2 is every link
signed anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.loader.build import load
from reconciler.model import planfile, redaction, statefile, transitions
from reconciler.model.manifest import Manifest
from reconciler.model.observed import Absent, Found, Observation, Observations, RemoteVoice, TaskStatus, Unknown
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.state import Record, State, Status
from reconciler.planning import markers, planner
from tests.planning import cases

HERE = Path(__file__).parent / "upgrade"
OLD = statefile.load((HERE / "state.json").read_bytes())
TEXT = (HERE / "links.yaml").read_text()
SIGNED_ANEW_FOR_THE_OLD = {"s3-v4", "azure", "cos-q"}  # the version before knew these three


def manifest(tmp_path: Path, signed: int, *edits: tuple[str, str]) -> Manifest:
    text = TEXT.replace("%n%", str(signed))
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "voices.yaml").write_text(text)
    return load(tmp_path / "voices.yaml", environ={})


def plan(declared: Manifest, state: State, *, marked: bool = False) -> Plan:
    """The plan if all voices of the old state exist. `marked`: they are only marked, and no record is known."""
    seen = {}
    for provider in declared.providers:
        there = [r for r in OLD.records.values() if r.provider == provider]
        seen[provider] = Observations(
            account=there[0].account,
            of={} if marked else {r.external_task_id: _found(r) for r in there},
            marked=tuple(
                RemoteVoice(status=TaskStatus.READY, voice_id=r.voice_id, external_task_id=r.external_task_id)
                for r in there
                if marked and r.voice_id
            ),
        )
    able = {name: cases.capabilities({}, name) for name in declared.providers}
    return planner.plan(declared, state, seen, able, now=cases.NOW)


def _found(record: Record) -> Found:
    used = record.method == "clone-minimax"
    remote = RemoteVoice(status=TaskStatus.READY, voice_id=record.voice_id, voice_name=record.voice_name, active=used)
    return Found(remote=remote)


def actions(made: Plan) -> dict[str, Action]:
    return {change.address: change.action for change in made.changes}


def paid(made: Plan) -> int:
    return sum(calls["paid"] for calls in made.calls().values())


def link_notes_of(state: State, declared: Manifest, changes: tuple[Change, ...]) -> State:
    updated = [
        transitions.updated(state.records[str(change.record)], declared.voices[change.address]) for change in changes
    ]
    return state.with_changes(updated)


def today(declared: Manifest) -> State:
    """The old state, with the link notes of every record renewed."""
    return OLD.with_changes(
        replace(OLD.records[OLD.current[a]], sent=redaction.redacted(v), links=redaction.link_notes_of(v))
        for a, v in declared.voices.items()
    )


def test_an_unchanged_manifest_is_not_a_change(tmp_path: Path) -> None:
    assert plan(manifest(tmp_path, 1), OLD).changes == ()


def test_links_signed_again_are_noted_without_a_call(tmp_path: Path) -> None:
    declared = manifest(tmp_path, 2)
    made = plan(declared, OLD)
    assert actions(made) == dict.fromkeys(set(declared.voices) - SIGNED_ANEW_FOR_THE_OLD, Action.UPDATE)
    assert paid(made) == 0
    assert all(change.in_place == () and not change.activates for change in made.changes)
    said = {change.address: change.reason for change in made.changes}
    assert said["qiniu"] == "only the signature of voice_url differs; changes the state only, no call"
    assert said["vod-clone"].startswith("only the signatures of audio.url and prompt_audio.url differ;")


def test_once_noted_another_signature_is_not_a_change(tmp_path: Path) -> None:
    declared = manifest(tmp_path, 2)
    state = link_notes_of(OLD, declared, plan(declared, OLD).changes)
    assert plan(declared, state).changes == ()
    assert plan(manifest(tmp_path, 1), state).changes == ()
    assert statefile.load(statefile.dump(state)) == state


def test_what_chooses_the_content_differs_after_the_upgrade_too(tmp_path: Path) -> None:
    edits = [
        ("c/a.mp3?sv=2024-11-04&spr", "c/b.mp3?sv=2024-11-04&spr"),
        ("take=3", "take=4"),
        ("alt=media", "alt=json"),
    ]
    noted_ = link_notes_of(OLD, manifest(tmp_path, 2), plan(manifest(tmp_path, 2), OLD).changes)
    changed = actions(plan(manifest(tmp_path, 1, *edits), noted_))
    assert changed == dict.fromkeys(("azure", "with-content", "firebase"), Action.REPLACE)


@pytest.mark.parametrize("signed", [1, 2])
def test_a_changed_path_of_an_old_record_is_a_difference(tmp_path: Path, signed: int) -> None:
    moved = manifest(tmp_path, signed, ("https://bj.bcebos.com/b/a.mp3", "https://bj.bcebos.com/b/b.mp3"))
    assert actions(plan(moved, OLD))["bos"] is Action.REPLACE


def test_the_plan_names_the_unknown_parameters(tmp_path: Path) -> None:
    state = today(manifest(tmp_path, 1, ("a.mp3?_upt=", "a.mp3?v=1&_upt=")))
    (change,) = plan(manifest(tmp_path, 2, ("a.mp3?_upt=", "a.mp3?v=2&_upt=")), state).changes
    assert change.reason == (
        "only the query of voice_url differs (?v=): if it only signs the link, "
        "write signing_parameters: [v] at the entry or at the provider"
    )


def test_a_parameter_named_later_keeps_the_voice_without_a_call(tmp_path: Path) -> None:
    state = today(manifest(tmp_path, 1, ("a.mp3?_upt=", "a.mp3?V=1&id=7&_upt=")))
    signing = ("upyun: {", "upyun: {signing_parameters: [v], ")
    renewed = manifest(tmp_path, 2, ("a.mp3?_upt=", "a.mp3?V=2&id=7&_upt="), signing)
    made = plan(renewed, state)
    assert (actions(made), paid(made)) == ({"upyun": Action.UPDATE}, 0)
    state = link_notes_of(state, renewed, made.changes)
    assert plan(manifest(tmp_path, 2, ("a.mp3?_upt=", "a.mp3?V=3&id=7&_upt="), signing), state).changes == ()
    other = manifest(tmp_path, 2, ("a.mp3?_upt=", "a.mp3?V=3&id=8&_upt="), signing)
    assert actions(plan(other, state)) == {"upyun": Action.REPLACE}


def test_voices_with_old_markers_are_known_after_a_lost_state(tmp_path: Path) -> None:
    declared = manifest(tmp_path, 1)
    for lineage in (OLD.lineage, "deadbeef-0000"):
        made = plan(declared, State(lineage=lineage), marked=True)
        assert {a for a, action in actions(made).items() if action is not Action.BLOCKED} == {"audio.rain"}


def test_every_old_key_carries_a_digest_of_its_voice(tmp_path: Path) -> None:
    for address, voice in manifest(tmp_path, 1).voices.items():
        marker = markers.read(OLD.current[address])
        assert marker is not None
        assert marker.digest in markers.digests(voice)
        assert markers.digests(voice)[0] == markers.digest_of(voice)
        assert marker.digest in markers.digests(replace(voice, address="moved"), address=address)
        named = replace(voice, signing_parameters=("t", "token"))
        assert marker.digest in markers.digests(named)


@pytest.mark.parametrize("status", [Status.INTENDED, Status.RUNNING, Status.UNCERTAIN, Status.FAILED])
def test_an_interrupted_creation_is_continued_though_its_link_was_signed_again(tmp_path: Path, status: Status) -> None:
    declared = manifest(tmp_path, 2)
    record = OLD.records[OLD.current["qiniu"]]
    state = OLD.with_changes([replace(record, status=status, voice_id=None, created_at=cases.NOW)])
    (change,) = [c for c in plan(declared, state).changes if c.address == "qiniu"]
    assert (change.action, change.key) == (Action.RECOVER, record.external_task_id)
    seen = {"kling": Observations(account=record.account, of={record.external_task_id: Absent()})}
    seen |= {"vod": Observations(account=OLD.records[OLD.current["mini"]].account)}
    able = {name: cases.capabilities({}, name) for name in declared.providers}
    made = planner.plan(declared, state, seen, able, now=cases.NOW)
    (change,) = [c for c in made.changes if c.address == "qiniu"]
    bought_anew = change.action in {Action.CREATE, Action.REPLACE} and change.key != record.external_task_id
    assert not bought_anew or status is Status.RUNNING  # a task that is gone left nothing, and is asked for again


def test_an_ignored_link_is_not_noted(tmp_path: Path) -> None:
    ignoring = ("qiniu: {", "qiniu: {lifecycle: {ignore_changes: [voice_url]}, ")
    old = OLD.records[OLD.current["qiniu"]]
    declared = manifest(tmp_path, 2, ignoring)
    state = OLD.with_changes([replace(old, lifecycle=declared.voices["qiniu"].lifecycle)])
    assert "qiniu" not in actions(plan(declared, state))


def test_a_plan_saved_before_another_signature_is_still_what_runs(tmp_path: Path) -> None:
    approved = planfile.load(planfile.dump(plan(manifest(tmp_path, 1), State(lineage=OLD.lineage))))
    now = plan(manifest(tmp_path, 2), State(lineage=OLD.lineage))
    assert approved.changes == now.changes
    assert any(isinstance(c.identity, str) for c in now.changes)


def test_what_could_not_be_checked_is_not_noted_either(tmp_path: Path) -> None:
    declared = manifest(tmp_path, 2)
    record = OLD.records[OLD.current["qiniu"]]
    unknown: dict[str, Observation] = {record.external_task_id: Unknown(why="timed out")}
    seen = {name: Observations(account=record.account, of=unknown) for name in ("kling",)}
    seen["vod"] = Observations(account=OLD.records[OLD.current["mini"]].account)
    able = {name: cases.capabilities({}, name) for name in declared.providers}
    made = planner.plan(declared, OLD, seen, able, now=cases.NOW)
    assert actions(made)["qiniu"] is Action.BLOCKED

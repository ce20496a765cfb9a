"""Tests for `make_change`, which makes a change of an entry or a record, and for `as_blocked`."""

from __future__ import annotations

from reconciler.hints import hint
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action
from reconciler.model.redaction import redacted
from reconciler.planning import markers
from reconciler.planning.change import as_blocked, make_change
from tests.planning import cases
from tests.support.hints import in_words

CASE = {"voices": {"narrator": {"create": {"voice_name": "Narrator"}}}, "records": {"narrator@1": "ready"}}
VOICE = cases.manifest_of(CASE).voices["narrator"]
(RECORD,) = cases.state_of(CASE).records.values()


def test_a_change_of_an_entry_holds_its_inputs_and_their_digest() -> None:
    change = make_change(VOICE, Action.CREATE, "declared, not created yet", record=None, key="vc-1")
    assert (change.address, change.provider, change.method) == (VOICE.address, VOICE.provider, VOICE.method)
    assert (change.after, change.identity) == (redacted(VOICE), markers.digest_of(VOICE))
    assert (change.record, change.key) == (None, "vc-1")


def test_a_change_of_a_record_holds_no_declared_inputs() -> None:
    change = make_change(RECORD, Action.FORGET, "no longer declared", "a hint", record=RECORD)
    assert (change.address, change.provider, change.method) == (RECORD.address, RECORD.provider, RECORD.method)
    assert (change.after, change.identity) == (None, None)
    assert (change.record, in_words(change.hint)) == (RECORD.external_task_id, "a hint")


def test_a_blocked_change_binds_and_pays_nothing() -> None:
    there = RemoteVoice(status=TaskStatus.READY, voice_id="1")
    change = make_change(
        VOICE, Action.CREATE, "gone", record=RECORD, key="vc-1", approval_digest="t", made=there, gone=True
    )
    blocked = as_blocked(change, "too many", hint("none"), key=None)
    assert (blocked.action, blocked.reason, blocked.hint) == (Action.BLOCKED, "too many", hint("none"))
    assert (blocked.made, blocked.gone, blocked.key) == (None, False, None)
    assert (blocked.record, blocked.approval_digest, blocked.after) == (change.record, "t", change.after)

"""What a change shows of its entry and its record, and what is left of one that stops."""

from __future__ import annotations

from reconciler.hints import hint
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action
from reconciler.model.redaction import redacted
from reconciler.planning import markers
from reconciler.planning.change import stopped, verdict
from tests.planning import cases
from tests.support.hints import in_words

CASE = {"voices": {"narrator": {"create": {"voice_name": "Narrator"}}}, "records": {"narrator@1": "ready"}}
VOICE = cases.manifest_of(CASE).voices["narrator"]
(RECORD,) = cases.state_of(CASE).records.values()


def test_of_an_entry_it_shows_what_is_declared_and_what_is_approved() -> None:
    change = verdict(VOICE, Action.CREATE, "declared, not there yet", record=None, key="vc-1")
    assert (change.address, change.provider, change.method) == (VOICE.address, VOICE.provider, VOICE.method)
    assert (change.after, change.identity) == (redacted(VOICE), markers.digest_of(VOICE))
    assert (change.record, change.key) == (None, "vc-1")


def test_of_a_record_nothing_is_declared_or_approved() -> None:
    change = verdict(RECORD, Action.FORGET, "not declared any more", "a hint", record=RECORD)
    assert (change.address, change.provider, change.method) == (RECORD.address, RECORD.provider, RECORD.method)
    assert (change.after, change.identity) == (None, None)
    assert (change.record, in_words(change.hint)) == (RECORD.external_task_id, "a hint")


def test_one_that_stops_binds_and_buys_nothing() -> None:
    there = RemoteVoice(status=TaskStatus.READY, voice_id="1")
    change = verdict(
        VOICE, Action.CREATE, "gone", record=RECORD, key="vc-1", approval_digest="t", made=there, gone=True
    )
    stop = stopped(change, "too many", hint("none"), key=None)
    assert (stop.action, stop.reason, stop.hint) == (Action.BLOCKED, "too many", hint("none"))
    assert (stop.made, stop.gone, stop.key) == (None, False, None)
    assert (stop.record, stop.approval_digest, stop.after) == (change.record, "t", change.after)

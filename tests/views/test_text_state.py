"""What is remembered, as a person reads it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.outputs import outputs
from reconciler.model.state import Record, State
from reconciler.model.voice_list import VoiceList
from reconciler.views import text
from tests.views.conftest import NOW

Golden = Callable[[str, str], None]


def test_a_record_reads_as_its_golden_file_says(ready: Record, golden: Golden) -> None:
    golden("record.txt", text.record(ready))


def test_a_state_list_reads_as_its_golden_file_says(state: State, golden: Golden) -> None:
    golden("state-list.txt", text.state_list(state))


def test_a_state_reads_as_its_golden_file_says(state: State, golden: Golden) -> None:
    golden("state.txt", text.state(state))


def test_output_reads_as_its_golden_file_says(state: State, golden: Golden) -> None:
    golden("output.txt", text.output(outputs(state, now=NOW)))


def test_the_voices_of_an_account_read_as_their_golden_file_says(golden: Golden) -> None:
    listed = (
        RemoteVoice(
            status=TaskStatus.READY,
            voice_id="850087542757535834",
            voice_name="Narrator EN",
            external_task_id="vc-3b1f8f0e-narrator-9c0d1e2f-2",
            owned_by="1234567",
        ),
        RemoteVoice(status=TaskStatus.READY, voice_id="829", voice_name="Owen", owned_by="kling"),
        RemoteVoice(status=TaskStatus.FAILED, message="the sample holds two voices"),
    )
    golden("voices.txt", text.voices(VoiceList(voices=listed, addresses={"850087542757535834": "narrator"})))


def test_the_output_of_one_address_is_its_bare_voice_id(state: State) -> None:
    assert text.output(outputs(state, now=NOW), "narrator") == "850087542757535834"


def test_the_output_of_a_voice_without_an_id_is_empty(state: State) -> None:
    assert text.output(outputs(state, now=NOW), "slow") == ""


def test_the_output_of_an_unknown_address_is_an_error(state: State) -> None:
    with pytest.raises(KeyError):
        text.output(outputs(state, now=NOW), "unknown")


def test_empty_things_say_that_they_are_empty() -> None:
    assert text.output({}) == "There are no voices yet."
    assert text.state_list(State(lineage="l")) == "The state holds no voices."
    assert text.voices(VoiceList()) == "The account lists no voices."


def test_a_url_without_its_secrets_is_shown_as_it_is(ready: Record) -> None:
    assert '"https://cdn.example.com/n.mp3?#sha256:0a1b2c3d"' in text.record(ready)

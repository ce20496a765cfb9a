"""The id of a call in a message: added if there is one, and removed where messages of one cause are compared."""

from __future__ import annotations

from reconciler.model.request_ids import marked, unmarked

REFUSED = "POST /v1/general/custom-voices: HTTP 200, code 1201: The voice sample is too short (3 s)"


def test_a_message_ends_with_the_id_of_its_call() -> None:
    assert marked(REFUSED, "9b1d4c7e") == f"{REFUSED} (request 9b1d4c7e)"


def test_without_an_id_a_message_stays_as_it_is() -> None:
    assert marked(REFUSED, "") == REFUSED


def test_messages_of_two_calls_are_equal_without_their_ids() -> None:
    first, second = (
        f"its creation failed: {marked(REFUSED, request)}; not tried again" for request in ("9b1d", "c04e")
    )
    assert first != second
    assert unmarked(first) == unmarked(second) == f"its creation failed: {REFUSED}; not tried again"

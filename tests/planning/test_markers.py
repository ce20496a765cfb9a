"""Tests the key of a creation: its form, its uniqueness and its parsing."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.planning import markers
from tests.planning.cases import LINEAGE, state_of, voice

ADDRESSES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,62}", fullmatch=True)
DIGESTS = st.from_regex(r"[0-9a-f]{8}", fullmatch=True)
GENERATIONS = st.integers(min_value=1, max_value=999_999_999)
NARRATOR = voice("narrator", {})


@given(address=ADDRESSES, digest=DIGESTS, generation=GENERATIONS)
def test_a_key_is_read_back_as_it_was_made(address: str, digest: str, generation: int) -> None:
    key = markers.external_task_id(LINEAGE, address, digest, generation)
    marker = markers.read(key)
    assert marker is not None
    assert (marker.lineage, marker.digest, marker.generation) == ("3b1f8f0e", digest, generation)
    assert markers.fits_address(marker, address)


@given(address=ADDRESSES, digest=DIGESTS, generation=GENERATIONS)
def test_a_key_is_at_most_50_letters_digits_and_dashes(address: str, digest: str, generation: int) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,50}", markers.external_task_id(LINEAGE, address, digest, generation))


@given(address=ADDRESSES, digest=DIGESTS, generation=GENERATIONS)
def test_an_address_may_be_cut_if_its_key_has_the_greatest_length(address: str, digest: str, generation: int) -> None:
    key = markers.external_task_id(LINEAGE, address, digest, generation)
    marker = markers.read(key)
    assert marker is not None
    assert marker.cut == (len(key) == 50)


@given(address=ADDRESSES, name=st.text(max_size=5))
def test_a_digest_is_a_hash_of_the_address_the_method_and_the_inputs(address: str, name: str) -> None:
    inputs = {"voice_name": name, "voice_url": "https://cdn.example.com/a.mp3"}
    text = json.dumps([address, "create", inputs], sort_keys=True, separators=(",", ":"))
    expected = hashlib.sha256(text.encode()).hexdigest()[:8]
    declared = voice(address, {"create": inputs}, checked=False)
    assert markers.digest_of(declared) == markers.digests(declared)[0] == expected
    assert markers.Digests(declared).at("another")[0] != expected


def test_a_key_contains_a_short_address_in_full() -> None:
    assert markers.external_task_id(LINEAGE, "narrator", "9c0d1e2f", 2) == "vc-3b1f8f0e-narrator-9c0d1e2f-2"


def test_a_long_address_is_cut() -> None:
    key = markers.external_task_id(LINEAGE, "a" * 63, "9c0d1e2f", 12)
    assert key == f"vc-3b1f8f0e-{'a' * 26}-9c0d1e2f-12"
    assert len(key) == 50


def test_an_address_that_looks_like_the_end_of_a_key_is_read_right() -> None:
    marker = markers.read(markers.external_task_id(LINEAGE, "a-0123abcd-1", "9c0d1e2f", 2))
    assert marker == markers.Marker("3b1f8f0e", "a-0123abcd-1", "9c0d1e2f", 2)


def test_the_section_of_an_address_keeps_within_the_letters() -> None:
    assert markers.external_task_id(LINEAGE, "audio.rain", "9c0d1e2f", 1) == "vc-3b1f8f0e-audio_rain-9c0d1e2f-1"


@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        "my-own-task",
        "vc-3b1f8f0e-narrator-9c0d1e2f",
        "vc-3b1f8f0e-narrator-9c0d1e2f-x",
        "vc-3B1F8F0E-narrator-9c0d1e2f-1",
        "vc-3b1f8f0e-narrator-9c0d1e2f-1\n",
        "vc-3b1f8f0e-narrator-9c0d1e2f-٣",
        "vc-3b1f8f0e-narrator-9c0d1e2f-" + "9" * 5000,
        "vc-3b1f8f0e-" + "n" * 40 + "-9c0d1e2f-1",
    ],
)
def test_a_key_of_others_is_not_a_marker(key: str | None) -> None:
    assert markers.read(key) is None


def test_cut_addresses_differ_in_the_digest_which_is_of_the_whole() -> None:
    one, other = (
        voice("n" * 40 + "a", {"create": {"voice_name": "N"}}),
        voice("n" * 40 + "b", {"create": {"voice_name": "N"}}),
    )
    assert markers.digest_of(one) != markers.digest_of(other)


def test_the_digest_is_of_the_identity_inputs() -> None:
    assert markers.digest_of(NARRATOR) != markers.digest_of(voice("narrator", {"create": {"voice_name": "Other"}}))


def test_request_only_inputs_and_labels_are_not_in_the_digest() -> None:
    fields = {"create": {"callback_url": "https://ci.example.com/hook"}, "labels": {"tier": "gold"}}
    assert markers.digest_of(NARRATOR) == markers.digest_of(voice("narrator", fields))


def test_a_renewed_signature_leaves_the_digest() -> None:
    def signed(query: str) -> str:
        return markers.digest_of(voice("narrator", {"create": {"voice_url": f"https://b.example.com/n.mp3{query}"}}))

    assert signed("") == signed("?Expires=1&Signature=a") == signed("?Expires=2&Signature=b")
    assert signed("?version=1") != signed("?version=2")


def test_the_next_key_is_above_every_generation_the_address_ever_had() -> None:
    state = state_of({"records": {"narrator@1": "deleted", "narrator@4": "deleted"}})
    assert markers.next_key(state, NARRATOR)[1] == 5
    assert markers.next_key(state, NARRATOR, above=7)[1] == 8


def test_a_key_that_a_moved_record_keeps_is_passed_over() -> None:
    state = state_of({"records": {"speaker@1": {"status": "ready", "was": "narrator"}}})
    assert markers.next_key(state, NARRATOR)[1] == 2


def test_a_key_of_generation_zero_is_not_ours() -> None:
    assert markers.read("vc-deadbeef-narrator-5f02db61-0") is None
    assert markers.read("vc-deadbeef-narrator-5f02db61-1") is not None


def test_the_key_of_an_instance_holds_only_letters_digits_and_dashes() -> None:
    key = markers.external_task_id(LINEAGE, 'npc["pt-BR.1"]', "9c0d1e2f", 1)
    assert key == "vc-3b1f8f0e-npc__pt-BR_1__-9c0d1e2f-1"
    marker = markers.read(key)
    assert marker is not None
    assert markers.fits_address(marker, 'npc["pt-BR.1"]')


def test_the_digest_of_an_instance_is_of_its_whole_address() -> None:
    inputs = {"create": {"voice_name": "A", "voice_url": "https://cdn.example.com/a.mp3"}}
    declared = [voice(address, inputs) for address in ("npc__en__", 'npc["en"]', 'npc["e_n"]')]
    assert len({markers.digest_of(each) for each in declared}) == 3


@pytest.mark.parametrize("address", ['npc["en"]', 'main__npc["en"]', 'npc["a__b"]', "npc__en__", "___", "npc____"])
def test_a_marker_fits_the_inputs_of_a_renamed_instance(address: str) -> None:
    inputs = {"create": {"voice_name": "A", "voice_url": "https://cdn.example.com/a.mp3"}}
    made = markers.digest_of(voice(address, inputs, checked=False))
    marker = markers.read(markers.external_task_id(LINEAGE, address, made, 1))
    assert marker is not None
    assert markers.Digests(voice("renamed", inputs)).fit(marker)
    assert not markers.Digests(voice("renamed", inputs | {"create": {"voice_name": "B"}}, checked=False)).fit(marker)

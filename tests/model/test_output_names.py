"""The names of addresses in files: NAME_KEY for NAME["KEY"]; two addresses with one name are found."""

from __future__ import annotations

import pytest

from reconciler.model.output_names import Clash, clashes, identifier, variable


@pytest.mark.parametrize(
    ("address", "name", "in_tfvars"),
    [
        ("narrator", "NARRATOR_VOICE_ID", "narrator"),
        ("the-hero", "THE_HERO_VOICE_ID", "the-hero"),
        ('narrator["en-US"]', "NARRATOR_EN_US_VOICE_ID", "narrator_en-US"),
        ('narrator["en.us x"]', "NARRATOR_EN_US_X_VOICE_ID", "narrator_en_us_x"),
        ("audio.fireworks", "AUDIO_FIREWORKS_VOICE_ID", "fireworks"),
    ],
)
def test_an_address_has_a_name_in_each_format(address: str, name: str, in_tfvars: str) -> None:
    assert (variable(address, "VOICE_ID"), identifier(address)) == (name, in_tfvars)


@pytest.mark.parametrize(
    ("named", "addresses", "clash"),
    [
        ("dotenv", ("a-b", "a_b"), Clash("a-b", "a_b", "A_B_VOICE_ID")),
        ("dotenv", ('a["b"]', "a-b"), Clash("a-b", 'a["b"]', "A_B_VOICE_ID")),
        ("dotenv", ("hero", "hero-previous"), Clash("hero", "hero-previous", "HERO_PREVIOUS_VOICE_ID")),
        ("tfvars", ('a["b"]', "a_b"), Clash('a["b"]', "a_b", "voices.a_b")),
    ],
)
def test_two_addresses_with_one_name_are_a_clash(named: str, addresses: tuple[str, ...], clash: Clash) -> None:
    assert clashes(named, addresses) == [clash]
    assert clashes(named, reversed(addresses)) == [clash]


@pytest.mark.parametrize("named", ["json", "yaml", "csv"])
def test_formats_that_hold_addresses_have_no_clash(named: str) -> None:
    assert clashes(named, ("a-b", "a_b", 'a["b"]')) == []


def test_a_voice_and_a_sound_do_not_clash_by_the_prefix() -> None:
    assert clashes("dotenv", ("audio-rain", "audio.rain")) == []
    assert clashes("tfvars", ("rain", "audio.rain")) == []

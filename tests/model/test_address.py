"""The grammar of addresses."""

from __future__ import annotations

import pytest

from reconciler.model.address import as_typed, instance, is_address, is_key, is_name, parts


@pytest.mark.parametrize("name", ["a", "Narrator", "a-b_c9", "a" * 63])
def test_these_are_names(name: str) -> None:
    assert is_name(name)
    assert is_address(name)
    assert is_address(f"audio.{name}")


@pytest.mark.parametrize("name", ["", "1a", "-a", "_a", "a b", "a.b", "ä", "a" * 64, "a\n"])
def test_these_are_none(name: str) -> None:
    assert not is_name(name)
    assert not is_address(name)


@pytest.mark.parametrize("key", ["e", "en", "pt-BR", "1", "07", "a.b_c", "k" * 63])
def test_these_are_keys(key: str) -> None:
    assert is_key(key)
    assert is_address(instance("npc", key))
    assert is_address(instance("audio.rain", key))
    assert parts(instance("audio.rain", key)) == ("audio.rain", key)


@pytest.mark.parametrize("key", ["", "-a", ".a", "_a", "a b", 'a"', "a]", "ä", "k" * 64, "a\n"])
def test_these_are_no_keys(key: str) -> None:
    assert not is_key(key)
    assert not is_address(instance("npc", key))


def test_an_address_without_a_key_is_its_name() -> None:
    assert parts("npc") == ("npc", None)
    assert parts("audio.rain") == ("audio.rain", None)


@pytest.mark.parametrize("typed", ['npc["en"]', "npc[en]", "npc['en']"])
def test_an_address_is_understood_without_its_quotes(typed: str) -> None:
    assert as_typed(typed) == 'npc["en"]'


def test_a_pattern_is_understood_without_its_quotes() -> None:
    assert as_typed("npc[*]") == 'npc["*"]'
    assert as_typed("*[e*]") == '*["e*"]'


@pytest.mark.parametrize(
    "text", ["npc", "npc[]", 'npc["en]', "npc[en]]", "vc-3b1f8f0e-npc__en__-9c0d1e2f-1", "label:a=b[c]"]
)
def test_other_text_stays_as_it_was_typed(text: str) -> None:
    assert as_typed(text) == text

"""Names become addresses: valid, unique ignoring case, and the same for the same voices in any order."""

from __future__ import annotations

import random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.address import is_name
from reconciler.planning.adopted_addresses import addresses

NAMES = st.one_of(st.text(max_size=80), st.sampled_from(["Narrator", "narrator", "NARRATOR!", "旁白", "", "yes", "1"]))
VOICES = st.dictionaries(st.one_of(st.from_regex(r"[0-9]{1,20}", fullmatch=True), st.text(min_size=1)), NAMES)
TAKEN = st.sets(st.sampled_from(["Narrator", "voice", "voice_1", 'cast["en"]', "yes"]))


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Narrator EN", "narrator_en"),
        ("Zoë (final) - take 2", "zoe_final_-_take_2"),
        ("Straße", "strasse"),
        ("Ｗｉｄｅ", "wide"),
        ("829", "voice_829"),
        ("1e3", "voice_1e3"),
        ("null", "voice_null"),
        ("Yes", "voice_yes"),
        ("旁白", "voice_00000042"),
        ("", "voice_00000042"),
        (None, "voice_00000042"),
        ("a: [b], {c}\n# d", "a_b_c_d"),
        ("x" * 70, "x" * 63),
        ("${env:KLING_API_KEY}", "env_kling_api_key"),
    ],
)
def test_a_name_becomes_an_address(name: str | None, address: str) -> None:
    assert addresses({"830000000000000042": name}, ()) == {"830000000000000042": address}


def test_voices_of_one_name_all_get_the_end_of_their_voice_id() -> None:
    names = {"830000000000000041": "Hero", "830000000000000042": "HERO", "830000000000000043": "Other"}
    assert addresses(names, ()) == {
        "830000000000000041": "hero_00000041",
        "830000000000000042": "hero_00000042",
        "830000000000000043": "other",
    }


def test_a_taken_address_is_not_used_again() -> None:
    assert addresses({"830000000000000042": "Hero"}, {"HERO"}) == {"830000000000000042": "hero_00000042"}
    taken = {"hero", "hero_00000042"}
    assert addresses({"830000000000000042": "Hero"}, taken) == {"830000000000000042": "hero_830000000000000042"}


def test_the_instances_of_an_entry_take_its_name() -> None:
    assert addresses({"830000000000000042": "cast"}, {'cast["en"]'}) == {"830000000000000042": "cast_00000042"}


@given(VOICES, TAKEN, st.randoms())
def test_any_names_become_valid_addresses_in_any_order(
    names: dict[str, str], taken: set[str], chance: random.Random
) -> None:
    found = addresses(names, taken)
    used = {address.partition("[")[0].lower() for address in taken}
    assert found.keys() == names.keys()
    assert all(map(is_name, found.values()))
    assert len({address.lower() for address in found.values()}) == len(names)
    assert not used & set(found.values())
    assert all(yaml.safe_load(f"{address}: 1") == {address: 1} for address in found.values())
    rows = list(names.items())
    chance.shuffle(rows)
    assert addresses(dict(rows), taken) == found

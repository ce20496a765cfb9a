"""Names of variables, and secret keys written in place of a name."""

from __future__ import annotations

import pytest

from reconciler.model import variables


@pytest.mark.parametrize("name", ["KLING_API_KEY", "A_SECRET", "TENCENT_ID", "MY_TOKEN"])
def test_a_name_that_ends_as_names_of_keys_do_is_kept(name: str) -> None:
    assert variables.kept(name, {}) == variables.compared(name) == name


def test_a_name_that_the_environment_has_is_kept() -> None:
    assert variables.kept("PROD", {"PROD": ""}) == "PROD"


@pytest.mark.parametrize("text", ["PROD", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "f3a91c0be7d24856a1f0c9d8e7b6a594"])
def test_any_other_text_is_a_digest_that_is_the_same_each_time(text: str) -> None:
    hidden = variables.kept(text, {})
    assert text not in hidden
    assert variables.is_hidden(hidden)
    assert variables.compared(hidden) == variables.compared(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "sk-live-abc123",
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        "f3a91c0be7d24856a1f0c9d8e7b6a594",
        "api-key-9fQ2x7LwZt4bN6mK8p",
        "QmFzZSFzaXh0eWZvdXJrZXlzYXJl",
    ],
)
def test_what_may_be_a_key_by_its_form(text: str) -> None:
    assert variables.may_be_key(text)


@pytest.mark.parametrize(
    "text",
    ["TAKE", "KLING_API_KEY", "narrator_2024_final", "850087542757535834", "tencent-vod", "ap-singapore",
     "550e8400-e29b-41d4-a716-446655440000", "NARRATORVOICEURLPRODUCTION", "voice_name", "A_VERY_LONG_NAME_OF_9"],
)  # fmt: skip
def test_a_name_or_an_id_is_not_taken_for_a_key(text: str) -> None:
    assert not variables.may_be_key(text)

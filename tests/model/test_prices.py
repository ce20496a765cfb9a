"""Amounts of money: how they are written, and how they add up."""

from __future__ import annotations

import pytest

from reconciler.model.prices import money, summed, summed_charges


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.35 USD", "0.35 USD"),
        ("50 USD", "50 USD"),
        (" 1.50CNY ", "1.5 CNY"),
        ("0 EUR", "0 EUR"),
        ("100 USD", "100 USD"),
    ],
)
def test_an_amount_is_a_number_and_a_currency(text: str, shown: str) -> None:
    assert str(money(text)) == shown


@pytest.mark.parametrize(
    "text", ["", "50", "USD", "$50", "50 usd", "1,5 EUR", "-1 USD", "1e9 USD", "nan USD", "1 USD 2"]
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="should be an amount and a currency"):
        money(text)


def test_currencies_are_summed_apart_and_exactly() -> None:
    assert [str(each) for each in summed(map(money, ["0.1 USD", "1 CNY", "0.2 USD"]))] == ["1 CNY", "0.3 USD"]


def test_charges_are_summed_for_each_unit() -> None:
    assert summed_charges([]) == ()
    assert summed_charges(["0.05 units", "2 credits", "0.05 units"]) == ("2 credits", "0.1 units")

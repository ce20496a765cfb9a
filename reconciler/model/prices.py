"""Amounts of money, and what vendors say that a paid call costs. An unknown price is unknown, never zero."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from reconciler.values import value

if TYPE_CHECKING:
    from decimal import Decimal  # imported where an amount is read: most plans read none

_AMOUNT = r"^([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([A-Z]{3})$"


@value
class Money:
    """An amount in one currency (ISO 4217)."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.currency}"


@value
class Price:
    """What one paid call costs (`0.007 USD`), who says so, and when that was read (`2026-09-20`)."""

    each: str
    source: str
    read_on: str


def money(text: str) -> Money:
    """The amount that is written as `0.35 USD`. Raises ValueError."""
    from decimal import Decimal

    found = re.match(_AMOUNT, text.strip())
    if found is None:
        raise ValueError("should be an amount and a currency, such as 0.35 USD")
    return Money(Decimal(found[1]), found[2])


def summed(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """One sum for each currency, in the order of their names."""
    sums: dict[str, Decimal] = {}
    for each in amounts:
        sums[each.currency] = sums[each.currency] + each.amount if each.currency in sums else each.amount
    return tuple(Money(sums[currency], currency) for currency in sorted(sums))


def summed_charges(charges: Iterable[str]) -> tuple[str, ...]:
    """One sum for each unit: `0.1 units`. A charge is an amount and a unit, as an adapter made it."""
    from decimal import Decimal

    sums: dict[str, Decimal] = {}
    for each in charges:
        amount, _, unit = each.partition(" ")
        sums[unit] = sums.get(unit, Decimal(0)) + Decimal(amount)
    return tuple(f"{sums[unit].normalize():f} {unit}" for unit in sorted(sums))


def _normal(text: str) -> str:
    return str(money(text))


Amount = Annotated[str, AfterValidator(_normal), Field(json_schema_extra={"pattern": _AMOUNT})]

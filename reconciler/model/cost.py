"""What a plan costs: its calls, the time that they need at least, and their price as far as it is known."""

from __future__ import annotations

from reconciler.values import value


@value
class Cost:
    """`seconds` is the least time of the calls at the accounts' rates; what the clouds need for their tasks is more."""

    calls: int = 0
    paid: int = 0
    seconds: float = 0.0
    rate: float = 0.0  # calls a second, of the account that needs the most time
    known: tuple[str, ...] = ()  # `0.35 USD`, one sum for each currency
    unpriced: int = 0  # paid calls whose price is unknown
    sources: tuple[str, ...] = ()  # where the prices come from

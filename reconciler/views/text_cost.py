"""Says in one or two lines what a plan costs. What is not known is said to be unknown."""

from __future__ import annotations

from reconciler.model.cost import Cost
from reconciler.views.layout import counted


def lines(cost: Cost) -> list[str]:
    """The calls with the time that they need at least, and the price if something is paid. Empty without calls."""
    if not cost.calls:
        return []
    calls = f"{counted(cost.calls, 'call')}, {cost.paid or 'none'} of them paid"
    calls = counted(cost.paid, "paid call") if cost.calls == cost.paid else calls
    found = [f"{calls}: {_time(cost)}."]
    if cost.paid:
        found.append(f"Cost: {_price(cost)}.")
    return found


def _time(cost: Cost) -> str:
    rate = f"{cost.rate:g} {'call' if cost.rate == 1 else 'calls'} a second"
    if cost.seconds < 1:
        return f"less than 1 s at {rate}"
    if cost.seconds < 120:
        return f"at least {cost.seconds:.0f} s at {rate}"
    return f"at least {cost.seconds / 60:.0f} min at {rate}"


def _price(cost: Cost) -> str:
    if not cost.known:
        return "unknown, because the vendor's price is not known; prices: of the provider can say it"
    sources = f" ({'; '.join(cost.sources)})" if cost.sources else ""
    known = " and ".join(cost.known)
    if not cost.unpriced:
        return f"{known}{sources}"
    return f"at least {known}{sources}; the price of {counted(cost.unpriced, 'paid call')} is unknown"

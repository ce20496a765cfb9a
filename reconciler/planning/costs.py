"""What the calls of a plan cost: prices are of the manifest, else of the vendor, else unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.account import USUAL_RATE, Account
from reconciler.model.cloud_types import CloudTypeError, cloud_type
from reconciler.model.cost import Cost
from reconciler.model.methods import keyword_of
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.prices import Money, money, summed

_ACTIVATE = "activate"
_RATES_OF = {Action.REPLACE: "create", Action.CLONE: "create", Action.CREATE: "create", Action.DELETE: "delete"}


def cost_of(plan: Plan, accounts: Mapping[str, Account]) -> Cost:
    """The cost of all changes of a plan. `accounts`: provider -> account."""
    amounts: list[Money] = []
    sources: dict[str, None] = {}
    calls: dict[tuple[str, str], int] = {}  # (provider, action of its rate limit) -> calls
    paid = unpriced = 0
    for change in plan.changes:
        made, _ = change.calls
        for what, count in _by_rate(change, made):
            calls[change.provider, what] = calls.get((change.provider, what), 0) + count
        for what in _paid(change):
            paid += 1
            each, source = _price(accounts.get(change.provider), change.method, what)
            if each is None:
                unpriced += 1
            else:
                amounts.append(each)
                sources[source] = None
    seconds, rate = _slowest(calls, accounts)
    return Cost(
        calls=sum(change.calls[0] for change in plan.changes),
        paid=paid,
        seconds=seconds,
        rate=rate,
        known=tuple(map(str, summed(amounts))),
        unpriced=unpriced,
        sources=tuple(sources),
    )


def _paid(change: Change) -> Iterator[str]:
    """What is paid for: the method's keyword for a new voice, and `activate`."""
    _, paid = change.calls
    if change.activates:
        yield _ACTIVATE
        paid -= 1
    for _ in range(paid):
        yield keyword_of(change.method)


def _by_rate(change: Change, calls: int) -> Iterator[tuple[str, int]]:
    """The calls of a change, by the action whose rate limit they have."""
    if change.activates:
        yield _ACTIVATE, 1
        calls -= 1
    if change.in_place:
        yield "update", 1
        calls -= 1
    if change.action is Action.REPLACE and calls > 1:
        yield "delete", calls - 1
        calls = 1
    if calls > 0:
        yield _RATES_OF.get(change.action, "update"), calls


def _price(account: Account | None, method: str, what: str) -> tuple[Money | None, str]:
    """What one call costs, and who says so."""
    if account is None:
        return None, ""
    declared = next((text for key, text in account.prices.items() if key == what), None)
    if declared is not None:
        return money(declared), "prices: of the manifest"
    try:
        prices = cloud_type(account.type).prices
    except CloudTypeError:
        return None, ""
    known = prices.get(method if what != _ACTIVATE else what)
    return (money(known.each), f"{known.source}, {known.read_on}") if known is not None else (None, "")


def _slowest(calls: Mapping[tuple[str, str], int], accounts: Mapping[str, Account]) -> tuple[float, float]:
    """The longest time that one rate limit needs, in seconds, and that rate. Accounts and actions run side by side."""
    slowest = (0.0, 0.0)
    for (provider, what), count in calls.items():
        account = accounts.get(provider)
        rate = USUAL_RATE if account is None else account.rate_limit.get(what, USUAL_RATE)
        slowest = max(slowest, (count / rate, rate))
    return slowest

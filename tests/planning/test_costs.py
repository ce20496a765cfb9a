"""What a plan costs: the manifest's price, else the vendor's, else it is unknown."""

from __future__ import annotations

from typing import Any

from reconciler.model.cost import Cost
from reconciler.planning.costs import cost_of
from tests.planning import cases
from tests.planning.case_accounts import Raw

REPLACED = {"voices": {"hero": {"create": {"voice_name": "Other"}}}, "records": {"hero@1": "ready"}}


def cost(case: Raw, **account: Any) -> Cost:
    accounts = cases.manifest_of(case).providers
    changed = {
        name: type(each).model_validate(each.model_dump(exclude_unset=True) | account)
        for name, each in accounts.items()
    }
    return cost_of(cases.plan(case), changed)


def test_a_kling_voice_has_the_vendors_price_with_its_date() -> None:
    assert cost({"voices": {"a": {}, "b": {}}}) == Cost(
        calls=2,
        paid=2,
        seconds=0.1,
        rate=20,
        known=("0.014 USD",),
        sources=("Kling's price list, 2026-09-20",),
    )


def test_a_price_of_the_manifest_is_stronger() -> None:
    made = cost({"voices": {"a": {}, "b": {}}}, prices={"create": "0.35 EUR"})
    assert (made.known, made.sources, made.unpriced) == (("0.7 EUR",), ("prices: of the manifest",), 0)


def test_an_unknown_price_is_counted_and_not_zero() -> None:
    case: Raw = {
        "providers": {"kling": None, "vod": None},
        "voices": {"a": {}, "b": {"provider": "vod", "create": {"video_id": "1", "voice_url": None}}},
    }
    made = cost(case)
    assert (made.paid, made.known, made.unpriced) == (2, ("0.007 USD",), 1)


def test_the_time_is_that_of_the_slowest_rate() -> None:
    case: Raw = {"voices": {f"v{n}": {} for n in range(30)}}
    assert cost(case, rate_limit={"create": 2}).seconds == 15
    made = cost(REPLACED, rate_limit={"create": 2, "delete": 0.1})
    assert (made.calls, made.paid, made.seconds, made.rate) == (2, 1, 10, 0.1)


def test_what_calls_nobody_costs_nothing() -> None:
    assert cost({"voices": {"a": {}}, "records": {"a@1": "ready"}}) == Cost()
    assert cost({"voices": {"a": {"labels": {"k": "v"}}}, "records": {"a@1": "ready"}}) == Cost()

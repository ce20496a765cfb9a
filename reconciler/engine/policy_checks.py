"""Checks a plan against `policy:`, and against the limits of the command line. It also says what the plan costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.engine.session import Request, Session
from reconciler.hints import hint
from reconciler.model.cost import Cost
from reconciler.model.finding import Finding, Level
from reconciler.model.plan import Plan, Stop

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.state import State
    from reconciler.planning.daily_limit import Limited

_CORRECT = hint("Correct the entries, or the rules under policy: in the manifest.")


def checked(plan: Plan, session: Session, request: Request) -> Plan:
    """The plan with its cost, with what the rules found in it, and with a stop for each denial.

    A destroy and a refresh make no voice, so that only the rules with a command judge them.
    """
    cost = _cost(plan, session)
    plan = replace(plan, cost=cost, max_paid_calls=request.max_paid_calls, max_cost=request.max_cost)
    found = _limits(cost, request)
    if session.manifest.policy:
        found += _rules(replace(plan, findings=tuple(found)), cost, session)
    if not found:
        return plan
    from reconciler.planning import rules  # most manifests have none

    stops = [Stop(what=line, hint=_CORRECT) for line in rules.lines(rules.denied(found))]
    warnings = rules.lines(each for each in found if each.level is Level.WARN)
    known = {stop.what for stop in plan.stops}
    return replace(
        plan,
        findings=tuple(dict.fromkeys((*plan.findings, *found))),
        notes=(*plan.notes, *warnings),
        stops=(*plan.stops, *(stop for stop in stops if stop.what not in known)),
    )


def within_day(plan: Plan, state: State, request: Request, *, now: datetime) -> Limited:
    """The plan, in which what the limit of paid calls a day does not allow is blocked."""
    from reconciler.model.paid_calls import made_on
    from reconciler.planning.daily_limit import Limited, limited  # a plan needs none of it

    if request.max_paid_calls_per_day is None:
        return Limited(plan)
    return limited(plan, most=request.max_paid_calls_per_day, made=made_on(state.paid_calls, now.date()))


def _cost(plan: Plan, session: Session) -> Cost:
    if plan.empty:
        return Cost()
    from reconciler.planning import costs  # most plans change nothing

    return costs.cost_of(plan, session.manifest.providers)


def _limits(cost: Cost, request: Request) -> list[Finding]:
    if request.max_paid_calls is None and request.max_cost is None:
        return []
    from reconciler.planning.rules import over_budget

    by_count = over_budget(cost, max_paid_calls=request.max_paid_calls, max_cost=None)
    by_price = over_budget(cost, max_paid_calls=None, max_cost=request.max_cost)
    return [
        *(Finding("--max-paid-calls", Level.DENY, message) for message in by_count),
        *(Finding("--max-cost", Level.DENY, message) for message in by_price),
    ]


def _rules(plan: Plan, cost: Cost, session: Session) -> list[Finding]:
    from reconciler.planning import rules

    manifest = session.manifest
    declared = () if plan.destroy or plan.refresh_only else rules.of_declarations(manifest)
    found = [*declared, *rules.of_plan(manifest.policy, cost)]
    return [*found, *session.run_policies(replace(plan, findings=(*plan.findings, *found)))]

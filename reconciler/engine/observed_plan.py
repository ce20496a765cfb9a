"""Looks at the accounts, and makes the plan for what they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.engine.clocks import ShiftedClock, ahead_by, note
from reconciler.engine.cloud import Cloud
from reconciler.engine.preconditions import refuse_unmatched
from reconciler.engine.probe import Verifier
from reconciler.engine.refresh import connect_all, needed_providers, observe_all
from reconciler.engine.session import Request, Session
from reconciler.model.observed import Observations, Unknown
from reconciler.model.plan import Plan
from reconciler.model.state import State
from reconciler.planning import no_state, planner
from reconciler.planning.finish import finish
from reconciler.protocols.clock import Clock
from reconciler.values import value

if TYPE_CHECKING:
    from reconciler.model.survey import Survey


_NOT_REFRESHED = (
    "No account was looked at (--refresh=false): voices may be gone, renamed or made already. "
    "This plan can't be saved or applied."
)


@value
class ObservedPlan:
    """A plan with what it was made from. `survey`: of the accounts, if the state has no record.

    `failing`: the providers that could not be looked at, each with the reason.
    """

    plan: Plan
    survey: Survey | None
    clouds: Mapping[str, Cloud]
    clock: Clock
    failing: Mapping[str, str] = field(default_factory=dict)


def observed_plan(session: Session, state: State, request: Request, verifier: Verifier | None = None) -> ObservedPlan:
    """The plan for the present state of the accounts. `verifier` checks the observations again."""
    refuse_unmatched(request.options.scope, state, session.manifest.voices)
    manifest, now = session.manifest, session.clock.now()
    needed = needed_providers(manifest, state, now=now)
    connected, unconnected = connect_all(session.connect, [name for name in needed if name not in request.resting])
    accounts = {name: cloud.provider.account for name, cloud in connected.items()}
    extra = planner.unrecorded(manifest, state, accounts, now=now)
    if request.refresh:
        observed, refusing = observe_all(manifest, state, connected, extra, seconds=request.look_seconds)
    else:
        from reconciler.planning import assumed

        observed, refusing = assumed.observations(state, accounts), {}
    clouds = {name: cloud for name, cloud in connected.items() if name in observed}
    seen = verifier(state, clouds, observed) if verifier is not None else observed
    ahead = ahead_by(seen.values())
    capabilities = {name: cloud.provider.capabilities for name, cloud in clouds.items()}
    failing = unconnected | refusing
    closed = {**request.resting, **failing}
    survey = None
    if not state.records and request.refresh:
        from reconciler.planning import survey as surveying  # most runs have a state with records

        survey = surveying.survey(
            manifest, state, seen, capabilities, closed=closed, stateless=not session.store.exists
        )
    new_plan = finish(
        planner.plan(manifest, state, seen, capabilities, now=now + ahead, options=request.options, closed=closed),
        manifest,
        state,
        options=request.options,
        is_set=session.is_set,
        allow_deletes=request.allow_deletes,
        new_state=request.new_state,
        shared=session.shared,
        notes=(
            *session.notes,
            *note(ahead),
            *_other_voices_note(request, survey),
            *(() if request.refresh else (_NOT_REFRESHED,)),
        ),
    )
    new_plan = new_plan if request.refresh else replace(new_plan, refreshed=False)
    return ObservedPlan(
        new_plan,
        survey,
        clouds,
        ShiftedClock(session.clock, ahead),
        failing=_unread(observed) | {name: problem.why for name, problem in failing.items()},
    )


def _unread(observed: Mapping[str, Observations]) -> dict[str, str]:
    """The accounts that answered nothing usable, each with the reason."""
    why: dict[str, str] = {}
    for name, each in observed.items():
        unknown = [o.why for o in each.of.values() if isinstance(o, Unknown)]
        if each.unlisted is not None or (unknown and len(unknown) == len(each.of)):
            why[name] = each.unlisted or unknown[0]
    return why


def _other_voices_note(request: Request, survey: Survey | None) -> tuple[str, ...]:
    """The note about voices that a destroy without a state does not delete."""
    more = no_state.note(survey) if request.options.destroy and survey is not None else ""
    return (more,) if more else ()

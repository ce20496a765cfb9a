"""Finds the voices that are as declared: no rule of the planner would change, block or report them.

Most plans change little. The rules need the same few facts about each voice, so this module checks those facts once.
Every other voice goes through all the rules, which then decide alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Found, Observation, Observations, TaskStatus
from reconciler.model.state import Record, Status
from reconciler.planning import consents
from reconciler.planning.plan_context import PlanContext


def unchanged_voices(context: PlanContext, declared: Mapping[str, Voice]) -> set[str]:
    """The addresses of voices made by voicectl which exist, and of which nothing differs from manifest and state."""
    unchanged: set[str] = set()
    records, current = context.state.records, context.state.current
    excluded = context.pending.keys() | context.blocked.keys() | context.options.replace | context.options.retry
    excluded |= context.options.accept | context.options.reject | consents.expired(declared, context.now)
    observed_of = _usable_observations(context)
    first_use_matters: dict[tuple[str, str], bool] = {}  # (provider, method)
    for address, voice in declared.items():
        record = records.get(current.get(address, ""))
        if record is None or address in excluded or voice.provider not in observed_of:
            continue
        if not _is_as_seen(record, observed_of[voice.provider].get(record.external_task_id)):
            continue
        made_by = voice.provider, voice.method
        if made_by not in first_use_matters:
            first_use_matters[made_by] = context.can(voice).activates or voice.origin is not Origin.MADE
        if not first_use_matters[made_by] and _is_as_recorded(voice, record):
            unchanged.add(address)
    return unchanged


def nothing_changes(context: PlanContext, declared: Mapping[str, Voice], unchanged: Collection[str]) -> bool:
    """Whether there is nothing but voices that are as declared: no other record, and no marked voice without one."""
    state = context.state
    only_these = len(declared) == len(unchanged) == len(state.current) == len(state.records)
    return only_these and not context.marked.all


def _usable_observations(context: PlanContext) -> Mapping[str, Mapping[str, Observation]]:
    """Provider -> its observations, for the declared accounts that were read and have no problem."""
    usable: dict[str, Mapping[str, Observation]] = {}
    for name in context.manifest.providers:
        seen: Observations | None = context.observations.get(name)
        if seen is not None and name not in context.account_problems:
            usable[name] = seen.of
    return usable


def _is_as_recorded(voice: Voice, record: Record) -> bool:
    """Whether the entry is what was sent. Inputs with a secret are not: they are recorded without it."""
    return (
        record.provider == voice.provider
        and record.method == voice.method
        and record.sent == voice.inputs
        and record.labels == voice.labels
        and (record.lifecycle is voice.lifecycle or record.lifecycle == voice.lifecycle)
    )


def _is_as_seen(record: Record, observed: Observation | None) -> bool:
    """Whether the voice exists with the recorded name, and nothing is going on with it."""
    if type(observed) is not Found or record.status is not Status.READY:
        return False
    remote = observed.remote
    return (
        remote.status is TaskStatus.READY
        and remote.voice_name == record.voice_name
        and not remote.active
        and record.expires_at is None
    )

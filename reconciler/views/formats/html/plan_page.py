"""What the page of a plan shows: its changes by action, with the old and the new voice side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.hints import command
from reconciler.model.plan import Action, Candidate, Change, Plan
from reconciler.model.recordings import Recording, Recordings
from reconciler.values import value
from reconciler.views import text_cost
from reconciler.views.document_context import DocumentContext
from reconciler.views.formats.html.drift_page import DriftGroup, drift_groups
from reconciler.views.formats.html.parts import Field, Player, Way, fields, player, typed, ways
from reconciler.views.layout import counted
from reconciler.views.layout import value as shown
from reconciler.views.render_options import RenderOptions
from reconciler.views.text_change import sign_of
from reconciler.views.text_plan import as_declared

_HEADINGS = {  # in the order of display: what needs a person first
    Action.BLOCKED: ("Blocked", "These can't be done as they are."),
    Action.REPLACE: ("Replace", "A new voice is made, and the old one is deleted. The voice ID changes."),
    Action.DELETE: ("Delete", "These voices are deleted in their clouds."),
    Action.FORGET: ("Forget", "The state forgets these voices; their clouds keep them."),
    Action.CREATE: ("Create", "These voices are made."),
    Action.CLONE: ("Clone", "These voices are made from a speaker."),
    Action.UPDATE: ("Update", "These are changed in place."),
    Action.MOVE: ("Move", "These get another address. No call is made."),
    Action.RECOVER: ("Recover", "These voices exist, and are taken into the state. Nothing is paid."),
    Action.RESUME: ("Resume", "These are still being made: their result is waited for."),
}
_NEW_ID = "known after the apply"
_NAMES_A_VOICE = ("voice_id", "voice_name", "name")


@value
class Card:
    """One change."""

    address: str
    provider: str
    action: str
    sign: str
    reason: str
    source: str
    ways: tuple[Way, ...]
    fields: tuple[Field, ...]
    both: bool  # the fields have a before and an after
    players: tuple[Player, ...]


@value
class Group:
    """All changes of one action."""

    name: str
    heading: str
    explained: str
    cards: tuple[Card, ...]


@value
class StopBox:
    what: str
    ways: tuple[Way, ...]


@value
class PlanPage:
    title: str
    manifest: str
    sandbox: bool
    verdict: str
    counts: tuple[tuple[str, int], ...]
    groups: tuple[Group, ...]
    waiting: tuple[Card, ...]  # the candidates
    drift: tuple[DriftGroup, ...]
    drifted: int
    stops: tuple[StopBox, ...]
    notes: tuple[str, ...]
    unseen: tuple[str, ...]
    outputs: tuple[tuple[str, str], ...]
    cost: tuple[str, ...]
    scope: tuple[str, ...]
    apply: str
    new_ids: str
    plan_id: str

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """What the changes can be filtered by."""
        waiting = (("candidate", "Waiting for review"),) if self.waiting else ()
        drift = (("drift", "Drift"),) if self.drift else ()
        return (*waiting, *((group.name, group.heading) for group in self.groups), *drift)


def page(plan: Plan, context: DocumentContext, options: RenderOptions) -> PlanPage:
    summary = plan.summary
    groups = tuple(_groups(plan.changes, context.recordings, options))
    replaced = any(each.action is Action.REPLACE and not each.abandons for each in plan.changes)
    return PlanPage(
        title="Plan to destroy" if plan.destroy else "Plan for",
        manifest=context.manifest,
        sandbox=plan.sandbox,
        verdict=_verdict(plan),
        counts=tuple((heading, summary[action]) for action, (heading, _) in _HEADINGS.items() if summary[action]),
        groups=groups,
        waiting=tuple(_waiting(each, context.recordings, options) for each in plan.candidates),
        drift=drift_groups(plan.drift, context.recordings),
        drifted=len(plan.drift),
        stops=tuple(StopBox(stop.what, ways(stop.hint, options)) for stop in plan.stops),
        notes=plan.notes,
        unseen=plan.unseen,
        outputs=tuple((file.path, file.what) for file in plan.outputs),
        cost=tuple(text_cost.lines(plan.cost)) if plan.cost is not None else (),
        scope=_scope(plan),
        apply=_apply(plan, context, options),
        new_ids=typed(command("output"), options) if replaced else "",
        plan_id=plan.plan_id,
    )


def _verdict(plan: Plan) -> str:
    if not plan.changes:
        return f"No changes. {as_declared(plan)}"
    parts = [counted(len(plan.changes), "change"), counted(sum(c["paid"] for c in plan.calls().values()), "paid call")]
    parts += [f"{plan.unchanged} unchanged"] if plan.unchanged else []
    return ", ".join(parts) + "."


def _scope(plan: Plan) -> tuple[str, ...]:
    """What restricts the plan."""
    lines = [f"Only {', '.join(plan.targets)}."] if plan.targets else []
    lines += [f"Without {', '.join(plan.excludes)}."] if plan.excludes else []
    lines += [f"{counted(plan.left_out, 'change')} left out."] if plan.left_out else []
    lines += ["No account was looked at."] if not plan.refreshed else []
    return tuple(lines)


def _apply(plan: Plan, context: DocumentContext, options: RenderOptions) -> str:
    """The command that applies exactly this plan; empty if it is not saved, or refused."""
    if not plan.changes or not plan.refreshed or plan.stops or context.planfile is None:
        return ""
    return typed(command("apply", context.planfile), options)


def _groups(changes: Sequence[Change], recordings: Recordings, options: RenderOptions) -> list[Group]:
    groups = []
    for action, (heading, explained) in _HEADINGS.items():
        cards = tuple(_card(each, recordings, options) for each in changes if each.action is action)
        if cards:
            groups.append(Group(str(action), heading, explained, cards))
    return groups


def _card(change: Change, recordings: Recordings, options: RenderOptions) -> Card:
    rows = _fields(change)
    return Card(
        address=change.address or "a voice",
        provider=change.provider,
        action=str(change.action),
        sign=sign_of(change.action)[0],
        reason=change.reason,
        source=change.source or "",
        ways=ways(change.hint, options),
        fields=rows,
        both=any(row.before for row in rows),
        players=_players(change, recordings),
    )


def _waiting(candidate: Candidate, recordings: Recordings, options: RenderOptions) -> Card:
    """A candidate, to be heard beside the present voice."""
    address, now, key = candidate.address, candidate.current_key or "", candidate.key
    players = (
        _best("Now", address, recordings.trials.get(now), recordings.samples.get(now)),
        _best("Candidate", address, recordings.trials.get(key), recordings.samples.get(key)),
    )
    ids = Field("voice_id", shown(candidate.current_voice_id), shown(candidate.voice_id))
    return Card(
        address=address,
        provider=candidate.provider,
        action="candidate",
        sign="?",
        reason="" if candidate.declared else "The entry declares other inputs than this candidate.",
        source="",
        ways=ways(candidate.hint, options),
        fields=(*fields(candidate.fields), ids),
        both=True,
        players=tuple(each for each in players if each is not None),
    )


def _fields(change: Change) -> tuple[Field, ...]:
    before, after = change.before or {}, change.after or {}
    match change.action:
        case Action.CREATE | Action.CLONE if change.candidate and change.fields:
            return fields(change.fields)
        case Action.CREATE | Action.CLONE:
            return _side(after)
        case Action.REPLACE:
            known = after.get("voice_id", change.made.voice_id if change.made is not None else None)
            new = shown(known) if known is not None else _NEW_ID
            others = fields(each for each in change.fields if each.name != "voice_id")
            return (*others, Field("voice_id", shown(before.get("voice_id")), new))
        case Action.DELETE | Action.FORGET:
            return _side({key: before.get(key) for key in _NAMES_A_VOICE})
        case Action.RECOVER | Action.RESUME:
            made = {"voice_id": change.made.voice_id} if change.made is not None else {}
            return _side({**made, **after})
        case Action.MOVE:
            return _side({"voice_id": before.get("voice_id")})
        case Action.UPDATE | Action.BLOCKED | Action.NO_OP:
            return fields(change.fields)


def _side(inputs: Mapping[str, object]) -> tuple[Field, ...]:
    return tuple(Field(name, "", shown(given)) for name, given in inputs.items() if given not in (None, {}, []))


def _players(change: Change, recordings: Recordings) -> tuple[Player, ...]:
    """The present voice, and what the apply would make. A voice that is made already is heard itself."""
    found: list[Player | None] = []
    if change.record is not None:
        trial, sample = recordings.trials.get(change.record), recordings.samples.get(change.record)
        found.append(_best("Now", change.address, trial, sample))
    if change.action not in (Action.DELETE, Action.FORGET, Action.MOVE, Action.UPDATE):
        made = recordings.trials.get(change.key) if change.key not in (None, change.record) else None
        found.append(
            _best(
                "For review" if change.candidate else "After the apply",
                change.address,
                made,
                recordings.declared.get(change.address),
            )
        )
    return tuple(each for each in found if each is not None)


def _best(when: str, address: str, trial: Recording | None, sample: Recording | None) -> Player | None:
    """How the voice sounds, or else what it is made from; a reason only if neither can be heard."""
    of_sample = player(f"{when}: the sample", address, sample)
    of_voice = player(f"{when}: the voice", address, trial)
    heard = [each for each in (of_voice, of_sample) if each is not None and each.recording.source]
    return heard[0] if heard else of_sample or of_voice

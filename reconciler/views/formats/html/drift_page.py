"""What the page of drift shows: the voices that changed outside of voicectl, by kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.hints import command
from reconciler.model.plan import Drift, DriftKind, Plan
from reconciler.model.recordings import Recordings
from reconciler.model.survey import Survey
from reconciler.values import value
from reconciler.views import text_survey
from reconciler.views.document_context import DocumentContext
from reconciler.views.formats.html.parts import Field, Player, Way, fields, player, typed, ways
from reconciler.views.render_options import RenderOptions
from reconciler.views.text_plan import drift_verdict

_HEADINGS = {
    DriftKind.GONE: ("Gone", "These voices no longer exist in their cloud."),
    DriftKind.FAILED: ("Failed", "These voices failed in their cloud."),
    DriftKind.EXPIRED: ("Expired", "The time for which their cloud keeps these is over."),
    DriftKind.RENAMED: ("Renamed", "These have another name in their cloud."),
    DriftKind.SURPLUS: ("Surplus", "These carry a marker of voicectl, but are not in the state."),
}


@value
class DriftCard:
    address: str
    provider: str
    fields: tuple[Field, ...]
    players: tuple[Player, ...]


@value
class DriftGroup:
    name: str
    heading: str
    explained: str
    cards: tuple[DriftCard, ...]


@value
class DriftPage:
    manifest: str
    sandbox: bool
    verdict: str
    counts: tuple[tuple[str, int], ...]
    groups: tuple[DriftGroup, ...]
    held: tuple[str, ...]  # what the accounts hold, if there is no state
    notes: tuple[str, ...]
    unseen: tuple[str, ...]
    ways: tuple[Way, ...]
    accept: str  # the command that takes over a new name

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """What the voices can be filtered by."""
        return tuple((group.name, group.heading) for group in self.groups)


def page(plan: Plan, survey: Survey | None, context: DocumentContext, options: RenderOptions) -> DriftPage:
    found = (*plan.drift, *(survey.drift if survey is not None else ()))
    groups = drift_groups(found, context.recordings)
    renamed = any(one.kind is DriftKind.RENAMED for one in found)
    return DriftPage(
        manifest=context.manifest,
        sandbox=plan.sandbox,
        verdict=drift_verdict(plan) if survey is None else text_survey.verdict(survey),
        counts=tuple((group.heading, len(group.cards)) for group in groups),
        groups=groups,
        held=tuple(text_survey.lines(survey)) if survey is not None else (),
        notes=plan.notes,
        unseen=(*plan.unseen, *(survey.unseen if survey is not None else ())),
        ways=ways(plan.ways_to_see if survey is None else survey.ways_to_see, options),
        accept=typed(command("drift --accept ADDRESS"), options) if renamed else "",
    )


def drift_groups(found: Iterable[Drift], recordings: Recordings) -> tuple[DriftGroup, ...]:
    """The drift by kind, the worst first."""
    listed: Sequence[Drift] = tuple(found)
    groups = []
    for kind, (heading, explained) in _HEADINGS.items():
        cards = tuple(_card(one, recordings) for one in listed if one.kind is kind)
        if cards:
            groups.append(DriftGroup(str(kind), heading, explained, cards))
    return tuple(groups)


def _card(one: Drift, recordings: Recordings) -> DriftCard:
    sample = player("The declared sample", one.address, recordings.declared.get(one.address))
    return DriftCard(
        address=one.address or "a voice",
        provider=one.provider,
        fields=fields(one.fields),
        players=() if sample is None else (sample,),
    )

"""A plan, drift and a fleet as one page of HTML each. A page asks for nothing but recordings that its reader plays.

Its policy (CSP) allows only the style and the script in it, by their digests, and sound from where its recordings are.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.plan import Plan
from reconciler.model.recordings import AudioChoice, Recording, Recordings
from reconciler.model.survey import Survey
from reconciler.views.document_context import DocumentContext
from reconciler.views.formats.html import drift_page, fleet_page, plan_page, templates
from reconciler.views.formats.html.fleet_page import Fleet
from reconciler.views.render_options import RenderOptions

MANY = 150  # voices or changes; the browser lays those of a longer page out when they come into view


def plan(plan: Plan, context: DocumentContext, options: RenderOptions) -> str:
    many = len(plan.changes) + len(plan.drift) > MANY
    return _written("plan.html", context, options, page=plan_page.page(plan, context, options), many=many)


def drift(plan: Plan, survey: Survey | None, context: DocumentContext, options: RenderOptions) -> str:
    page = drift_page.page(plan, survey, context, options)
    return _written("drift.html", context, options, page=page, many=len(plan.drift) > MANY)


def fleet(fleet: Fleet, context: DocumentContext, options: RenderOptions) -> str:
    """The voices of a state, with what the manifest says about them."""
    page = fleet_page.page(fleet, context)
    return _written("fleet.html", context, options, page=page, many=len(page.rows) > MANY)


def _written(template: str, context: DocumentContext, options: RenderOptions, *, page: object, many: bool) -> str:
    heard = context.recordings
    media = _media_sources(heard)
    document = templates.render(template, page=page, recordings=heard, media=media, many=many).rstrip()
    if options.utf8:
        return document
    return document.encode("ascii", "xmlcharrefreplace").decode("ascii")  # style and script are ASCII


def _media_sources(recordings: Recordings) -> str:
    """From where the page may play sound, for its policy."""
    match recordings.audio:
        case AudioChoice.NONE:
            return "'none'"
        case AudioChoice.INLINE:
            return "data:"
        case AudioChoice.LINK:
            schemes = {each.source.partition("//")[0].lower() for each in _recordings(recordings) if each.source}
            return " ".join(sorted(schemes & {"http:", "https:"})) or "'none'"


def _recordings(recordings: Recordings) -> Iterable[Recording]:
    for each in (recordings.declared, recordings.samples, recordings.trials):
        yield from each.values()

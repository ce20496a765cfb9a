"""Documents as text for people. A plan and its drift hold commands to copy, and are folded to fit a screen."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.errors import ManifestError, VoicectlError
from reconciler.model.events import Event
from reconciler.model.manifest import Manifest
from reconciler.model.outputs import Row
from reconciler.model.plan import Plan
from reconciler.model.state import State
from reconciler.model.survey import Survey
from reconciler.model.voice_list import VoiceList
from reconciler.views import text
from reconciler.views.render_options import RenderOptions
from reconciler.views.screen import fitted


def plan(plan: Plan, options: RenderOptions) -> str:
    return fitted(text.plan(plan, colour=options.colour, detail=options.detail), options)


def drift(plan: Plan, survey: Survey | None, options: RenderOptions) -> str:
    parts = [text.drift(plan, colour=options.colour)] if survey is None or plan.drift else []
    if survey is not None:
        parts.append(text.survey(survey, colour=options.colour))
    return fitted("\n".join(parts), options)


def state(state: State, options: RenderOptions) -> str:
    return text.state(state, colour=options.colour)


def output(rows: Mapping[str, Row], address: str | None, options: RenderOptions) -> str:  # noqa: ARG001 - a Format's
    return text.output(rows, address)


def manifest(manifest: Manifest, options: RenderOptions) -> str:  # noqa: ARG001 - a Format's
    return text.manifest_ok(manifest)


def problems(invalid: ManifestError, options: RenderOptions) -> str:
    return error(invalid, options)


def error(error: VoicectlError, options: RenderOptions) -> str:
    return fitted(text.error(error, colour=options.colour), options)


def event(event: Event, options: RenderOptions) -> str:
    """A line of an apply."""
    return fitted(text.event(event, colour=options.colour), options)


def voices(listed: VoiceList, options: RenderOptions) -> str:
    return text.voices(listed, colour=options.colour)

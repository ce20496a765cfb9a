"""Documents as text for people."""

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


def plan(plan: Plan, options: RenderOptions) -> str:
    return text.plan(plan, options)


def drift(plan: Plan, survey: Survey | None, options: RenderOptions) -> str:
    parts = [text.drift(plan, options)] if survey is None or plan.drift else []
    if survey is not None:
        parts.append(text.survey(survey, options))
    return "\n".join(parts)


def state(state: State, options: RenderOptions) -> str:
    return text.state(state, options)


def output(rows: Mapping[str, Row], address: str | None, options: RenderOptions) -> str:  # noqa: ARG001 - a Format's
    return text.output(rows, address)


def manifest(manifest: Manifest, options: RenderOptions) -> str:  # noqa: ARG001 - a Format's
    return text.manifest_ok(manifest)


def problems(invalid: ManifestError, options: RenderOptions) -> str:
    return error(invalid, options)


def error(error: VoicectlError, options: RenderOptions) -> str:
    return text.error(error, options)


def event(event: Event, options: RenderOptions) -> str:
    """One line for an event of an apply."""
    return text.event(event, options)


def voices(listed: VoiceList, options: RenderOptions) -> str:
    return text.voices(listed, options)

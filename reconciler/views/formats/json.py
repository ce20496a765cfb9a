"""JSON documents for programs: in ASCII if the stream is not UTF-8."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.errors import ManifestError
from reconciler.model.events import Event
from reconciler.model.manifest import Manifest
from reconciler.model.outputs import Row
from reconciler.model.plan import Plan
from reconciler.model.state import State
from reconciler.model.survey import Survey
from reconciler.model.voice_list import VoiceList
from reconciler.views import json_documents
from reconciler.views.render_options import RenderOptions


def plan(plan: Plan, options: RenderOptions) -> str:
    return _written(json_documents.plan_document(plan, options), options)


def drift(plan: Plan, survey: Survey | None, options: RenderOptions) -> str:
    return _written(json_documents.drift_document(plan, survey), options)


def state(state: State, options: RenderOptions) -> str:
    return _written(json_documents.state_document(state), options)


def output(rows: Mapping[str, Row], address: str | None, options: RenderOptions) -> str:
    document = json_documents.output_document(rows)
    return _written(document if address is None else document[address], options)


def manifest(manifest: Manifest, options: RenderOptions) -> str:
    return _written(json_documents.manifest_document(manifest), options)


def problems(error: ManifestError, options: RenderOptions) -> str:
    return _written(json_documents.problems_document(error), options)


def voices(listed: VoiceList, options: RenderOptions) -> str:
    return _written(json_documents.voices_document(listed), options)


def event(event: Event, sequence: int, options: RenderOptions) -> str:
    """One line for an event of an apply."""
    document = json_documents.event_document(event, sequence, options)
    return json_documents.dumps(document, indent=None, ascii_only=not options.utf8)


def _written(document: object, options: RenderOptions) -> str:
    return json_documents.dumps(document, ascii_only=not options.utf8)

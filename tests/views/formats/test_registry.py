"""Every format shows every document, from its value and the options alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.errors import ManifestError, Problem
from reconciler.model.manifest import Manifest
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.outputs import outputs
from reconciler.model.plan import Plan
from reconciler.model.state import State
from reconciler.model.survey import Survey
from reconciler.model.voice_list import VoiceList
from reconciler.views import json_documents, text
from reconciler.views.document_context import DocumentContext
from reconciler.views.formats.registry import (
    CHECKS,
    HTML,
    NAMES,
    REVIEWS,
    annotations_named,
    format_named,
    review_named,
)
from reconciler.views.render_options import Detail, RenderOptions
from reconciler.views.screen import fitted
from tests.views.conftest import NOW

PLAIN = RenderOptions()
CONTEXT = DocumentContext(manifest="voices.yaml")
MANIFEST = Manifest(name="voices.yaml")
PROBLEM = Problem(file="voices.yaml", line=3, column=5, path="voices.narrator", what="not a voice")


@pytest.mark.parametrize("name", NAMES)
def test_a_format_shows_every_document(name: str, plan: Plan, state: State) -> None:
    shown = format_named(name)
    rows = outputs(state, now=NOW)
    assert shown.plan(plan, PLAIN)
    assert shown.drift(plan, None, PLAIN)
    assert shown.drift(plan, Survey(stateless=True), PLAIN)
    assert shown.state(state, PLAIN)
    assert shown.output(rows, None, PLAIN)
    assert shown.output(rows, "narrator", PLAIN)
    assert shown.voices(VoiceList(), PLAIN)
    assert shown.manifest(MANIFEST, PLAIN)
    assert shown.problems(ManifestError([PROBLEM]), PLAIN)


@pytest.mark.parametrize("name", [name for name in REVIEWS if name not in NAMES])
def test_a_format_for_reviews_shows_a_plan_and_drift(name: str, plan: Plan) -> None:
    if name == HTML:
        pytest.importorskip("jinja2", reason="needs the extra [html]")
    shown = review_named(name)
    assert shown.plan(plan, CONTEXT, PLAIN)
    assert shown.drift(plan, None, CONTEXT, PLAIN)
    assert shown.drift(plan, Survey(stateless=True), CONTEXT, PLAIN)


@pytest.mark.parametrize("name", [name for name in CHECKS if name not in NAMES])
def test_a_format_of_annotations_shows_a_manifest_and_its_problems(name: str) -> None:
    shown = annotations_named(name)
    assert shown.manifest(MANIFEST, CONTEXT, PLAIN)
    assert shown.problems(ManifestError([PROBLEM]), CONTEXT, PLAIN)


def test_text_has_the_requested_colours_and_detail(plan: Plan) -> None:
    options = RenderOptions(colour=True, detail=Detail.SUMMARY)
    assert format_named("text").plan(plan, options) == fitted(text.plan(plan, options), options)


def test_text_is_folded_for_a_screen_and_only_for_one(plan: Plan) -> None:
    whole = format_named("text").plan(plan, PLAIN)
    assert len(whole.splitlines()[-1]) > 60
    on_a_screen = format_named("text").plan(plan, RenderOptions(columns=60))
    assert len(on_a_screen.splitlines()[-1]) <= 60
    assert on_a_screen.split() == whole.split()


def test_commands_in_text_lead_to_the_same_place(plan: Plan) -> None:
    shown = format_named("text").plan(plan, RenderOptions(global_options="-f studio.yaml"))
    assert "this apply: voicectl -f studio.yaml output" in shown


def test_letters_that_the_stream_lacks_are_escaped(plan: Plan) -> None:
    noted = replace(plan, notes=("sträße",))
    assert "str\\xe4\\xdfe" in format_named("text").plan(noted, RenderOptions(encoding="ascii"))


def test_json_is_ascii_where_the_stream_is_not_utf8(state: State) -> None:
    named = VoiceList(voices=(RemoteVoice(status=TaskStatus.READY, voice_id="1", voice_name="é"),))
    assert r"\u00e9" in format_named("json").voices(named, RenderOptions(encoding="latin-1"))
    assert "é" in format_named("json").voices(named, RenderOptions(encoding="utf-8"))


def test_json_is_the_document(plan: Plan) -> None:
    assert format_named("json").plan(plan, PLAIN) == json_documents.dumps(json_documents.plan_document(plan))


def test_json_of_one_address_is_its_row(state: State) -> None:
    rows = outputs(state, now=NOW)
    everything = json.loads(format_named("json").output(rows, None, PLAIN))
    assert json.loads(format_named("json").output(rows, "narrator", PLAIN)) == everything["narrator"]


def test_if_no_voice_is_unmanaged_the_number_of_managed_ones_is_shown() -> None:
    assert format_named("text").voices(VoiceList(managed=3), PLAIN) == (
        "All 3 voices that the account lists are managed."
    )
    assert format_named("text").voices(VoiceList(), PLAIN) == "The account lists no voices."


def test_a_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError):
        format_named("xml")
    with pytest.raises(KeyError):
        review_named("text")
    with pytest.raises(KeyError):
        annotations_named("markdown")

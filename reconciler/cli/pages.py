"""The pages of --format html: collects what can be heard, and renders the page of a fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.context import manifest_at, on_stdout, options, session
from reconciler.cli.review import context_of, environment_values
from reconciler.errors import VoicectlError
from reconciler.model.recordings import AudioChoice, Recordings
from reconciler.views.formats.registry import HTML

if TYPE_CHECKING:
    from reconciler.engine.recordings import Sources, Wanted
    from reconciler.engine.session import Session
    from reconciler.model.manifest import Manifest
    from reconciler.model.plan import Plan
    from reconciler.model.state import State


def recordings_of_plan(opened: Session, plan: Plan, audio: AudioChoice) -> Recordings:
    """What the page of a plan lets its reader hear. Looks at the accounts whose voices the plan changes.

    It looks at none for a plan that was made without a look at the accounts.
    """
    from reconciler.engine import recordings

    wanted = recordings.of_plan(plan, opened.recorded(), opened.manifest)
    return _collected(opened, wanted, audio) if plan.refreshed else recordings.collect(wanted, audio, _sources(audio))


def recordings_of_drift(opened: Session, plan: Plan, audio: AudioChoice) -> Recordings:
    """What the page of drift lets its reader hear."""
    from reconciler.engine import recordings

    return _collected(opened, recordings.of_drift([one.address for one in plan.drift], opened.manifest), audio)


def recordings_of_saved(plan: Plan, audio: AudioChoice) -> Recordings:
    """The same for a saved plan, by the manifest and the accounts of today."""
    with session() as opened:
        return recordings_of_plan(opened, plan, audio)


def fleet_document(state: State, audio: AudioChoice | None) -> str:
    """The page of all voices of the state. It is made without a valid manifest too, and says what is missing then."""
    from functools import partial

    from reconciler.system_clock import SystemClock
    from reconciler.views.formats.html import document
    from reconciler.views.formats.html.fleet_page import Fleet

    manifest, notes = _manifest()
    declared = manifest.voices if manifest is not None else {}
    recorded = {name for record in state.records.values() for name in (record.address, record.provider)}
    public = frozenset(recorded | declared.keys() | {voice.provider for voice in declared.values()})
    fleet = Fleet(
        state=state,
        manifest=manifest,
        now=SystemClock().now(),
        hidden=partial(environment_values().text, known=public),
        notes=notes,
    )
    heard = _heard(state, manifest, audio) if audio is not None else None
    return document.fleet(fleet, context_of(HTML, recordings=heard), on_stdout())


def _heard(state: State, manifest: Manifest | None, audio: AudioChoice) -> Recordings:
    from reconciler.engine import recordings

    wanted = recordings.of_fleet(state, manifest)
    if manifest is None:
        return recordings.collect(wanted, audio, _sources(audio))
    with session(manifest) as opened:
        return _collected(opened, wanted, audio)


def _collected(opened: Session, wanted: Wanted, audio: AudioChoice) -> Recordings:
    from dataclasses import replace

    from reconciler.engine import recordings

    sources = replace(_sources(audio), connect=opened.connect, providers=opened.manifest.providers)
    return recordings.collect(wanted, audio, sources)


def _sources(audio: AudioChoice) -> Sources:
    """Where recordings come from, without the accounts."""
    from reconciler import wiring
    from reconciler.engine.embedding import Embedding
    from reconciler.engine.recordings import Sources
    from reconciler.engine.worker_pool import ThreadPool
    from reconciler.system_clock import SystemClock

    embedding = None
    if audio is AudioChoice.INLINE:
        embedding = Embedding(wiring.fetch_sounds(options().workspace()), SystemClock(), ThreadPool)
    return Sources(connect=None, providers=(), hidden=environment_values().text, embedding=embedding)


def _manifest() -> tuple[Manifest | None, tuple[str, ...]]:
    try:
        return manifest_at(options().workspace()), ()
    except VoicectlError as error:
        note = f"The manifest can't be read, so samples and consents are not shown. {error.headline}."
        return None, (note.replace("..", "."),)

"""Loads a manifest from a file or a folder, or raises all its problems at once.

Reads files only: calls no cloud, and knows no default path.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from reconciler.errors import ManifestError, Problem
from reconciler.loader import defaults, subfolders
from reconciler.loader.accounts import Accounts, accounts
from reconciler.loader.entry_sections import SOUNDS, VOICES
from reconciler.loader.file_names import shown
from reconciler.loader.files import Source, sources
from reconciler.loader.includes import Documents, read_documents
from reconciler.loader.invisible import merge_blank_problems
from reconciler.loader.messages import validation_problems
from reconciler.loader.problems import RawProblem, located
from reconciler.loader.sections import Section, Sections, sections
from reconciler.loader.variable_options import NO_OPTIONS, VariableOptions
from reconciler.loader.voices import VoiceReader
from reconciler.model.manifest import DEFAULT_SAFETY, Manifest, Safety, Voice

if TYPE_CHECKING:
    from reconciler.audio.probing import Fetch
    from reconciler.loader.audio_urls import DeclaredUrl
    from reconciler.model.output_files import OutputFile
    from reconciler.model.policy import Rule
    from reconciler.model.state_settings import StateSettings


def load(
    path: Path,
    *,
    environ: Mapping[str, str],
    options: VariableOptions = NO_OPTIONS,
    fetch: Fetch | None = None,
    listen: bool = False,
    added: Iterable[Source] = (),
) -> Manifest:
    """The manifest in this file, or in the `*.yaml` and `*.yml` files of this folder, and in the files they include.

    `options` are the values of variables that a command line sets. `added` are more parts of the manifest, which need
    not be written yet. With `fetch`, also checks the links that the clouds would open; with `listen`, also listens to
    local files. Raises ManifestError with all problems, and UsageError if nothing exists at the path.
    """
    problems: list[RawProblem] = []
    documents = read_documents(*sources(path), environ, problems, added=added)
    value_files = _replace_variables(documents, options, environ, problems)
    declared = sections(documents.sections, problems)
    known = accounts(declared.providers, problems, environ=environ)
    links: list[DeclaredUrl] | None = [] if fetch is not None else None
    complete = documents.complete and declared.complete
    voices = _voices(declared, known, problems, complete=complete, links=links, environ=environ)
    safety = _safety(declared.safety, problems)
    state = _state(declared.state, problems)
    policy = _policy(declared.policy, problems)
    moved, released = _moved(declared, voices if complete else (), problems)
    outputs = _outputs(declared.outputs, problems, path, None if problems or not complete else voices)
    remarks: dict[str, list[str]] = {}
    if fetch is not None and links:
        from reconciler.loader.audio_urls import probe_links

        remarks = probe_links(links, fetch=fetch, problems=problems)
    if listen and any(voice.files for voice in voices.values()):
        from reconciler.loader.audio_listening import findings_in_files

        for address, heard in findings_in_files(voices).items():
            remarks[address] = [*remarks.get(address, ()), *heard]
    found = [*documents.sources, *value_files]
    if problems or documents.unread:
        notes = [f"{address}: {remark}" for address, about in remarks.items() for remark in about]
        raise ManifestError(_in_order(documents.unread, problems, found), notes=notes)
    for address, about in remarks.items():
        voice = voices[address]
        voices[address] = replace(voice, remarks=(*voice.remarks, *about))
    name = "." if path.is_dir() else shown(Path(path.name))
    protects = any(map(defaults.protect, declared.defaults.values()))
    return Manifest(
        name=name,
        providers=known.of,
        voices=voices,
        safety=safety,
        policy=policy,
        state=state,
        outputs=outputs,
        protects=protects,
        notes=(*_notes(path), *_remarks(known)),
        moved=moved,
        released=released,
        files=tuple(dict.fromkeys(source.file for source in found)),
    )


def _remarks(known: Accounts) -> list[str]:
    return [f"{name}: {remark}" for name, account in known.of.items() for remark in account.remarks]


def _notes(path: Path) -> tuple[str, ...]:
    below = subfolders.note(path) if path.is_dir() else None
    return () if below is None else (below,)


def _replace_variables(
    documents: Documents, options: VariableOptions, environ: Mapping[str, str], problems: list[RawProblem]
) -> list[Source]:
    """Replaces `${var:…}` in the files that use it. Returns the files of --var-file."""
    declaring = any("variables" in section.raw or "values" in section.raw for section in documents.sections)
    if not declaring and not documents.deferred and options == NO_OPTIONS:
        return []
    from reconciler.loader.input_variables import input_variables  # most manifests have none
    from reconciler.loader.references import replace_references

    variables, value_files = input_variables(
        documents.sections, options, environ, problems, unread=documents.unread, complete=documents.complete
    )
    using = [section for section in documents.sections if section.file in documents.deferred]
    replace_references(using, variables, environ, problems)
    return value_files


def _voices(
    declared: Sections,
    known: Accounts,
    problems: list[RawProblem],
    *,
    complete: bool,
    links: list[DeclaredUrl] | None,
    environ: Container[str],
) -> dict[str, Voice]:
    for section in declared.defaults.values():
        defaults.check(section, problems)
    if complete:
        defaults.check_use(declared.defaults, declared.voices, problems)
    under = declared.defaults
    of_voices = VoiceReader(VOICES, known, problems, under=under, complete=complete, links=links, environ=environ)
    of_audio = VoiceReader(SOUNDS, known, problems, complete=complete, links=links, environ=environ)
    voices: dict[str, Voice] = {}
    for section in declared.voices:
        voices.update(of_voices.read(section))
    for section in declared.audio:
        voices.update(of_audio.read(section))
    return voices


def _safety(section: Section | None, problems: list[RawProblem]) -> Safety:
    if section is None:
        return DEFAULT_SAFETY
    try:
        return Safety.model_validate(section.raw)
    except ValidationError as failure:
        problems += validation_problems(failure, Safety, file=section.file, path=("safety",))
        return DEFAULT_SAFETY


def _state(section: Section | None, problems: list[RawProblem]) -> StateSettings | None:
    if section is None:
        return None
    from reconciler.loader.state_section import settings_from  # most manifests have none

    return settings_from(section.raw["state"], file=section.file, problems=problems)


def _policy(sections: Sequence[Section], problems: list[RawProblem]) -> tuple[Rule, ...]:
    if not sections:
        return ()
    from reconciler.loader.policy_section import rules  # most manifests have none

    return rules(sections, problems)


def _outputs(
    section: Section | None, problems: list[RawProblem], manifest: Path, voices: Collection[str] | None
) -> tuple[OutputFile, ...]:
    if section is None:
        return ()
    from reconciler.loader.outputs_section import output_files  # most manifests have none

    return output_files(section, problems, manifest=manifest, addresses=voices)


def _moved(
    declared: Sections, addresses: Collection[str], problems: list[RawProblem]
) -> tuple[Mapping[str, str], frozenset[str]]:
    """What the sections `moved` and `removed` say."""
    if not declared.moved and not declared.removed:
        return {}, frozenset()
    from reconciler.loader import moved_section  # most manifests have none

    return (
        moved_section.moved(declared.moved, addresses, problems),
        moved_section.released(declared.removed, addresses, problems),
    )


def _in_order(unread: list[Problem], problems: list[RawProblem], found: list[Source]) -> list[Problem]:
    return sorted([*unread, *merge_blank_problems(located(problems, found), found)])

"""Reads the sections `voices:` and `audio:` into Voices: each entry with its method's body. Finds duplicates."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError

from reconciler.loader import defaults, method_inputs
from reconciler.loader.accounts import Accounts
from reconciler.loader.audio_files import add_file_problems, local_files
from reconciler.loader.entry_sections import FOR_EACH, VOICES, EntrySection
from reconciler.loader.messages import listed, name_fault, quote, validation_problems
from reconciler.loader.misplaced import beside_entries, beside_methods, indent_less, inside_methods
from reconciler.loader.misplaced import words as misplaced
from reconciler.loader.problems import Point, RawProblem, dotted, entry_of
from reconciler.loader.sections import Raw, Section, mapping
from reconciler.loader.source_map import InstanceKey, Path
from reconciler.loader.usual_entry import NO_FILES, UsualEntries, redacted_labels
from reconciler.loader.yaml_values import Value
from reconciler.model.account import place_of
from reconciler.model.address import instance, is_name
from reconciler.model.base import Inputs
from reconciler.model.cloud_types import cloud_type, known
from reconciler.model.manifest import AudioEntry, Entry, Voice
from reconciler.model.methods import keyword_of, method_of
from reconciler.model.suggestion import nearest

if TYPE_CHECKING:
    from reconciler.loader.audio_urls import DeclaredUrl


class VoiceReader:
    """Reads the entries of all files.

    `under`: file -> its defaults. `complete`: all files were read, so a name that is not declared in them is not
    declared at all. `links`, if given, gets the links that the clouds would open, those of invalid entries too.
    """

    def __init__(
        self,
        declared: EntrySection,
        accounts: Accounts,
        problems: list[RawProblem],
        *,
        under: Mapping[str, Section] | None = None,
        complete: bool = True,
        links: list[DeclaredUrl] | None = None,
        environ: Container[str] = (),
    ) -> None:
        self._declared = declared
        self._accounts = accounts
        self._problems = problems
        self._under = under or {}
        self._complete = complete
        self._links = links
        self._environ = environ
        # With links, each one is listed; an entry of `audio:` has more keys than a usual one.
        self._usual = UsualEntries(accounts, environ) if links is None and declared is VOICES else None
        self._reported_defaults = {
            (problem.file, problem.path) for problem in problems if "defaults" in problem.path[:1]
        }
        self._first: dict[str, tuple[str, Path]] = {}  # address in lower case -> its first declaration
        self._chosen: dict[tuple[object, str], tuple[str, Path]] = {}  # (account, voice_id) -> its first declaration
        self._named: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._places: dict[str, object] = {}  # provider -> the identity of its account

    def read(self, section: Section) -> dict[str, Voice]:
        """The valid voices of the section. Removes the entries from the section, to save memory."""
        voices: dict[str, Voice] = {}
        self._report_misplaced(section)
        of = f" with provider and {_one_of(self._declared.keywords)}"
        for address in list(section.raw):
            raw = section.raw.pop(address)
            if self._is_taken(section.file, address):
                continue
            path = (self._declared.section, address)
            own = mapping(raw, file=section.file, path=path, problems=self._problems, of=of)
            if own is not None and FOR_EACH in own:
                self._add_instances(voices, section.file, path, own)
            elif own is not None:
                self._add(voices, section.file, path, address, own)
        return voices

    def _add_instances(self, voices: dict[str, Voice], file: str, path: tuple[str, str], entry: Raw) -> None:
        from reconciler.loader.instances import instances, without_repetition  # most manifests have none

        before, count = len(self._problems), 0
        for key, own in instances(entry, file=file, path=path, problems=self._problems):
            self._add(voices, file, (*path, InstanceKey(key)), instance(path[1], key), own)
            count += 1
        self._problems[before:] = without_repetition(self._problems[before:], count)

    def _add(self, voices: dict[str, Voice], file: str, path: Path, address: str, own: Raw) -> None:
        """Adds the voice if it is valid."""
        before = len(self._problems)
        voice = self._voice(file, path, address, own)
        if len(self._problems) > before:
            found = self._misplaced_keys(file, path, own) or self._moved_to_defaults(file, self._problems[before:], own)
            self._problems[before:] = found
        elif voice is not None:
            voices[voice.address] = voice

    def _report_misplaced(self, section: Section) -> None:
        """Reports keys that are indented too little, and removes them and their entries from the section."""
        for key, above in beside_entries(section.raw).items():
            what = misplaced(key, above, self._declared.what)
            self._problems.append(RawProblem(section.file, (self._declared.section, key), what, Point.KEY))
            section.raw.pop(key)
            if above is not None:
                section.raw.pop(above, None)

    def _misplaced_keys(self, file: str, path: Path, entry: Raw) -> list[RawProblem]:
        """The problems of an invalid entry whose keys are indented too far or too little."""
        too_far = [
            RawProblem(file, (*path, method, key), indent_less(key, method, self._declared.what), Point.KEY)
            for method, key in inside_methods(entry)
        ]
        too_little = [
            RawProblem(file, (*path, key), f"indent it under {method}", Point.KEY)
            for method, key in beside_methods(entry)
        ]
        return too_far + too_little

    def _moved_to_defaults(self, file: str, problems: list[RawProblem], own: Raw) -> list[RawProblem]:
        """The problems of one voice. A problem in the defaults is reported for the first voice only."""
        kept: list[RawProblem] = []
        for problem in problems:
            placed = defaults.placed(problem, own, self._under.get(file))
            if placed is problem:
                kept.append(problem)
            elif (file, placed.path) not in self._reported_defaults:
                self._reported_defaults.add((file, placed.path))
                kept.append(placed)
        return kept

    def _is_taken(self, file: str, address: str) -> bool:
        path = (self._declared.section, address)
        if not is_name(address):
            self._problems.append(RawProblem(file, path, name_fault(address), Point.KEY))
        first = self._first.setdefault(address.lower(), (file, path))
        if first == (file, path):
            return False
        what = "declared twice, first at"
        if first[1] != path:
            what = f"an address is unique in any case, but {dotted(first[1][1:])} is at"
        self._problems.append(RawProblem(file, path, what, Point.KEY, other=first))
        return True

    def _voice(self, file: str, path: Path, address: str, own: Raw) -> Voice | None:
        """The voice; None if it is not valid, with the problems reported."""
        raw = defaults.under(self._under[file].raw, own) if file in self._under else own
        if self._usual is not None and (voice := self._usual.voice(address, raw)) is not None:
            return voice
        entry: Entry | AudioEntry | None = None
        try:
            entry = self._declared.entry.model_validate(raw)
        except ValidationError as failure:
            self._problems += validation_problems(failure, self._declared.entry, file=file, path=path)
        provider = raw.get("provider")
        kind = self._type_of(provider, file=file, path=path)
        methods = [keyword for keyword in self._declared.keywords if keyword in raw]
        if len(methods) != 1:
            self._report_methods(methods, kind, file=file, path=path)
        inputs: Inputs | None = None
        for method in methods:
            inputs = self._inputs(kind, method, raw[method], file=file, path=path)
            if self._links is not None:
                self._links += self._declared_links(kind, method, raw[method], address, file=file, path=path)
        if "lifecycle" in raw and len(methods) == 1:
            self._check_ignored(raw, own, kind, methods[0], file=file, path=path)
        if entry is not None:
            self._check_combinations(entry, inputs, file=file, path=path)
        if entry is None or kind is None or inputs is None or len(methods) != 1:
            for method in methods:
                add_file_problems(raw[method], kind, method, file=file, path=(*path, method), problems=self._problems)
            return None
        if "voice_id" in inputs:
            self._check_chosen(entry.provider, inputs["voice_id"], file=file, path=(*path, methods[0], "voice_id"))
        if isinstance(entry, AudioEntry):
            inputs["on_expiry"] = entry.on_expiry
        method = method_of(kind, methods[0], raw[methods[0]])
        sounds = local_files(inputs, kind, method, file=file, path=(*path, methods[0]), problems=self._problems)
        return Voice(
            address=self._declared.prefix + address,
            provider=entry.provider,
            type=kind,
            method=method,
            inputs=inputs,
            labels=redacted_labels(entry.labels),
            lifecycle=entry.lifecycle,
            files=sounds.files if sounds is not None else NO_FILES,
            signing_parameters=self._signing(entry),
            consent=entry.consent,
            remarks=sounds.remarks if sounds is not None else (),
        )

    def _check_ignored(self, raw: Raw, own: Raw, kind: str | None, method: str, *, file: str, path: Path) -> None:
        model = method_inputs.model_of(kind, method, raw[method])
        if model is not None:
            problems = self._problems
            method_inputs.check_ignored(raw, own, model, method=method, file=file, path=path, problems=problems)

    def _declared_links(
        self, kind: str | None, method: str, raw: Value, address: str, *, file: str, path: Path
    ) -> list[DeclaredUrl]:
        from reconciler.loader.audio_urls import declared_links

        return declared_links(
            kind, method, raw, file=file, path=(*path, method), address=self._declared.prefix + address
        )

    def _signing(self, entry: Entry | AudioEntry) -> tuple[str, ...]:
        """The signing parameters of the entry and its provider. Voices with the same parameters share one tuple."""
        account = self._accounts.of.get(entry.provider)
        named = (*entry.signing_parameters, *(account.signing_parameters if account is not None else ()))
        if not named:
            return ()
        names = tuple(sorted({name.lower() for name in named}))
        return self._named.setdefault(names, names)

    def _check_combinations(self, entry: Entry | AudioEntry, inputs: Inputs | None, *, file: str, path: Path) -> None:
        """Reports keys that are valid alone, but not together."""
        if entry.lifecycle.keep_old and not entry.lifecycle.create_before_destroy:
            what = "keeps the old voice beside the new one, and create_before_destroy: false deletes it first"
            self._problems.append(RawProblem(file, (*path, "lifecycle", "keep_old"), what))
        if entry.lifecycle.replace == "review" and not entry.lifecycle.create_before_destroy:
            what = "makes the new voice beside the old one, and create_before_destroy: false deletes the old one first"
            self._problems.append(RawProblem(file, (*path, "lifecycle", "replace"), what))
        output = (inputs or {}).get("output") or {}
        if isinstance(entry, AudioEntry) and entry.on_expiry == "recreate" and "expire_time" in output:
            what = "recreate would make it again for ever: output.expire_time is one fixed moment, which then is over"
            self._problems.append(RawProblem(file, (*path, "on_expiry"), what))

    def _type_of(self, provider: Value, *, file: str, path: Path) -> str | None:
        """The provider's type, and where that is unknown the only possible one, so that the body is checked too.

        Reports a provider that is not declared.
        """
        if not isinstance(provider, str) or not provider:
            return None
        names = self._accounts.types
        if provider in names:
            return names[provider]
        if self._complete:
            shown = quote(provider)
            near = nearest(provider, names) if shown is not None else None
            what = f"{shown} is not declared under providers" if shown is not None else "not declared under providers"
            only = f", only {listed(names)} {'is' if len(names) == 1 else 'are'}" if names else ""
            hint = f", did you mean {near}?" if near else only
            self._problems.append(RawProblem(file, (*path, "provider"), what + hint))
            if near:
                return names[near]
        types = set(names.values())
        return types.pop() if len(types) == 1 else None

    def _report_methods(self, methods: list[str], kind: str | None, *, file: str, path: Path) -> None:
        known = self._keywords_of(kind)
        if methods:
            what = f"{listed(methods)} can't be used together: exactly one of them may be in a {self._declared.what}"
        elif not known:
            what = f"{kind} makes no {self._declared.what}s"
        else:
            what = f"{_one_of(known)} is needed, none is given"
        self._problems.append(RawProblem(file, path, what, Point.KEY))

    def _inputs(self, kind: str | None, method: str, raw: Value, *, file: str, path: Path) -> Inputs | None:
        model = method_inputs.model_of(kind, method, raw)
        if model is not None:
            where, problems = (*path, method), self._problems
            return method_inputs.inputs_of(model, raw, file=file, path=where, problems=problems, environ=self._environ)
        if kind is not None:
            known = self._keywords_of(kind)
            what = f"{kind} makes no {self._declared.what}s"
            if known:
                what = f"{kind} {self._declared.what}s are made by {listed(known, 'or')}, not by {method}"
            self._problems.append(RawProblem(file, (*path, method), what, Point.KEY))
        return None

    def _keywords_of(self, kind: str | None) -> list[str]:
        """The methods that the type has; those of all types if the type is unknown."""
        clouds = known() if kind is None else [cloud_type(kind)]
        made = {keyword_of(method) for cloud in clouds for method in cloud.methods}
        return [keyword for keyword in self._declared.keywords if keyword in made]

    def _check_chosen(self, provider: str, voice_id: str, *, file: str, path: Path) -> None:
        if provider not in self._places:
            account = self._accounts.of.get(provider)
            self._places[provider] = place_of(account) if account is not None else provider
        first = self._chosen.setdefault((self._places[provider], voice_id), (file, path))
        if first != (file, path):
            what = f"the voice is chosen twice, {dotted(entry_of(first[1]))} has the same voice_id at"
            self._problems.append(RawProblem(file, path, what, other=first))


def _one_of(keywords: Sequence[str]) -> str:
    return f"exactly one of {listed(keywords)}" if len(keywords) > 1 else keywords[0]

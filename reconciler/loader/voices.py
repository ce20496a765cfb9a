"""`voices:` -> Voices, one at a time: the entry, its method's body, and what no two voices may share."""

from __future__ import annotations

from pydantic import ValidationError

from reconciler.loader import bodies, defaults
from reconciler.loader.accounts import Accounts
from reconciler.loader.findings import Finding, Point, dotted
from reconciler.loader.positions import Path
from reconciler.loader.sections import Raw, Section, mapping
from reconciler.loader.wording import listed, nearest, quote, refusals
from reconciler.loader.yaml_values import Value
from reconciler.model import urls
from reconciler.model.base import Inputs
from reconciler.model.manifest import (
    ADDRESS_LIMIT,
    LONGEST_ADDRESS,
    METHOD_NAMES,
    METHODS,
    Entry,
    Voice,
    is_address,
)

_FIELDS = set(Voice.model_fields)
_NO_LABELS: dict[str, str] = {}  # one for all: nobody changes a frozen voice's
_METHODS_MADE = [name for name in METHOD_NAMES if any(name in made for made in METHODS.values())]
_ENTRY = f" with provider and one of {listed(_METHODS_MADE)}"


class VoiceReader:
    """Reads the voices of all files. `complete`: no file was left out, so what isn't declared is declared nowhere."""

    def __init__(
        self, accounts: Accounts, findings: list[Finding], *, under: Section | None = None, complete: bool = True
    ) -> None:
        self._accounts = accounts
        self._findings = findings
        self._under = under
        self._complete = complete
        self._told = {finding.path for finding in findings if finding.path[:1] == ("defaults",)}
        self._first: dict[str, tuple[str, Path]] = {}  # lower-case address -> where
        self._chosen: dict[tuple[str, str], tuple[str, Path]] = {}  # (provider, voice_id) -> where

    def read(self, section: Section) -> dict[str, Voice]:
        """The valid ones among the section's voices; takes them out of it, so that none is in memory twice."""
        voices: dict[str, Voice] = {}
        for address in list(section.raw):
            raw = section.raw.pop(address)
            if self._is_taken(section.file, address):
                continue
            before = len(self._findings)
            path = ("voices", address)
            own = mapping(raw, file=section.file, path=path, findings=self._findings, of=_ENTRY)
            voice = self._voice(section.file, address, own) if own is not None else None
            if len(self._findings) > before and own is not None:
                self._findings[before:] = self._placed(self._findings[before:], own)
            elif voice is not None:
                voices[address] = voice
        return voices

    def _placed(self, findings: list[Finding], own: Raw) -> list[Finding]:
        """The findings about one voice; one that is about the defaults is told for the first such voice only."""
        kept: list[Finding] = []
        for finding in findings:
            placed = defaults.placed(finding, own, self._under)
            if placed is finding:
                kept.append(finding)
            elif placed.path not in self._told:
                self._told.add(placed.path)
                kept.append(placed)
        return kept

    def _is_taken(self, file: str, address: str) -> bool:
        path = ("voices", address)
        if not is_address(address):
            self._findings.append(Finding(file, path, _address_fault(address), Point.KEY))
        first = self._first.setdefault(address.lower(), (file, path))
        if first == (file, path):
            return False
        what = "declared twice, first at"
        if first[1] != path:
            what = f"an address is unique whatever its case, and {dotted(first[1][1:])} stands at"
        self._findings.append(Finding(file, path, what, Point.KEY, other=first))
        return True

    def _voice(self, file: str, address: str, own: Raw) -> Voice | None:
        """The voice; None where something is wrong, which is told."""
        path = ("voices", address)
        raw = own if self._under is None else defaults.under(self._under.raw, own)
        entry: Entry | None = None
        try:
            entry = Entry.model_validate(raw)
        except ValidationError as failure:
            self._findings += refusals(failure, Entry, file=file, path=path)
        provider = raw.get("provider")
        kind = self._type_of(provider, file=file, path=path)
        methods = [method for method in METHOD_NAMES if method in raw]
        if len(methods) != 1:
            self._tell_methods(methods, kind, file=file, path=path)
        inputs: Inputs | None = None
        for method in methods:
            inputs = self._inputs(kind, method, raw[method], file=file, path=path)
        if "lifecycle" in raw and len(methods) == 1 and (model := bodies.model_of(kind, methods[0])) is not None:
            check = bodies.check_ignored
            check(raw, own, model, method=methods[0], file=file, path=path, findings=self._findings)
        if entry is None or kind is None or inputs is None or len(methods) != 1:
            return None
        if methods[0] in ("preset", "existing"):
            self._check_chosen(entry.provider, inputs["voice_id"], file=file, path=(*path, methods[0], "voice_id"))
        return Voice.model_construct(  # all of it is checked; a set of its own would double what a voice weighs
            _FIELDS,
            address=address,
            provider=entry.provider,
            type=kind,
            method=methods[0],
            inputs=inputs,
            labels=_kept(entry.labels) if entry.labels else _NO_LABELS,
            lifecycle=entry.lifecycle,
        )

    def _type_of(self, provider: Value, *, file: str, path: Path) -> str | None:
        """The type of the provider; None where it isn't known. A name that isn't declared is told."""
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
            self._findings.append(Finding(file, (*path, "provider"), what + hint))
        return None

    def _tell_methods(self, methods: list[str], kind: str | None, *, file: str, path: Path) -> None:
        known = list(METHODS[kind]) if kind is not None else _METHODS_MADE
        if methods:
            what = f"{listed(methods)} exclude each other: exactly one of them may stand in a voice"
        else:
            what = f"exactly one of {listed(known)} is needed, none is given"
        self._findings.append(Finding(file, path, what, Point.KEY))

    def _inputs(self, kind: str | None, method: str, raw: Value, *, file: str, path: Path) -> Inputs | None:
        model = bodies.model_of(kind, method)
        if model is not None:
            return bodies.inputs_of(model, raw, file=file, path=(*path, method), findings=self._findings)
        if kind is not None:
            what = f"{kind} voices are made by {listed(METHODS[kind], 'or')}, not by {method}"
            self._findings.append(Finding(file, (*path, method), what, Point.KEY))
        return None

    def _check_chosen(self, provider: str, voice_id: str, *, file: str, path: Path) -> None:
        first = self._chosen.setdefault((provider, voice_id), (file, path))
        if first != (file, path):
            what = f"the voice is chosen twice, {dotted(first[1][:2])} has the same voice_id at"
            self._findings.append(Finding(file, path, what, other=first))


def _kept(labels: dict[str, str]) -> dict[str, str]:
    """Labels are kept and shown as they are, so a link among them leaves its secrets here."""
    linked = any("://" in label for label in labels.values())
    return {name: urls.without_secrets(label) for name, label in labels.items()} if linked else labels


def _address_fault(address: str) -> str:
    if any(character.isspace() for character in address):
        return f"an address can't hold a space; it is {ADDRESS_LIMIT}"
    if len(address) > LONGEST_ADDRESS:
        return f"{len(address)} characters, at most {LONGEST_ADDRESS}; an address is {ADDRESS_LIMIT}"
    return f"an address is {ADDRESS_LIMIT}"

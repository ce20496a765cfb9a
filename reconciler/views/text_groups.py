"""Groups many changes: one paragraph for each action and reason, with every address by name.

A command that differs only in the address or the voice_id of its change is the same command. What pays or deletes comes
last, where the eye is when the question is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from reconciler.hints import Command, Hint
from reconciler.model.manifest import AUDIO
from reconciler.model.plan import Action, Change, Drift, DriftKind
from reconciler.views import hints
from reconciler.views.escape import escape
from reconciler.views.layout import Style, columns, counted, painted
from reconciler.views.render_options import RenderOptions
from reconciler.views.text_change import INSIDE, field_rows, sign_of
from reconciler.views.wrap import width

FEW = 20  # changes that are each shown whole
OF_ONE_CAUSE = 5  # changes of one reason that are one paragraph
_COLUMNS = 100  # of a list of names, where no screen says how many
_ORDER = (
    Action.RECOVER,
    Action.RESUME,
    Action.MOVE,
    Action.UPDATE,
    Action.CREATE,
    Action.CLONE,
    Action.FORGET,
    Action.REPLACE,
    Action.DELETE,
    Action.BLOCKED,
    Action.NO_OP,
)
_LOSES = frozenset({Action.FORGET, Action.REPLACE, Action.DELETE})

Group = tuple[Change, ...]


def grouped(changes: Iterable[Change]) -> list[Group]:
    """Groups changes by action, provider, reason and hint, in the order of display."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        fields = tuple(field.name for field in change.fields)
        words = (change.cause or change.reason, _common_hint(change))
        cause = (change.action, change.provider, *words, fields if change.action is Action.UPDATE else ())
        groups.setdefault(cause, []).append(change)
    return sorted((tuple(group) for group in groups.values()), key=lambda group: _ORDER.index(group[0].action))


def paragraph(group: Group, options: RenderOptions) -> str:
    """One group: `+ create 370 voices (kling): declared, not created yet`, and below it the names."""
    first = group[0]
    mark, style = sign_of(first.action)
    several = len(group) > 1
    subject = _counted(group) if several else escape(first.address) or "a voice"
    reason = escape((several and first.cause) or first.reason)
    head = f"{first.action} {subject} ({escape(first.provider)})" + (f": {reason}" if reason else "")
    lines = [f"{painted(f'{mark:>3}', style, options)} {painted(head, Style.BOLD, options)}"]
    if several or first.action in _LOSES or first.source is not None:
        lines += names(map(_name, group))
    lines += columns(_fields(group), indent=INSIDE) if first.action is Action.UPDATE else []
    hint = _common_hint(first) if several else first.hint
    lines += [f"{INSIDE}{painted(way, Style.HINT, options)}" for way in hints.lines(hint, options)]
    return "\n".join(lines)


def drift_paragraphs(found: Sequence[Drift]) -> Iterator[tuple[str, list[str]]]:
    """For each kind of drift and provider: a line with the number of voices, and their names."""
    kinds: dict[tuple[DriftKind, str], list[Drift]] = {}
    for one in found:
        kinds.setdefault((one.kind, one.provider), []).append(one)
    for (_, provider), same in kinds.items():
        addresses = [escape(one.address) or "a voice" for one in same]
        yield f"{counted(len(same), 'voice')} ({escape(provider)})", names(addresses)


def names(words: Iterable[str]) -> list[str]:
    """Escaped names separated by commas, as many on a line as fit."""
    lines: list[str] = []
    line = ""
    for word in words:
        wider = f"{line}, {word}" if line else word
        if line and width(wider) + len(INSIDE) >= _COLUMNS:
            lines.append(f"{INSIDE}{line},")
            line = word
        else:
            line = wider
    return [*lines, f"{INSIDE}{line}"] if line else lines


def _name(change: Change) -> str:
    """The address of a change, with the voice_id of a voice that is lost, or the old address of a move."""
    named = escape(change.address) or "a voice"
    if change.source is not None:
        return f"{escape(change.source)} -> {named}"
    voice_id = (change.before or {}).get("voice_id")
    return f"{named} ({escape(str(voice_id))})" if voice_id is not None and change.action in _LOSES else named


def _fields(group: Group) -> list[tuple[str, ...]]:
    """The fields that change in the whole group; with their values if these are equal."""
    rows: list[tuple[str, ...]] = []
    for field in group[0].fields:
        same = all(field in change.fields for change in group)
        rows += field_rows([field]) if same else [(escape(field.name), "(different values)")]
    return rows


def _counted(group: Group) -> str:
    sounds = sum(change.address.startswith(AUDIO) for change in group)
    if 0 < sounds < len(group):
        return f"{counted(len(group) - sounds, 'voice')} and {counted(sounds, 'sound')}"
    return counted(len(group), "sound" if sounds else "voice")


def _common_hint(change: Change) -> Hint:
    """The hint without the ids of this change, and its commands likewise."""
    own = {change.address: "ADDRESS"} | dict.fromkeys(_ids(change), "VOICE_ID")

    def common(command: Command) -> Command:
        return replace(command, words=tuple(own.get(word, word) for word in command.words))

    return Hint(tuple(replace(way, commands=tuple(map(common, way.commands))) for way in change.hint.ways))


def _ids(change: Change) -> set[str]:
    known = [change.before or {}, change.after or {}]
    ids = {str(side["voice_id"]) for side in known if side.get("voice_id")}
    return ids | {remote.voice_id for remote in (change.made, change.found) if remote is not None and remote.voice_id}

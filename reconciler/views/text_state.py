"""Renders outputs, records of the state, and the voices that a cloud lists, for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.model.manifest import Lifecycle
from reconciler.model.outputs import Output, Row, SoundOutput
from reconciler.model.state import Record, State, Status
from reconciler.model.time_format import format_time
from reconciler.model.voice_list import VoiceList
from reconciler.protocols.backend import Snapshot
from reconciler.views import wrap
from reconciler.views.escape import escape
from reconciler.views.layout import Style, columns, painted, value
from reconciler.views.render_options import PLAIN, RenderOptions
from reconciler.views.text_change import declared

_UNDER = "    "  # before what a switch does


def output(rows: Mapping[str, Row], address: str | None = None) -> str:
    """All rows as columns, or the bare voice_id of one address for `$(voicectl output narrator)`; maybe empty.

    Raises KeyError for an address without a row.
    """
    if address is not None:
        return escape(rows[address].value or "")
    if not rows:
        return "There are no voices yet."
    return "\n".join(
        columns((escape(name), escape(row.value or "-"), row.status, *_told(row)) for name, row in rows.items())
    )


def _told(row: Row) -> tuple[str, str]:
    match row:
        case Output():
            return escape(row.voice_name or ""), _labels(row.labels)
        case SoundOutput():
            return (f"until {row.expires_at:%Y-%m-%d %H:%M:%S} UTC" if row.expires_at else ""), ""


def state_list(state: State) -> str:
    """One line for each record: first the current records of the addresses, then the others."""
    if not state.records:
        return "The state holds no voices."
    bound = {key: address for address, key in sorted(state.current.items())}
    others = sorted(
        (record for key, record in state.records.items() if key not in bound), key=lambda r: (r.address, r.generation)
    )
    return "\n".join(columns(map(_listed, [*(state.records[key] for key in bound), *others])))


def state(state: State, options: RenderOptions = PLAIN) -> str:
    """The head of the state, and every current record and every candidate in full."""
    head = f"{escape(state.manifest)}, lineage {escape(state.lineage)}, serial {state.serial}"
    shown = [record(state.records[key], options) for _, key in sorted(state.current.items())]
    shown += [record(each, options) for each in state.records.values() if each.status is Status.CANDIDATE]
    return "\n\n".join([head, *shown] if shown else [head, "The state holds no voices."])


def history(kept: Sequence[Snapshot]) -> str:
    """One line for each snapshot: its serial, when it was written, and its size."""
    rows = [(f"serial {each.serial}", format_time(each.written_at), f"{each.size:,} bytes") for each in kept]
    return "\n".join(columns(rows))


def record(record: Record, options: RenderOptions = PLAIN) -> str:
    """One record in full, without its empty fields."""
    rows = [
        ("voice_id", escape(record.voice_id or "")),
        ("voice_name", value(record.voice_name) if record.voice_name is not None else ""),
        ("provider", escape(record.provider)),
        ("account", escape(record.account)),
        ("owned_by", escape(record.owned_by or "")),
        ("method", escape(record.method)),
        *((f"  {escape(name)}", value(given)) for name, given in record.sent.items() if given is not None),
        *((f"labels.{escape(name)}", value(given)) for name, given in record.labels.items()),
        *((f"lifecycle.{name}", declared(name, given)) for name, given in _unusual(record.lifecycle)),
        ("external_task_id", escape(record.external_task_id)),
        ("task_id", escape(record.task_id or "")),
        ("generation", str(record.generation)),
        ("attempts", str(record.attempts)),
        ("created_at", format_time(record.created_at)),
        ("changed_at", format_time(record.changed_at)),
        ("deposed_by", escape(record.deposed_by or "")),
        ("message", value(record.message) if record.message is not None else ""),
    ]
    head = painted(f"{escape(record.address)}: {record.status}", Style.BOLD, options)
    return "\n".join([head, *columns((row for row in rows if row[1]), indent="  ")])


def switches(rows: Iterable[tuple[str, str, str, str | None]], *, within: int) -> str:
    """The switches of the sandbox: name, value, a star if it is not the default, and what it does."""
    table = list(rows)
    heads = columns((name, f"{value} {star}".rstrip()) for name, value, star, _ in table)
    descriptions = (wrap.lines(description or "", within - len(_UNDER)) for *_, description in table)
    return "\n".join(
        "\n".join([head, *(_UNDER + line for line in under)]) for head, under in zip(heads, descriptions, strict=True)
    )


def voices(listed: VoiceList, options: RenderOptions = PLAIN) -> str:
    """The voices that an account lists."""
    if not listed.voices:
        if listed.managed:
            return f"All {listed.managed} voices that the account lists are managed."
        return "The account lists no voices."
    head = ("VOICE_ID", "NAME", "STATUS", "OWNED_BY", "ADDRESS", "EXTERNAL_TASK_ID", "MESSAGE")
    rows = [
        (
            escape(voice.voice_id or "-"),
            escape(voice.voice_name or "-"),
            str(voice.status),
            escape(voice.owned_by or "-"),
            escape(listed.address(voice) or "-"),
            escape(voice.external_task_id or "-"),
            escape(voice.message or ""),
        )
        for voice in listed.voices
    ]
    first, *rest = columns([head, *rows])
    return "\n".join([painted(first, Style.DIM, options), *rest])


def _listed(record: Record) -> tuple[str, ...]:
    return (
        escape(record.address),
        record.status,
        escape(record.voice_id or "-"),
        escape(record.provider),
        escape(record.external_task_id),
    )


def _labels(labels: Mapping[str, str]) -> str:
    return " ".join(f"{escape(key)}={escape(given)}" for key, given in labels.items())


def _unusual(lifecycle: Lifecycle) -> list[tuple[str, object]]:
    return list(lifecycle.model_dump(exclude_defaults=True).items())

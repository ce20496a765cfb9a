"""Reads a page of Kling's lists: the usual entry quickly, and any other by the models of `schema`.

Nearly all entries are tasks that succeeded with one voice. They become a RemoteVoice straight from the JSON values,
which takes a third of the time. Both ways give the same RemoteVoice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from pydantic import ValidationError
from pydantic_core import from_json

from reconciler.model import urls
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.providers.http.client import HttpResponse
from reconciler.providers.http.json_text import readable
from reconciler.providers.http.shapes import built
from reconciler.providers.kling.errors import parse_response
from reconciler.providers.kling.schema import SUCCEEDED, Task, TasksEnvelope, charge_of
from reconciler.providers.listing import Listing

Entry = RemoteVoice | Task  # a RemoteVoice is a voice that is ready
Redact = Callable[[str | None, object], str]  # takes the key of a task and a message, which may quote a signed URL


class Parse(Protocol):
    """Reads the answer to a list call."""

    def __call__(self, answer: HttpResponse, *, redact: Callable[[object], str]) -> Sequence[Entry]: ...


def parse_page(answer: HttpResponse, *, redact: Callable[[object], str]) -> Sequence[Entry]:
    """The entries of a page. Raises what `errors.parse_response` raises for an answer that is not a valid page."""
    entries = _usual_page(readable(answer.body)) if 200 <= answer.status < 300 else None
    return entries if entries is not None else parse_response(answer, TasksEnvelope, redact=redact).data or []


def parse_tasks(answer: HttpResponse, *, redact: Callable[[object], str]) -> Sequence[Task]:
    """The same entries as Kling's own tasks, with what a RemoteVoice leaves out."""
    return parse_response(answer, TasksEnvelope, redact=redact).data or []


def _usual_page(body: bytes) -> list[Entry] | None:
    """The entries of a page that tells a success; None for any other answer, also one with an invalid entry."""
    try:
        answer = from_json(body)
    except ValueError:
        return None
    if type(answer) is not dict or type(answer.get("code")) is not int or answer["code"] != 0:
        return None
    rows = answer.get("data")
    if type(rows) is not list:
        return None
    task = built(Task)
    try:
        return [_ready_voice(row) or task.model_validate(row) for row in rows]
    except ValidationError:
        return None


def task_id_of(entry: Entry) -> str:
    """The id of the task, which is unique in a list."""
    return str(entry.task_id)


def remotes(page: Iterable[Entry], redact: Redact) -> Iterator[RemoteVoice]:
    """The entries of a page as voices."""
    return (entry.remote(redact) if isinstance(entry, Task) else entry for entry in page)


def listing_of(pages: Iterable[Sequence[Entry]], redact: Redact) -> tuple[Listing, int]:
    """The list that these pages are, without deleted voices, and the number of the pages."""
    voices: dict[str, RemoteVoice] = {}
    voiceless: dict[str, RemoteVoice] = {}
    emptied: dict[str, RemoteVoice] = {}
    count = 0
    for count, page in enumerate(pages, start=1):  # noqa: B007 - the number of pages
        for entry in page:
            task_id = task_id_of(entry)
            if not isinstance(entry, Task):
                voices[task_id] = entry
            elif not entry.deleted:
                kind = emptied if entry.emptied else voiceless if entry.voiceless else voices
                kind[task_id] = entry.remote(redact)
    return Listing(voices).merged_with(Listing({}, voiceless, emptied)), count


def _ready_voice(row: Any) -> RemoteVoice | None:
    """The voice of a task that succeeded with one voice; None if anything about it is unusual."""
    try:
        status, task_id, key = row["task_status"], row["task_id"], row["task_info"]["external_task_id"]
        [voice] = row["task_result"]["voices"]
        voice_id, name, owner = voice["voice_id"], voice["voice_name"], voice["owned_by"]
    except (KeyError, TypeError, ValueError):
        return None
    texts = type(task_id) is type(key) is type(voice_id) is type(name) is type(owner) is str
    if not (texts and task_id and voice_id and status in SUCCEEDED) or voice.get("status") == "deleted":
        return None
    return RemoteVoice(
        status=TaskStatus.READY,
        voice_id=voice_id,
        voice_name=urls.as_ever(name) or None,
        owned_by=owner or None,
        task_id=task_id,
        external_task_id=key or None,
        charge=charge_of(row.get("final_unit_deduction")),
    )

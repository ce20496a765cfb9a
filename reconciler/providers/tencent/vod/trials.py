"""How VOD's voices sound: the DemoAudio or trial_url of their tasks, and the AudioUrl of voices that VOD lists.

These links are signed, so they are secrets that expire. They are read only for a page with sound, and never become a
part of a RemoteVoice: those are saved and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.errors import CloudError
from reconciler.model.state import Record
from reconciler.protocols.provider import Trials, recorded_on
from reconciler.providers.tencent.vod.capabilities import LISTED_METHODS
from reconciler.providers.tencent.vod.schema import VoiceLine
from reconciler.providers.tencent.vod.tasks import Tasks

MOST_TASKS = 200  # one call for each; at 20 a second, 10 s
_PAST = "VOD shows how a voice sounds in its task, and tasks only for 72 hours"
_TOO_MANY = f"VOD was asked about the {MOST_TASKS} newest voices only: it takes one call for each"
_NOT_LISTED = "VOD's list shows no recording of it"
_NO_LINK = "its task shows no recording"
_FAILURES = 2  # in a row, after which the other tasks are not asked for


def read(records: Sequence[Record], account: str, tasks: Tasks, read_list: Callable[[], Sequence[VoiceLine]]) -> Trials:
    """The links of these records' voices. Systemic failures are raised; another one is the reason of its voice."""
    links: dict[str, str] = {}
    why = {r.external_task_id: recorded_on(r) for r in records if r.account != account}
    named = [r for r in records if r.voice_id and r.account == account]
    listed = [r for r in named if r.method in LISTED_METHODS]
    if listed:
        shown = {line.voice_id: line.trial_link for line in read_list()}
        links |= {r.external_task_id: link for r in listed if (link := shown.get(str(r.voice_id)))}
    asked = failed = 0
    for record in sorted(named, key=lambda r: r.created_at, reverse=True):
        key = record.external_task_id
        if key in links:
            continue
        if record.method == "existing":
            why[key] = _NOT_LISTED
        elif record.task_id is None or tasks.is_past(record):
            why[key] = _PAST
        elif failed >= _FAILURES or asked >= MOST_TASKS:
            why[key] = _TOO_MANY if failed < _FAILURES else "VOD did not answer about the tasks before"
        else:
            asked += 1
            try:
                link = tasks.trial_link(record)
            except CloudError as error:
                if error.systemic:
                    raise
                why[key], failed = error.detail, failed + 1
            else:
                failed = 0
                if link is None:
                    why[key] = _NO_LINK
                else:
                    links[key] = link
    return Trials(links, why)

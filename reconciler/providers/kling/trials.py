"""How Kling's voices sound: the `trial_url` of each voice in its lists.

The link is signed anew for each answer, so it is a secret that expires. It is read only for a page with sound, and
never becomes a part of a RemoteVoice: those are saved and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from reconciler.model.state import Record
from reconciler.model.urls import is_url
from reconciler.protocols.provider import Trials, recorded_on
from reconciler.providers.kling.page import Entry
from reconciler.providers.kling.schema import Task

ReadList = Callable[[str], Iterable[Sequence[Entry]]]  # the path of a list -> its pages


def read(records: Sequence[Record], account: str, read_list: ReadList, paths: tuple[str, str]) -> Trials:
    """The links of these records' voices. Each list is read at most once, until all voices were seen.

    `paths` are those of the voices that the account made, and of the official ones.
    """
    links: dict[str, str] = {}
    elsewhere = {r.external_task_id: recorded_on(r) for r in records if r.account != account}
    records = [r for r in records if r.account == account]
    _, official = paths
    for path in paths:
        listed = [r for r in records if (r.method == "preset") is (path == official)]
        wanted = {r.voice_id: r.external_task_id for r in listed if r.voice_id}
        for page in read_list(path) if wanted else ():
            for entry in page:
                if isinstance(entry, Task):
                    _take_links(entry, wanted, links)
            if not wanted:
                break
    return Trials(links, elsewhere)


def _take_links(task: Task, wanted: dict[str, str], links: dict[str, str]) -> None:
    for voice in (task.task_result.voices if task.task_result else None) or ():
        key = wanted.pop(str(voice.voice_id), None)
        if key is not None and isinstance(voice.trial_url, str) and is_url(voice.trial_url):
            links[key] = voice.trial_url

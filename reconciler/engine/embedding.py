"""Fetches sounds and makes `data:` URIs of them, so that a page holds them itself. Bounded in size and time.

A reason never contains the query of a link, nor text of a server.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reconciler.audio.limits import MB
from reconciler.audio.probing import Fetch, NotFetched
from reconciler.audio.sniffing import container_of, looks_like
from reconciler.engine.worker_pool import WorkerPool
from reconciler.model.recordings import Recording
from reconciler.protocols.clock import Clock
from reconciler.values import value

LARGEST = 10 * MB  # of one sound
LARGEST_PAGE = 100 * MB  # of all sounds of a page, before they become text
SECONDS = 120.0  # after which no download begins
AT_ONCE = 8  # downloads
_WAIT = 3600.0  # seconds; each job ends by itself long before
_NO_ROOM = f"a page holds at most {LARGEST_PAGE // MB} MB of sound, and this one is full"
_TOO_LATE = f"the sounds before it took {SECONDS:.0f} s, and no other is fetched then"
_TYPES = {  # what browsers call a container
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "mp2": "audio/mpeg",
    "m4a": "audio/mp4",
    "mp4": "audio/mp4",
    "mov": "audio/mp4",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "webm": "audio/webm",
}


@value
class _Got:
    """The bytes of a sound, or why there are none."""

    name: str
    sound: bytes = b""
    why: str = ""


@dataclass(frozen=True)
class Embedding:
    """`pool` makes the threads that download."""

    fetch: Fetch
    clock: Clock
    pool: Callable[[int], WorkerPool[_Got]]

    def embed(self, links: Sequence[str], files: Mapping[str, str]) -> dict[str, Recording]:
        """Link or path -> its sound. `files`: path -> the digest (sha256) of the bytes that were declared."""
        jobs = {link: partial(self._fetched, link) for link in links}
        jobs |= {path: partial(_read, path, sha256) for path, sha256 in files.items()}
        got = self._run(jobs)
        recordings: dict[str, Recording] = {}
        room = LARGEST_PAGE
        for name in jobs:  # in their order, so that the same sounds make the same page
            found = got.get(name) or _Got(name, why=_TOO_LATE)
            if not found.why and len(found.sound) > room:
                found = _Got(name, why=_NO_ROOM)
            room -= len(found.sound)
            recordings[name] = Recording(why=found.why) if found.why else Recording(source=_uri(found.sound))
        return recordings

    def _run(self, jobs: Mapping[str, Callable[[], _Got]]) -> dict[str, _Got]:
        """The results of these jobs. Begins none after the page is full or the time is over."""
        got: dict[str, _Got] = {}
        latest, size, running = self.clock.monotonic() + SECONDS, 0, 0
        waiting = iter(jobs.values())
        pool = self.pool(AT_ONCE)
        try:
            while True:
                while running < AT_ONCE and size <= LARGEST_PAGE and self.clock.monotonic() <= latest:
                    job = next(waiting, None)
                    if job is None:
                        break
                    pool.start(job)
                    running += 1
                if not running:
                    break
                for each in pool.wait(_WAIT):
                    got[each.name] = each
                    size, running = size + len(each.sound), running - 1
        finally:
            pool.close(wait=False)
        if size > LARGEST_PAGE:
            got |= {name: _Got(name, why=_NO_ROOM) for name in jobs if name not in got}
        return got

    def _fetched(self, link: str) -> _Got:
        got = self.fetch(link, largest=LARGEST)
        if isinstance(got, NotFetched):
            return _Got(link, why=f"it {got.why}")
        if not got.whole:
            return _Got(link, why=f"it is larger than {LARGEST // MB} MB")
        return _checked(link, got.data)


def _read(path: str, sha256: str) -> _Got:
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as failure:
        return _Got(path, why=f"its file can't be read any more: {failure.strerror}")
    if len(data) > LARGEST:
        return _Got(path, why=f"its file is larger than {LARGEST // MB} MB")
    if hashlib.sha256(data).hexdigest() != sha256:
        return _Got(path, why="its file changed while this page was made")
    return _checked(path, data)


def _checked(name: str, data: bytes) -> _Got:
    """The sound, if a browser may play it: what is embedded is never a document."""
    if _TYPES.get(container_of(data) or "") is None:
        return _Got(name, why=f"it is {container_of(data) or looks_like(data)}, which a page can't play")
    return _Got(name, data)


def _uri(sound: bytes) -> str:
    kind = _TYPES[container_of(sound) or ""]
    return f"data:{kind};base64,{base64.b64encode(sound).decode('ascii')}"

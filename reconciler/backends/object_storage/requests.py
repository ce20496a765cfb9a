"""Requests to the store: put, get, list and delete, and what an unclear answer meant.

Any answer to a put but a plain success is settled by reading the object back: the same bytes are ours, since each body
holds a nonce. If nothing is there, the same request is sent again. The library's own retries are off (`address`): it
would report its own success as a conflict.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from reconciler.backends.object_storage import objects
from reconciler.backends.object_storage.faults import Fault, Place, fault, is_final, no_conditions, refusal
from reconciler.values import value

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_TRIES = 8
_PATIENCE = 60.0  # seconds for all tries of one request
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0  # seconds between two tries
_AT_ONCE = 8  # reads
_LARGE = 100_000  # bytes; more may take longer than a short time-out on a slow line
_REFUSALS = 2  # of the probe: a single one may be a passing 409

_Mode = Literal["create", "overwrite"]


@value
class Access:
    """The store, under the prefix. `creating` has the mode `create_mode`: some stores want a header of their own.

    `slow` and `slow_creating` are the same with a longer time-out, for states. `lists_late`: the store does not promise
    that a list shows what was just written.
    """

    store: ObjectStore
    creating: ObjectStore
    slow: ObjectStore
    slow_creating: ObjectStore
    create_mode: _Mode
    place: Place
    lists_late: bool = False


@value
class Found:
    """An object that was read. `modified`: by the store's clock."""

    content: bytes
    modified: datetime


@value
class Listed:
    """An object in a list; `size` in bytes."""

    path: str
    modified: datetime
    size: int


class Requests:
    """The requests to one store. Any thread may use it. Raises StateError, in words that show no secret."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @property
    def place(self) -> Place:
        """The names for messages."""
        return self._access.place

    def create(self, path: str, content: bytes) -> bytes | None:
        """Creates the object. None: it is ours; else the bytes of the object that has the name already."""
        for last in self._tries("Put"):
            kind = self._create(path, content)
            if kind is None:
                return None
            last.failed(kind)
            there = self._peek(path)
            if isinstance(there, Found):
                return None if there.content == content else there.content
        raise AssertionError("the tries end with an error")

    def overwrite(self, path: str, content: bytes, *, tries: int = _TRIES) -> None:
        """Writes the object, whatever is there. Only for objects that one run alone writes."""
        for last in self._tries("Put", tries):
            kind = self._put(self._access.store, path, content, "overwrite")
            if kind is None:
                return
            last.failed(kind)
            there = self._peek(path)
            if isinstance(there, Found) and there.content == content:
                return

    def get(self, path: str) -> Found | None:
        """The object; None if there is none."""
        for last in self._tries("Get"):
            there = self._peek(path)
            if not isinstance(there, Fault):
                return there
            last.failed(there)
        raise AssertionError("the tries end with an error")

    def get_all(self, paths: Sequence[str]) -> Sequence[Found | None]:
        """Several objects, in the order of `paths`."""
        if len(paths) < 2:
            return [self.get(path) for path in paths]
        with ThreadPoolExecutor(min(_AT_ONCE, len(paths)), thread_name_prefix="voicectl-read") as pool:
            return [*pool.map(self.get, paths)]

    def list(self, folder: str | None = None, *, after: str | None = None, tries: int = _TRIES) -> Sequence[Listed]:
        """The objects in a folder, or all; only those with names after `after`. Sorted by name."""
        for last in self._tries("List", tries):
            found = self._list(folder, after)
            if not isinstance(found, Fault):
                return found
            last.failed(found)
        raise AssertionError("the tries end with an error")

    def numbers(self, folder: str, *, after: int | None = None, tries: int = _TRIES) -> Sequence[int]:
        """The numbers of the objects in a folder, ascending; only those greater than `after`.

        Where lists are late, the next numbers are asked for one by one; snapshots leave out numbers.
        """
        listed = self.list(folder, after=None if after is None else objects.name(folder, after), tries=tries)
        found = (objects.number(folder, each.path) for each in listed)
        numbers = sorted(each for each in found if each is not None and (after is None or each > after))
        if self._access.lists_late and folder != objects.SNAPSHOTS:
            following = (numbers[-1] if numbers else after or 0) + 1
            while self.get(objects.name(folder, following)) is not None:
                numbers.append(following)
                following += 1
        return numbers

    def delete(self, paths: Sequence[str]) -> None:
        """Deletes objects, or leaves them: a run may do without the right to delete."""
        import obstore
        from obstore.exceptions import BaseError

        if paths:
            try:
                obstore.delete(self._access.store, [*paths])
            except (BaseError, OSError):
                return

    def check_conditions(self, path: str, first: bytes, second: bytes) -> None:
        """Raises StateError if the store lets a second creation of an object replace the first."""
        if self.create(path, first) is not None:
            raise no_conditions(self.place)
        refused = 0
        for last in self._tries("Put"):
            kind = self._create(path, second)
            if kind is None:
                raise no_conditions(self.place)
            last.failed(kind)
            there = self._peek(path)
            if isinstance(there, Found) and there.content != first:
                raise no_conditions(self.place)
            refused += isinstance(there, Found) and kind is Fault.EXISTS
            if refused == _REFUSALS:
                return

    # No error of ours is raised while one of obstore's is handled: a traceback would show that one too.

    def _create(self, path: str, content: bytes) -> Fault | None:
        access = self._access
        store = access.slow_creating if len(content) > _LARGE else access.creating
        return self._put(store, path, content, access.create_mode)

    def _put(self, store: ObjectStore, path: str, content: bytes, mode: _Mode) -> Fault | None:
        import obstore
        from obstore.exceptions import BaseError

        try:
            obstore.put(store, path, content, mode=mode, use_multipart=False)  # parts know no conditions
        except (BaseError, OSError) as error:
            kind = fault(error)
            return Fault.NO_BUCKET if kind is Fault.MISSING else kind
        return None

    def _peek(self, path: str) -> Found | Fault | None:
        """One attempt to read an object; None if there is none."""
        import obstore
        from obstore.exceptions import BaseError

        is_state = path.startswith((f"{objects.SNAPSHOTS}/", f"{objects.ENTRIES}/"))
        try:
            got = obstore.get(self._access.slow if is_state else self._access.store, path)
            return Found(bytes(got.bytes()), got.meta["last_modified"])
        except (BaseError, OSError) as error:
            kind = fault(error)
            return None if kind is Fault.MISSING else kind

    def _list(self, folder: str | None, after: str | None) -> Sequence[Listed] | Fault:
        import obstore
        from obstore.exceptions import BaseError

        try:
            listed = obstore.list(self._access.store, folder, offset=after).collect()
        except (BaseError, OSError) as error:
            kind = fault(error)
            return Fault.NO_BUCKET if kind is Fault.MISSING else kind
        found = [Listed(each["path"], each["last_modified"], each["size"]) for each in listed]
        return sorted((x for x in found if after is None or x.path > after), key=lambda x: x.path)

    def _tries(self, action: str, tries: int = _TRIES) -> Iterator[_Last]:
        """Yields once for each try, and raises after the last one. Waits in between, longer each time."""
        began, wait, last = time.monotonic(), _FIRST_WAIT, _Last(action, self.place)
        for number in range(1, tries + 1):
            yield last
            if number < tries:
                time.sleep(wait * random.uniform(0.7, 1.3))  # noqa: S311 - no secret
                wait = min(wait * 2, _LONGEST_WAIT)
            if time.monotonic() - began > _PATIENCE:
                break
        raise refusal(last.kind, action, self.place)


class _Last:
    """How the last try failed."""

    def __init__(self, action: str, place: Place) -> None:
        self._action = action
        self._place = place
        self.kind = Fault.UNCLEAR

    def failed(self, kind: Fault) -> None:
        """Notes the failure. Raises StateError if another try would be in vain."""
        self.kind = kind
        if is_final(kind):
            raise refusal(kind, self._action, self._place)

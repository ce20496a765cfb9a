"""The rounds of one manifest: read its files if they changed, look at its accounts, and apply with --apply.

It decides nothing itself about voices: a look is a plan, and what may be applied is what every apply may do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from reconciler.engine import operations
from reconciler.engine.cloud import Cloud
from reconciler.engine.jobs import JobResult
from reconciler.engine.operations import Looked
from reconciler.engine.session import Request, Session
from reconciler.engine.worker_pool import WorkerPool
from reconciler.errors import CloudError, VoicectlError
from reconciler.hints import hint
from reconciler.model.manifest import Manifest
from reconciler.model.watch import WatchKind, WatchListener
from reconciler.planning.account_check import AccountProblem
from reconciler.protocols.backend import Held, holder_name
from reconciler.protocols.clock import Clock
from reconciler.watch import schedule
from reconciler.watch.convergence import Convergence
from reconciler.watch.differences import Differences, addresses, counted, differences, fingerprint, said
from reconciler.watch.known import Known
from reconciler.watch.manifest_file import ManifestFile, Reading
from reconciler.watch.reporting import Reporting
from reconciler.watch.rests import Rests
from reconciler.watch.settings import GRACE, WatchSettings
from reconciler.watch.stopping import Stopping

_LEFT_ALONE = hint("It is looked at again after a pause.")
_STATE = ""  # what fails if nothing can be looked at at all
_AGAIN = 2  # failures in a row after which a pause is reported


class ManifestWatch:
    """One manifest. `open_session` opens its session, and registers what closes it. `draw` returns 0 to 1."""

    def __init__(
        self,
        name: str,
        file: ManifestFile,
        open_session: Callable[[Manifest, ExitStack], Session],
        settings: WatchSettings,
        *,
        listeners: Sequence[WatchListener],
        stopping: Stopping,
        clock: Clock,
        draw: Callable[[], float],
        explain: Callable[[VoicectlError], str],
        workers: Callable[[], WorkerPool[JobResult]],
    ) -> None:
        self._file = file
        self._open_session = open_session
        self._settings = settings
        self._clock = clock
        self._draw = draw
        self._known = Known(name)
        self._reporting = Reporting(self._known, listeners, clock, explain)
        self._rests = Rests(clock, settings.interval, draw)
        applies = Rests(clock, settings.interval, draw)
        self._convergence = Convergence(
            self._reporting,
            stopping,
            rests=self._rests,
            applies=applies,
            workers=workers,
        )
        self._closing = ExitStack()
        self._session = self._opened(file.manifest, self._closing)
        self._before: Differences = frozenset()  # what the last look showed
        self._in_trouble = False  # something was reported that was not as declared, or failed
        self.next_at = clock.monotonic()

    @property
    def applying(self) -> bool:
        """Whether calls may be under way that are paid for."""
        return self._convergence.running

    def begin(self) -> None:
        self._known.paid_limit = self._settings.limit(self._session.manifest)
        what = "looks and applies" if self._settings.applies else "looks"
        most = self._known.paid_limit
        limit = "it changes nothing" if most is None else f"at most {most} paid calls a day"
        self._reporting.emit(WatchKind.STARTED, f"{what} every {self._settings.interval:g} s; {limit}")

    def end(self, why: str) -> None:
        self._known.looking = False
        self._reporting.emit(WatchKind.STOPPED, why)
        self._closing.close()

    def round(self) -> None:
        """One round. Sets when the next one is due."""
        began = self._clock.monotonic()
        self._known.looking = True
        try:
            self._refresh_manifest()
            resting = self._rests.resting()
            if _STATE not in resting:
                self._look_and_apply(resting)
        finally:
            self._known.looking = False
        self.next_at = schedule.next_look(began, self._clock.monotonic(), self._settings.interval, self._draw())

    # -- the manifest --------------------------------------------------------------------------------------------------

    def _refresh_manifest(self) -> None:
        match self._file.refresh():
            case Reading.SAME | Reading.STILL_BROKEN:
                return
            case Reading.BROKEN:
                self._report_broken(self._file.error)
            case Reading.REPAIRED:
                self._known.manifest_broken = False
                self._reporting.emit(WatchKind.MANIFEST_CHANGED, "the manifest has no errors any more, and no changes")
            case Reading.CHANGED:
                self._change(self._file.manifest)

    def _change(self, manifest: Manifest) -> None:
        """Goes on with another manifest: its accounts and the place of its state may be others too."""
        closing = ExitStack()
        try:
            session = self._opened(manifest, closing)
        except VoicectlError as error:
            closing.close()
            self._report_broken(error)
            return
        self._known.calls.disconnected()
        self._closing.close()
        self._session, self._closing = session, closing
        self._known.manifest_broken = False
        self._known.paid_limit = self._settings.limit(manifest)
        self._rests.succeeded(self._rests.failing())
        count = len(manifest.voices)
        self._reporting.emit(WatchKind.MANIFEST_CHANGED, f"the changed manifest is in force: {count} voices declared")

    def _report_broken(self, error: VoicectlError | None) -> None:
        self._known.manifest_broken = True
        why = "" if error is None else self._reporting.explain(error)
        self._reporting.emit(
            WatchKind.MANIFEST_BROKEN, f"{why} The last good manifest stays in force.", fingerprint=fingerprint(why)
        )

    def _opened(self, manifest: Manifest, closing: ExitStack) -> Session:
        session = self._open_session(manifest, closing)

        def connect(names: Collection[str]) -> Mapping[str, Cloud]:
            clouds = session.connect(names)
            self._known.calls.connected(clouds)
            return clouds

        return replace(session, connect=connect)

    # -- the look ------------------------------------------------------------------------------------------------------

    def _look_and_apply(self, resting: Collection[str]) -> None:
        self._known.last_look = self._clock.now()
        try:
            held = self._session.store.holder()
            self._known.lock = "free" if held is None else "other"
            request = self._request(resting, held)
            looked = operations.look(self._session, request)
        except CloudError as refusal:  # none of the accounts could be read
            self._known.calls.update({})
            for name in sorted(self._used() - set(resting)):
                self._report_failing(name, self._reporting.explain(refusal))
            return
        except Exception as error:  # noqa: BLE001 - whatever fails, the watch goes on
            self._report_failing(_STATE, self._reporting.words(error))
            return
        self._known.calls.update({})
        self._rests.succeeded((self._used() | {_STATE}) - set(resting) - looked.failing.keys())
        for name, why in looked.failing.items():
            self._report_failing(name, why)
        self._took(looked, resting, under_way=held is not None)
        if self._settings.applies and held is None:
            unread = {*self._rests.resting(), *resting, *looked.failing}
            self._convergence.converge(self._session, looked, self._request(unread, None))

    def _used(self) -> set[str]:
        """The providers that the manifest's voices are at, and the others that were called."""
        return {voice.provider for voice in self._session.manifest.voices.values()} | set(self._known.calls.names())

    def _request(self, resting: Collection[str], held: Held | None) -> Request:
        why = AccountProblem(why="its account could not be read, and is left alone for a while", hint=_LEFT_ALONE)
        request = Request(
            max_paid_calls_per_day=self._known.paid_limit,
            grace=GRACE,
            resting=dict.fromkeys(resting, why),
            look_seconds=self._settings.look_seconds,
            task_patience=self._settings.task_seconds,
        )
        return request if held is None else request.seen_during(holder_name(held.info))

    def _took(self, looked: Looked, resting: Collection[str], *, under_way: bool) -> None:
        """Reports what a look found. While another run changes voices, what differs proves nothing."""
        now = self._clock.now()
        self._known.took_plan(looked.plan)
        self._known.took_state(looked.state, now)
        unread = {*resting, *looked.failing}
        if not unread:
            self._known.last_good_look = now
        found = differences(looked.plan, unread)
        if not looked.failing:
            self._report_looked(found, unread)
        if under_way:
            return
        new = found - self._before
        self._before = found
        if new:
            self._in_trouble = True
            counts = counted(found)
            message = f"not as declared: {said(counts)}"
            mark = fingerprint(found)
            self._reporting.emit(
                WatchKind.DRIFTED, message, addresses=addresses(found), counts=counts, fingerprint=mark
            )
        elif not found and not unread and self._in_trouble:
            self._in_trouble = False
            self._reporting.emit(WatchKind.RECOVERED, "everything is as declared again")

    def _report_looked(self, found: Differences, unread: Collection[str]) -> None:
        left = f"; left alone: {', '.join(sorted(unread))}" if unread else ""
        counts = counted(found)
        message = f"{said(counts) or 'everything is as declared'}{left}"
        self._reporting.emit(WatchKind.LOOKED, message, counts=counts)

    def _report_failing(self, name: str, why: str) -> None:
        self._in_trouble = True
        self._known.failures += 1
        mark = fingerprint("look", name)
        self._reporting.emit(WatchKind.LOOK_FAILED, why, provider=name, fingerprint=mark)
        rest = self._rests.failed(name)
        if rest.failures >= _AGAIN:
            seconds = self._rests.seconds(rest)
            message = f"{rest.failures} failures in a row; the next call is in {seconds:.0f} s at the earliest"
            self._reporting.emit(WatchKind.BACKING_OFF, message, provider=name, fingerprint=mark)

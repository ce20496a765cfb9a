"""Applies on virtual time, against the sandbox's world over its clouds' wires: what was declared, what happened.

One `SimulatedRun` is one folder, with one account of Kling's unless told; each `apply` in it is a new process.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from reconciler.engine import operations
from reconciler.engine.cloud import Cloud
from reconciler.engine.jobs import JobResult
from reconciler.engine.lock_owner import LockOwner
from reconciler.engine.operations import Applied, RunCallbacks
from reconciler.engine.session import GRACE, Request, Session
from reconciler.engine.store import Store
from reconciler.model.account import Account
from reconciler.model.events import Event, Kind
from reconciler.model.manifest import Lifecycle, Manifest, Safety, Voice
from reconciler.model.plan import Plan
from reconciler.model.state import Record, State, Status
from reconciler.planning.plan_context import PlanOptions
from reconciler.protocols.provider import Provider
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.auth import ApiKey
from reconciler.providers.kling.provider import KlingProvider
from reconciler.providers.tencent.auth import Credentials
from reconciler.providers.tencent.trtc.account import TencentTrtcAccount
from reconciler.providers.tencent.trtc.provider import TrtcProvider
from reconciler.providers.tencent.vod.account import TencentVodAccount
from reconciler.providers.tencent.vod.provider import VodProvider
from reconciler.sandbox.faults import Faults
from reconciler.sandbox.task import SELECT, Task
from reconciler.sandbox.tencent.auth import SECRET_ID, SECRET_KEY
from reconciler.sandbox.transport import SandboxTransport
from reconciler.sandbox.world import World
from tests.engine.expected_voices import KLING_KEYS
from tests.support.clock import FakeClock, OtherMachine
from tests.support.memory_backend import MemoryBackend
from tests.support.virtual import InlinePool

LINEAGE = "01234567-89ab-cdef-0123-456789abcdef"
_SOMEBODY = LockOwner("somebody", "here", 4711)
ANYTHING_GOES = Safety(max_delete_percent=100, max_recreate_percent=100)


@dataclass(frozen=True)
class Happened:
    """`what` is `write` or `append` for the state, and a call's name: `create`, `delete`, `get`, `list`; an action."""

    at: float  # seconds
    what: str


def voice(address: str, *, provider: str = "kling", sample: str = "", lifecycle: Lifecycle | None = None) -> Voice:
    """`sample` is what it is made from: another one makes another voice."""
    return Voice(
        address=address,
        provider=provider,
        type="kling",
        method="create",
        inputs={"voice_name": address[:20], "voice_url": f"https://cdn.example.com/{sample or address}.mp3"},
        lifecycle=lifecycle or Lifecycle(),
    )


class Died(BaseException):
    """kill -9: nothing catches it, and nothing runs after it."""


class SimulatedRun:
    def __init__(self, *, latency: Callable[[], float] | float = 0.05, seed: int = 1, **faults: Any) -> None:
        self.clock = FakeClock()
        self.world = World.open(":memory:", OtherMachine(self.clock), seed=seed)
        self.world.set_faults(Faults(**faults))
        self.seed = seed
        self.backend = self.another_backend()
        self.accounts: dict[str, Account] = {"kling": KlingAccount(type="kling")}
        self.voices: dict[str, Voice] = {}
        self.safety = ANYTHING_GOES
        self.lineage = LINEAGE  # of the next state that begins
        self.happened: list[Happened] = []
        self.events: list[Event] = []
        self.hook: Callable[[str, str], None] = lambda moment, what: None  # "before" or "after" a write or a call
        self.sent: httpx.Request | None = None  # the call that is under way
        self.received: httpx.Response | None = None  # its answer; None: the connection broke
        self.listener: Callable[[Event], None] = lambda event: None
        self.workers: InlinePool[JobResult] = InlinePool(self.clock)
        self.provide: Callable[[Any], Provider] = self._provided  # for an account
        self._latency = latency

    # --- what people do ---

    def declare(self, *voices: Voice) -> None:
        self.voices = {v.address: v for v in voices}

    def plan(self, **options: Any) -> Plan:
        return operations.plan(self.session(), Request(options=PlanOptions(**options)))

    def apply(
        self,
        approved: Plan | None = None,
        *,
        stop: Callable[[], str | None] = lambda: None,
        allow_deletes: int | None = None,
        grace: float = GRACE,
        **options: Any,
    ) -> Applied:
        """A whole run, in a process of its own; `approved` is a saved plan."""
        self.workers = InlinePool(self.clock, latency=self._latency)
        callbacks = RunCallbacks(show=lambda plan: None, approve=lambda plan: True, emit=self._emit, stop=stop)
        request = Request(options=PlanOptions(**options), allow_deletes=allow_deletes, grace=grace)
        return operations.apply(self.session(), request, callbacks, approved=approved, workers=lambda: self.workers)

    def turn(self, **faults: Any) -> None:
        """These switches of the sandbox, the others as they are."""
        self.world.set_faults(self.world.faults().model_copy(update=faults))

    def die(self, moment: str, what: str) -> None:
        """The next run ends at its first such write or call."""

        def hook(now: str, doing: str) -> None:
            if (now, doing) == (moment, what):
                self.hook = lambda moment, what: None
                self.workers.die(random.Random(0))
                raise Died

        self.hook = hook

    # --- what came of it ---

    @property
    def state(self) -> State:
        state = self.store().load()
        return state if state is not None else State(lineage=self.lineage)

    def record(self, address: str) -> Record:
        record = self.state.at(address)
        assert record is not None
        return record

    def at_status(self, status: Status) -> list[str]:
        """The addresses of the records with this status, bound or not."""
        return sorted(r.address for r in self.state.records.values() if r.status is status)

    @property
    def made(self) -> list[Task]:
        """Every creation that the cloud ever accepted, so that was paid: the world's books, past its wire."""
        rows = self.world._db.execute(f"{SELECT} number > 0 ORDER BY number")
        return [Task(*row) for row in rows]

    @property
    def living(self) -> dict[str, str]:
        """voice_name -> voice_id, of the voices that exist now."""
        return {v.voice_name: v.voice_id for v in self.world.voices()}

    @property
    def living_ids(self) -> list[str]:
        return [v.voice_id for v in self.world.voices()]

    def count(self, what: str) -> int:
        return sum(h.what == what for h in self.happened)

    def times(self, what: str) -> list[float]:
        return [h.at for h in self.happened if h.what == what]

    def order(self, *what: str) -> list[str]:
        return [h.what for h in self.happened if h.what in what]

    def told(self, kind: Kind) -> list[Event]:
        return [e for e in self.events if e.kind is kind]

    # --- how it is mounted ---

    def another_backend(self) -> MemoryBackend:
        return MemoryBackend(before=lambda what: self.hook("before", what), after=self._saved)

    def store(self) -> Store:
        return Store(
            self.backend, clock=self.clock, rescue_path=Path("/nonexistent/rescue.json"), lock_owner=lambda: _SOMEBODY
        )

    def session(self) -> Session:
        manifest = Manifest(name="voices.yaml", providers=dict(self.accounts), voices=self.voices, safety=self.safety)
        return Session(
            manifest=manifest,
            store=self.store(),
            connect=self._connect,
            clock=self.clock,
            lineage=lambda: self.lineage,
        )

    def _connect(self, names: Collection[str]) -> Mapping[str, Cloud]:
        return {name: self.cloud(name, self.accounts[name]) for name in names}

    def cloud(self, name: str, account: Account) -> Cloud:
        provider = self.provide(account)
        rates = {str(action): rate for action, rate in account.rate_limit.items()}
        return Cloud(
            name=name,
            provider=provider,
            quota=provider.account,
            rates=rates,
            max_in_flight=account.max_in_flight,
            task_timeout=account.timeouts.operation,
        )

    def _provided(self, account: Account) -> Provider:
        wire, pair = self.wire(), Credentials(SECRET_ID, SECRET_KEY)
        match account:
            case KlingAccount():
                return KlingProvider(account, ApiKey(KLING_KEYS[account.region]), clock=self.clock, transport=wire)
            case TencentVodAccount():
                listed = any(v.method == "clone-minimax" for v in self.voices.values())
                return VodProvider(account, pair, clock=self.clock, transport=wire, listed=listed)
            case TencentTrtcAccount():
                return TrtcProvider(account, pair, clock=self.clock, environ={}, transport=wire)
            case _:
                raise AssertionError(account)

    def wire(self) -> Wire:
        return Wire(self)

    def _emit(self, event: Event) -> None:
        self.events.append(event)
        self.listener(event)

    def _saved(self, what: str) -> None:
        self.happened.append(Happened(self.clock.monotonic(), what))
        self.hook("after", what)

    def called(self, what: str, request: httpx.Request) -> None:
        self.sent, self.received = request, None
        self.hook("before", what)
        self.happened.append(Happened(self.clock.monotonic(), what))


class Wire(httpx.BaseTransport):
    """The sandbox's transport, with every call noted as it reaches the cloud."""

    def __init__(self, simulated: SimulatedRun) -> None:
        self._simulated = simulated
        self._transport = SandboxTransport(simulated.world)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        what = request.headers.get("X-TC-Action") or operation(request.method, request.url.path)
        self._simulated.called(what, request)
        try:
            self._simulated.received = self._transport.handle_request(request)
            return self._simulated.received
        finally:
            self._simulated.hook("after", what)


def operation(method: str, path: str) -> str:
    match method, path.removeprefix("/v1/general/").split("/"):
        case "POST", ["custom-voices"]:
            return "create"
        case "POST", ["delete-voices"]:
            return "delete"
        case "GET", ["custom-voices"]:
            return "list"
        case "GET", ["custom-voices", _]:
            return "get"
        case "GET", ["presets-voices"]:
            return "presets"
        case "GET", ["", "tasks"]:
            return "probe"
        case _:
            raise ValueError(f"{method} {path}")

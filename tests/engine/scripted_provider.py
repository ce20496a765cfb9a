"""A provider whose answers a test writes down. What nobody wrote down, it does well, and voices are ready at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import count

from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, Observation, Observations, RemoteVoice, TaskStatus
from reconciler.model.state import Record
from reconciler.protocols.clock import Clock
from reconciler.protocols.provider import Accepted, Capabilities, Done, MethodCapabilities

Said = Accepted | Done | Observation | Exception | None


class ScriptedProvider:
    """Satisfies `Provider`. `say("submit", …)`: its next answers. `heard`: each call, when, which, of which key."""

    def __init__(self, clock: Clock, can: MethodCapabilities | None = None, *, account: str = "kling on paper") -> None:
        self.capabilities = Capabilities(methods={"create": can or MethodCapabilities()})
        self.account = account
        self.heard: list[tuple[float, str, str]] = []
        self._clock = clock
        self._said: dict[str, deque[Said]] = {}
        self._made: dict[str, RemoteVoice] = {}
        self._ids = count(850087542757535834)

    def say(self, call: str, *answers: Said) -> None:
        self._said.setdefault(call, deque()).extend(answers)

    @property
    def calls(self) -> int:
        return len(self.heard)

    def count(self, call: str) -> int:
        return sum(which == call for _, which, _ in self.heard)

    def arrive(self, key: str, voice_name: str = "Narrator") -> None:
        """A voice is there under this key, whoever made it."""
        self._made[key] = RemoteVoice(
            status=TaskStatus.READY,
            voice_id=str(next(self._ids)),
            voice_name=voice_name,
            task_id=f"task of {key}",
            external_task_id=key,
        )

    # --- the door ---

    def observe(self, records: Sequence[Record], *, presets: bool = False) -> Observations:
        self.heard.append((self._clock.monotonic(), "observe", ""))
        return Observations(account=self.account, of={r.external_task_id: self._look(r) for r in records})

    def presets(self) -> Sequence[RemoteVoice]:
        return ()

    def voices(self) -> Sequence[RemoteVoice]:
        return tuple(self._made.values())

    def submit(self, voice: Voice, external_task_id: str) -> Accepted | Done:
        answer = self._answer("submit", external_task_id)
        if isinstance(answer, Accepted | Done):
            return answer
        self.arrive(external_task_id, str(voice.inputs["voice_name"]))
        return Accepted(task_id=f"task of {external_task_id}")

    def poll(self, pending: Sequence[Record]) -> Mapping[str, RemoteVoice]:
        self._answer("poll", " ".join(r.external_task_id for r in pending))
        return {r.external_task_id: self._made[r.external_task_id] for r in pending if r.external_task_id in self._made}

    def find(self, record: Record) -> Observation:
        answer = self._answer("find", record.external_task_id)
        return self._look(record) if answer is None or isinstance(answer, Accepted | Done) else answer

    def delete(self, record: Record) -> None:
        self._answer("delete", record.external_task_id)
        self._made.pop(record.external_task_id, None)

    def close(self) -> None:
        """Nothing was opened."""

    def _look(self, record: Record) -> Observation:
        made = self._made.get(record.external_task_id)
        return Absent() if made is None else Found(remote=made)

    def _answer(self, call: str, key: str) -> Accepted | Done | Observation | None:
        self.heard.append((self._clock.monotonic(), call, key))
        waiting = self._said.get(call)
        answer = waiting.popleft() if waiting else None
        if isinstance(answer, Exception):
            raise answer
        return answer

"""A cloud on paper that shows a voice only once it was used, and changes voices in place. Its answers are written down.

What nobody wrote down, it does well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.manifest import Voice
from reconciler.model.observed import (
    Absent,
    Found,
    Observation,
    Observations,
    RemoteVoice,
    TaskStatus,
    Unverifiable,
)
from reconciler.model.state import Activation, Record, Status
from reconciler.protocols.provider import Accepted, ByKey, Capabilities, MethodCapabilities

_UNSEEN = Unverifiable(why="shown only after its first use")


class UsedCloud:
    """Satisfies `Provider`, `Updating` and `Activating`. `say("activate", error)`: its next answers."""

    account = "tencent-vod on paper 1"
    capabilities = Capabilities(
        methods={"clone-minimax": MethodCapabilities(updates=True, activates=True, found=ByKey(window=70 * 3600.0))},
    )

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.names: dict[str, str] = {}  # external_task_id -> the name of its voice
        self.used: set[str] = set()
        self.late = False  # a use is not shown by itself: add it to `used`
        self._said: dict[str, deque[Exception | None]] = {}

    def say(self, call: str, *answers: Exception | None) -> None:
        self._said.setdefault(call, deque()).extend(answers)

    @property
    def calls(self) -> int:
        return len(self.heard)

    def count(self, call: str) -> int:
        return self.heard.count(call)

    # --- the door ---

    def observe(self, records: Sequence[Record], *, presets: bool = False) -> Observations:
        return Observations(account=self.account, of={r.external_task_id: self.find(r) for r in records})

    def presets(self) -> Sequence[RemoteVoice]:
        return ()

    def voices(self) -> Sequence[RemoteVoice]:
        return ()

    def submit(self, voice: Voice, external_task_id: str) -> Accepted:
        self._answer("submit")
        self.names[external_task_id] = str(voice.inputs["name"])
        return Accepted(task_id=f"task of {external_task_id}")

    def poll(self, pending: Sequence[Record]) -> Mapping[str, RemoteVoice]:
        return {r.external_task_id: self._remote(r.external_task_id) for r in pending}

    def find(self, record: Record) -> Observation:
        self.heard.append("find")
        key = record.external_task_id
        if key in self.used:
            return Found(remote=self._remote(key))
        if record.status in {Status.INTENDED, Status.RUNNING}:
            return Found(remote=self._remote(key)) if key in self.names else Absent()
        return Absent() if record.activation is Activation.DONE else _UNSEEN

    def activate(self, record: Record, text: str) -> None:
        if not self.late:
            self.used.add(record.external_task_id)
        try:
            self._answer(f"activate: {text}")
        except LostBefore as lost:
            self.used.discard(record.external_task_id)
            raise lost.error from None

    def update(self, record: Record, fields: Mapping[str, Any]) -> None:
        self._answer(f"update: {', '.join(sorted(fields))}")
        self.names[record.external_task_id] = str(fields.get("name"))

    def delete(self, record: Record) -> None:
        self._answer("delete")
        self.names.pop(record.external_task_id)
        self.used.discard(record.external_task_id)

    def close(self) -> None:
        """Nothing was opened."""

    def _remote(self, key: str) -> RemoteVoice:
        return RemoteVoice(
            status=TaskStatus.READY,
            voice_id=f"minimax_{list(self.names).index(key)}",
            voice_name=self.names[key],
            task_id=f"task of {key}",
            active=key in self.used,
        )

    def _answer(self, call: str) -> None:
        self.heard.append(call)
        waiting = self._said.get(call.partition(":")[0])
        answer = waiting.popleft() if waiting else None
        if answer is not None:
            raise answer


class LostBefore(Exception):
    """The call never arrived, whatever its caller is told."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

"""A client that calls the sandbox's Kling API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from reconciler.sandbox.faults import Faults
from reconciler.sandbox.http import Dropped, Request, Response
from reconciler.sandbox.router import handle
from reconciler.sandbox.world import World
from tests.support.clock import FakeClock

MP3 = "https://cdn.example.com/narrator.mp3"


@dataclass(frozen=True)
class Reply:
    status: int
    body: dict[str, Any]

    @property
    def code(self) -> int:
        return int(self.body["code"])

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def refusal(self) -> tuple[int, int, str]:
        assert "data" not in self.body
        return self.status, self.code, self.body["message"]


@dataclass
class Caller:
    world: World
    clock: FakeClock
    key: str = "sandbox-default"
    lines: list[str] = field(default_factory=list)

    def send(
        self, method: str, target: str, *, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Response | Dropped:
        sent_headers = {"Authorization": f"Bearer {self.key}"} if headers is None else headers
        request = Request.received(method, target, headers=sent_headers.items(), body=body)
        return handle(self.world, request, self.lines.append)

    def call(self, method: str, target: str, *, body: object = None, headers: dict[str, str] | None = None) -> Reply:
        sent = b"" if body is None else json.dumps(body).encode()
        answer = self.send(method, target, body=sent, headers=headers)
        assert isinstance(answer, Response)
        return Reply(answer.status, json.loads(answer.body))

    def create(self, voice_name: str = "Narrator", **more: object) -> Reply:
        return self.call("POST", "/v1/general/custom-voices", body=_wanted(voice_name, more))

    def create_raw(self, voice_name: str = "Narrator", **more: object) -> Response | Dropped:
        return self.send("POST", "/v1/general/custom-voices", body=json.dumps(_wanted(voice_name, more)).encode())

    def get(self, wanted: str) -> Reply:
        return self.call("GET", f"/v1/general/custom-voices/{quote(wanted, safe='')}")

    def listed(self, query: str = "") -> Reply:
        return self.call("GET", "/v1/general/custom-voices" + query)

    def names(self, query: str = "?pageSize=1000") -> list[str]:
        """The names of the finished voices in the list."""
        records = self.listed(query).data
        return [v["voice_name"] for r in records if "task_result" in r for v in r["task_result"]["voices"]]

    def presets(self, query: str = "") -> Reply:
        return self.call("GET", "/v1/general/presets-voices" + query)

    def delete(self, voice_id: object) -> Reply:
        return self.call("POST", "/v1/general/delete-voices", body={"voice_id": voice_id})

    def made(self, voice_name: str = "Narrator", **more: object) -> str:
        """The voice_id of a new voice, once it is finished."""
        task_id = self.create(voice_name, **more).data["task_id"]
        self.clock.sleep(self.world.faults().task_seconds)
        return str(self.get(task_id).data["task_result"]["voices"][0]["voice_id"])

    def change_faults(self, **faults: object) -> None:
        """Sets these faults and keeps the others."""
        self.world.set_faults(Faults.model_validate(self.world.faults().model_dump() | faults))


def _wanted(voice_name: str, more: dict[str, object]) -> dict[str, object]:
    source = {} if "voice_url" in more or "video_id" in more else {"voice_url": MP3}
    return {"voice_name": voice_name, **source, **more}

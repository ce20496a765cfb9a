"""Tencent's official SDK as a client, and the sandbox server that it calls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.trtc.v20190722 import models as trtc_models
from tencentcloud.trtc.v20190722.trtc_client import TrtcClient
from tencentcloud.vod.v20180717 import models as vod_models
from tencentcloud.vod.v20180717.vod_client import VodClient

from reconciler.sandbox.faults import Faults
from reconciler.sandbox.world import World
from reconciler.system_clock import SystemClock

ID, KEY = "sandbox-default", "sandbox-secret"  # as `sandbox serve` prints them
TRTC = frozenset({"VoiceClone", "TextToSpeech"})
# The SDK calls utcfromtimestamp, which is deprecated since Python 3.12.
SDK_WARNS = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")


@dataclass
class Vendor:
    """Calls the SDK with one pair of keys."""

    endpoint: str
    secret_id: str = ID
    secret_key: str = KEY
    token: str | None = None
    region: str = "ap-singapore"

    def client(self, action: str) -> Any:
        profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=self.endpoint, reqTimeout=20))
        credential = Credential(self.secret_id, self.secret_key, self.token)
        return (TrtcClient if action in TRTC else VodClient)(credential, self.region, profile)

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Calls through the SDK's models in both directions. The result has no nulls."""
        answer = getattr(self.client(action), action)(modelled(action, parameters))
        plain: dict[str, Any] = json.loads(answer.to_json_string())
        assert plain.pop("RequestId")
        return plain

    def untyped(self, action: str, parameters: Mapping[str, object]) -> dict[str, Any]:
        """Calls with any parameters, without the SDK's models."""
        answer: dict[str, Any] = self.client(action).call_json(action, dict(parameters))["Response"]
        return answer

    def refused(self, action: str, parameters: Mapping[str, object]) -> str:
        """Makes a call that must fail. Returns the error code that the SDK raises."""
        try:
            answer = self.untyped(action, parameters)
        except TencentCloudSDKException as error:
            assert error.get_request_id()
            assert error.get_message()
            return str(error.get_code())
        raise AssertionError(answer)


def modelled(action: str, parameters: Mapping[str, object]) -> Any:
    """The SDK's request object, which accepts only keys of its model."""
    request = getattr(trtc_models if action in TRTC else vod_models, f"{action}Request")()
    request._deserialize(dict(parameters))
    return request


@dataclass
class Sandbox:
    world: World
    endpoint: str  # host and port

    @classmethod
    @contextmanager
    def beside(cls, folder: Path, url: str) -> Iterator[Sandbox]:
        """Opens the world that the server in this folder serves."""
        with World.open(folder / ".voicectl" / "world.db", SystemClock()) as world:
            yield cls(world, url.removeprefix("http://"))

    def turn(self, **faults: object) -> None:
        """Sets these switches, and leaves the others unchanged."""
        self.world.set_faults(Faults.model_validate(self.world.faults().model_dump() | faults))

    @property
    def vendor(self) -> Vendor:
        return Vendor(self.endpoint)

"""What is said is true, and what is to be typed can be pasted."""

from __future__ import annotations

import socket

from tests.support.desk import Desk, voice
from tests.support.kling_service import KlingService


def test_a_cloud_that_nobody_reached_refused_nothing(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    account = {"type": "kling", "endpoint": f"http://127.0.0.1:{port}", "timeouts": {"operation": "0.5s"}}
    desk.write({"narrator": voice("narrator")}, providers={"kling": account})
    assert desk.voicectl("plan", code=1).err.startswith("Error: The cloud could not be reached\n")


def test_a_cloud_that_said_no_refused(desk: Desk, kling: KlingService) -> None:
    desk.declare("narrator")
    kling.refuse("list", 401, 1002, "Authorization is not valid")
    assert desk.voicectl("plan", code=1).err.startswith("Error: The cloud refused\n")

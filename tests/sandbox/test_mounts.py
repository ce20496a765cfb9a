"""The two ways to reach the sandbox: as an httpx transport in the process, and on a loopback port."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from reconciler import sandbox
from reconciler.sandbox.server import serve
from reconciler.sandbox.transport import SandboxTransport
from reconciler.sandbox.world import World
from tests.sandbox.support import MP3, Caller

BEARER = {"Authorization": "Bearer sandbox-default"}
VOICES = "/v1/general/custom-voices"
WANTED = {"voice_name": "Narrator", "voice_url": MP3, "external_task_id": "k 1"}


@pytest.fixture(params=["in process", "socket"])
def client(request: pytest.FixtureRequest, world: World) -> Iterator[httpx.Client]:
    if request.param == "in process":
        transport = SandboxTransport(world)
        with httpx.Client(transport=transport, base_url="https://api-singapore.klingai.com", headers=BEARER) as client:
            yield client
    else:
        with serve(world) as server, httpx.Client(base_url=server.url, headers=BEARER, trust_env=False) as client:
            yield client


def test_both_mounts_speak_the_same_wire(client: httpx.Client) -> None:
    created = client.post(VOICES, json=WANTED)
    assert (created.status_code, created.json()["data"]["task_status"]) == (200, "submitted")
    assert created.headers["content-type"].startswith("application/json")
    assert client.get(VOICES, params={"pageNum": 1, "pageSize": 5}).json()["data"][0]["task_info"] == {
        "external_task_id": "k 1"
    }
    assert client.get(f"{VOICES}/k%201").json()["code"] == 0
    assert client.get(f"{VOICES}/none").status_code == 400
    assert client.get(VOICES, params={"pageSize": 1001}).json()["code"] == 1201
    assert client.delete(VOICES).json()["code"] == 1202


def test_a_lost_reply_is_a_broken_connection_and_the_work_is_done(client: httpx.Client, kling: Caller) -> None:
    kling.change_faults(reply_lost=1)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.post(VOICES, json=WANTED)
    assert client.get(f"{VOICES}/k%201").json()["code"] == 0


def test_garbage_comes_as_html(client: httpx.Client, kling: Caller) -> None:
    kling.change_faults(garbage=1)
    answer = client.post(VOICES, json=WANTED)
    assert answer.headers["content-type"] == "text/html"
    assert "<html>" in answer.text


def test_the_transport_raises_read_error(kling: Caller, world: World) -> None:
    kling.change_faults(reply_lost=1)
    with httpx.Client(transport=SandboxTransport(world)) as client, pytest.raises(httpx.ReadError):
        client.post(f"https://api-singapore.klingai.com{VOICES}", json=WANTED, headers=BEARER)


def test_both_mounts_log_without_secrets(world: World) -> None:
    lines: list[str] = []
    with httpx.Client(transport=SandboxTransport(world, log=lines.append)) as client:
        client.get(f"https://api-singapore.klingai.com{VOICES}?pageSize=5&x=hush", headers=BEARER)
    with serve(world, log=lines.append) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        client.get(f"{VOICES}?pageSize=5&x=hush", headers=BEARER)
    assert lines == [f"GET {VOICES} 200 0"] * 2


def test_a_connection_is_kept_alive(world: World) -> None:
    with serve(world) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.connect()
        first = connection.sock
        for _ in range(3):
            connection.request("GET", VOICES, headers=BEARER)
            assert json.load(connection.getresponse())["code"] == 0
        assert connection.sock is first
        connection.close()


def test_the_server_prints_nothing(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    with serve(world) as server:
        for spoken in (b"nonsense\r\n\r\n", f"GET {VOICES} HTTP/1.1\r\n\r\n".encode(), b""):
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
                connection.sendall(spoken)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("header", "status"),
    [("Transfer-Encoding: chunked", b"411"), ("Content-Length: x", b"411"), ("Content-Length: 99999999999", b"413")],
)
def test_a_body_of_unknown_or_endless_length_is_refused(world: World, header: str, status: bytes) -> None:
    with serve(world) as server, socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(f"POST {VOICES} HTTP/1.1\r\n{header}\r\n\r\n".encode())
        assert connection.recv(12)[9:12] == status


def test_a_body_that_broke_off_is_not_a_request(kling: Caller, world: World) -> None:
    with serve(world) as server, socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        head = f"POST {VOICES} HTTP/1.1\r\nAuthorization: Bearer sandbox-default\r\nContent-Length: 500\r\n\r\n"
        connection.sendall(head.encode() + json.dumps(WANTED).encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert kling.listed().data == []


def test_a_closed_server_hangs_up_and_frees_its_port(world: World) -> None:
    with serve(world) as server:
        port = server.port
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", VOICES, headers=BEARER)
        connection.getresponse().read()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    assert connection.sock is not None
    assert connection.sock.recv(1) == b""
    connection.close()
    serve(world, port).close()


def test_a_server_that_never_served_can_be_closed(world: World) -> None:
    server = serve(world)
    server.close()
    server.close()


def test_a_port_that_is_taken_is_an_os_error(world: World) -> None:
    with serve(world) as server, pytest.raises(OSError):
        serve(world, server.port)


def test_only_the_transport_imports_httpx() -> None:
    modules = [path.stem for path in Path(sandbox.__file__).parent.glob("*.py") if path.stem != "transport"]
    program = "import sys\n" + "\n".join(f"import reconciler.sandbox.{m}" for m in modules)
    program += "\nprint([m for m in ('httpx', 'jwt', 'rich') if m in sys.modules])"
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert child.stdout == "[]\n"

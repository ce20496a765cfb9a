from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import pytest

from reconciler.errors import StateDamaged, StateError, StateForeign, StateLocked
from reconciler.model.state import State
from reconciler.model.statefile import dump, load
from reconciler.protocols.backend import ANY_VERSION, Stamp
from tests.backends.http_state.holding import at, holder
from tests.backends.http_state.test_body import TERRAFORM
from tests.support.engines.http_state import HttpSite

ROOT = Path(__file__).parents[3]


@pytest.fixture(params=["http", "gitlab"])
def site(request: pytest.FixtureRequest) -> HttpSite:
    made: HttpSite = request.getfixturevalue(f"{request.param}_site")
    return made


def state(serial: int) -> tuple[bytes, Stamp]:
    return dump(State(lineage="abc", serial=serial, manifest="voices.yaml")), Stamp("abc", serial)


# -- other programs' states --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [TERRAFORM, b"<html>login</html>", b'{"serial": 1}'])
def test_another_program_s_state_is_refused_before_any_lock_or_write(site: HttpSite, body: bytes) -> None:
    site.place.body = body
    client = site.client()
    with pytest.raises(StateForeign), client.lock(holder()):
        pass
    for refused in (
        client.read,
        lambda: client.break_lock("aaaa1111"),
        lambda: client.write(b"1", ANY_VERSION, at(1)),
        client.history,
    ):
        with pytest.raises(StateForeign):
            refused()
    assert {each.method for each in site.server.received} == {"GET"}
    assert site.place.body == body


def test_a_damaged_state_can_be_replaced_on_purpose(site: HttpSite) -> None:
    client = site.client()
    client.write(*_unpacked(1))
    site.place.body = json.dumps(json.loads(site.place.body), sort_keys=True).encode()
    with pytest.raises(StateDamaged):
        client.read()
    with pytest.raises(StateDamaged):
        client.write(state(2)[0], None, state(2)[1])
    with client.lock(holder()):
        client.write(state(2)[0], ANY_VERSION, state(2)[1])
    blob = client.read()
    assert blob is not None
    assert blob.data == state(2)[0]


def _unpacked(serial: int) -> tuple[bytes, None, Stamp]:
    data, stamp = state(serial)
    return data, None, stamp


def test_the_server_holds_a_state_that_people_can_read(site: HttpSite) -> None:
    site.client().write(*_unpacked(3))
    held = json.loads(site.place.body)
    assert (held["version"], held["lineage"], held["serial"]) == (1, "abc", 3)


def test_an_uploaded_state_file_is_taken_over(site: HttpSite) -> None:
    site.place.body = state(4)[0]
    client = site.client()
    blob = client.read()
    assert blob is not None
    assert load(blob.data).serial == 4
    assert [kept.serial for kept in client.history()] == [4]
    client.write(state(5)[0], blob.version, state(5)[1])


def test_nothing_can_be_appended(site: HttpSite) -> None:
    with pytest.raises(NotImplementedError):
        site.client().append([b"x"], None, at(1))


# -- history -----------------------------------------------------------------------------------------------------------


def test_a_run_adds_one_snapshot_however_often_it_writes(site: HttpSite) -> None:
    version, serial = None, 0
    for run in range(3):
        client = site.client(keep=10)
        with client.lock(holder(f"{run:08x}")):
            for _ in range(4):
                serial += 1
                version = client.write(b"%d" % serial, version, at(serial))
    assert [kept.serial for kept in site.client().history()] == [12, 8, 4]
    assert [site.client().snapshot(serial) for serial in (12, 8, 4)] == [b"12", b"8", b"4"]
    with pytest.raises(StateError, match="no snapshot with the serial 7"):
        site.client().snapshot(7)


def test_the_times_of_snapshots_are_the_server_s(site: HttpSite) -> None:
    client = site.client()
    client.write(b"1", None, at(1))
    (kept,) = client.history()
    assert abs((kept.written_at - site.server.now()).total_seconds()) < 5  # the client's clock stands in January


def test_gitlab_keeps_the_old_states_itself(gitlab_site: HttpSite) -> None:
    client = gitlab_site.client()
    client.write(b"2" * 5000, client.write(b"1" * 5000, None, at(1)), at(2))
    assert b"zlib" not in gitlab_site.place.body.split(b"voicectl_history")[1]
    assert client.snapshot(1) == b"1" * 5000
    del gitlab_site.place.versions[1]
    with pytest.raises(StateError, match="no snapshot with the serial 1"):
        client.snapshot(1)


# -- a holder that was paused ------------------------------------------------------------------------------------------

HOLDER = """
import sys
from datetime import UTC, datetime
from reconciler.backends.http_state.backend import open_http
from reconciler.protocols.backend import LockInfo, Stamp
from reconciler.system_clock import SystemClock

info = LockInfo(lock_id="aaaa1111", who="ann@mac", pid=1, host="mac", operation="apply", since=datetime.now(UTC))
backend = open_http(sys.argv[1], environ={}, clock=SystemClock())
with backend.lock(info) as lease:
    backend.write(b"1", None, Stamp("abcdef12", 1))
    print("ready", flush=True)
    for line in sys.stdin:
        print(lease.left(), lease.lost, flush=True)
"""


class Child:
    def __init__(self, process: subprocess.Popen[str], into: IO[str], out: IO[str]) -> None:
        self.process, self._into, self._out = process, into, out

    def left(self) -> tuple[float, str]:
        """What its lease says."""
        self._into.write("\n")
        self._into.flush()
        left, _, lost = self._out.readline().strip().partition(" ")
        return float(left), lost

    def settled(self) -> tuple[float, str]:
        until = time.monotonic() + 10
        while True:
            left, lost = self.left()
            if left > 0 or lost != "None" or time.monotonic() > until:
                return left, lost
            time.sleep(0.1)


@contextmanager
def holding(site: HttpSite) -> Iterator[Child]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, site.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield Child(process, process.stdin, process.stdout)
        finally:
            process.kill()


@pytest.mark.slow
def test_a_holder_that_was_paused_reads_back_before_it_goes_on(http_site: HttpSite, gitlab_site: HttpSite) -> None:
    """The plain server's state stays as it is; GitLab's is taken over meanwhile."""
    with holding(http_site) as alone, holding(gitlab_site) as replaced:
        assert alone.left()[0] > 7000
        for child in (alone, replaced):
            child.process.send_signal(signal.SIGSTOP)
        gitlab_site.client().break_lock("aaaa1111")
        with gitlab_site.client().lock(holder("bbbb2222", who="bob@elsewhere")):
            time.sleep(6)
            http_site.server.received.clear()
            for child in (alone, replaced):
                child.process.send_signal(signal.SIGCONT)
            assert alone.left()[0] == 0 or _requests_of(http_site) == ["LOCK", "GET"]
            assert replaced.left()[0] == 0
            assert alone.settled()[0] > 7000
            assert _requests_of(http_site) == ["LOCK", "GET"]
            left, lost = replaced.settled()
            assert left == 0
            assert "bob@elsewhere" in lost


def _requests_of(site: HttpSite) -> list[str]:
    path = urlsplit(site.url).path
    return [each.method for each in site.server.received if urlsplit(each.target).path == path]


def test_a_run_that_was_killed_leaves_its_lock_and_its_state(site: HttpSite) -> None:
    with holding(site) as child:
        child.process.kill()
        child.process.wait()
        with pytest.raises(StateLocked), site.client().lock(holder("bbbb2222")):
            pass
    blob = site.client().read()
    assert blob is not None
    assert blob.data == b"1"


# -- Terraform itself --------------------------------------------------------------------------------------------------

MAIN = """
terraform {{
  backend "http" {{
    address        = "{url}"
    lock_address   = "{lock}"
    unlock_address = "{lock}"
    lock_method    = "{methods[0]}"
    unlock_method  = "{methods[1]}"
  }}
}}
output "a" {{ value = "1" }}
"""


@pytest.mark.slow
def test_terraform_and_voicectl_respect_each_other_s_locks_and_states(site: HttpSite, tmp_path: Path) -> None:
    """It also shows that the server of these tests speaks the protocol."""
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("needs the program terraform")
    gitlab = "/api/" in site.url
    methods = ("POST", "DELETE") if gitlab else ("LOCK", "UNLOCK")
    lock = f"{site.url}/lock" if gitlab else site.url
    (tmp_path / "main.tf").write_text(MAIN.format(url=site.url, lock=lock, methods=methods))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {"CHECKPOINT_DISABLE": "1", "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
        return subprocess.run(
            [terraform, *words, "-no-color"], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120
        )

    assert run("init").returncode == 0
    with site.client().lock(holder()):
        refused = run("apply", "-auto-approve", "-lock-timeout=0s")
        assert refused.returncode == 1
        assert "aaaa1111." in refused.stderr
    applied = run("apply", "-auto-approve")
    assert applied.returncode == 0, applied.stderr
    assert site.place.lock is None
    with pytest.raises(StateForeign, match="Terraform or OpenTofu"), site.client().lock(holder()):
        pass

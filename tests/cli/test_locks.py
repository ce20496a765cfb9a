"""One run at a time: a second one is refused, waits, or takes over from the dead."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

from tests.support.cli_harness import CliHarness
from tests.support.holding import Holding


def test_a_second_run_is_refused_and_names_the_first(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        running = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)

        refused = cli.apply(code=3)
        assert "The state is locked" in refused.err
        assert f"pid {running.pid}" in refused.err
        [lock_id] = re.findall(r"voicectl unlock (\w+)", refused.err)
        assert "alive" in cli.voicectl("unlock", lock_id, code=1).err
        seen = cli.voicectl("plan", code=0)  # looking needs no lock
        assert f"(pid {running.pid}) is under way, and has not made this call yet" in seen.out
        assert "interrupted" not in seen.out

        waiting = cli.start("apply", "--auto-approve", "--lock-timeout", "30s")
        running.send_signal(signal.SIGKILL)
        running.communicate()
        kling.released.set()
        _, err = waiting.communicate(timeout=30)
        assert waiting.returncode == 0
        assert b"Waiting for the lock" in err or err == b""
        assert kling.bought == 1


def test_a_lock_of_another_machine_is_believed_until_it_is_broken(made: CliHarness) -> None:
    holder = {
        "lock_id": "cafe0001",
        "who": "ana@build-7",
        "pid": 4711,
        "host": "build-7.example.com",
        "operation": "apply",
        "since": "2026-01-02T03:04:05Z",
    }
    (made.folder / "voices.state.lock").write_text(json.dumps(holder))
    refused = made.apply(code=3)
    assert "ana@build-7 (pid 4711) has held the lock for apply since 2026-01-02 03:04:05 UTC." in refused.err
    assert "voicectl unlock cafe0001" in refused.err
    assert "cafe0001" in made.voicectl("unlock", "beef0002", code=1).err
    assert made.voicectl("unlock", "cafe0001", code=0).err.startswith("Unlocked: apply by ana@build-7")
    made.apply()


def test_a_nonsense_time_to_wait_is_refused(made: CliHarness) -> None:
    assert "not a duration" in made.apply("--lock-timeout", "soon", code=1).err

"""`voicectl watch` as a process: it converges, it ends within two seconds, it minds its command line."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_harness import COMMAND, ROOT, CliHarness, voice
from tests.support.holding import Holding
from tests.support.kling_service import Deleted, KlingService

PATIENCE = 20.0  # seconds


class Running:
    """A watch that runs; its events so far."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]

    def kinds(self, manifest: str = "voices.yaml") -> list[str]:
        return [event["event"] for event in self.events if event["manifest"] == manifest]

    def until(self, true: Callable[[], bool]) -> None:
        limit = time.monotonic() + PATIENCE
        while not true():
            assert self.process.poll() is None, self._log.read_text(encoding="utf-8")
            assert time.monotonic() < limit, self.events
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """The exit code after this signal, and the seconds until then."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(PATIENCE), time.monotonic() - began


@contextmanager
def watching(cli: CliHarness, *words: str, interval: str = "1s") -> Iterator[Running]:
    log = cli.folder / "watch.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*COMMAND, "watch", "--no-listen", "--interval", interval, *words],
            cwd=cli.folder,
            env={"PYTHONPATH": str(ROOT), **cli.env},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Running(process, log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE)


def ids(cli: CliHarness) -> dict[str, str]:
    return {record["address"]: record["voice_id"] for record in cli.state["records"].values() if record.get("voice_id")}


@pytest.mark.slow
def test_it_makes_what_is_declared_and_makes_again_what_was_deleted(cli: CliHarness, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    cli.declare("narrator", "hero")
    with watching(cli, "--apply", "--max-paid-calls-per-day", "9") as running:
        running.until(lambda: "recovered" in running.kinds())
        lost = next(iter(kling.voices))
        kling.delete_outside(lost)
        running.until(lambda: running.kinds().count("recovered") == 2)
        code, seconds = running.end()
    assert (code, seconds < 2) == (0, True)
    assert len(kling.voices) == 2
    assert kling.bought == 3
    assert running.kinds()[-1] == "stopped"
    assert cli.actions() == {}


@pytest.mark.slow
def test_without_apply_it_writes_nothing(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    with watching(cli) as running:
        running.until(lambda: running.kinds().count("looked") == 2)
        assert running.end()[0] == 0
    assert (kling.bought, [path.name for path in cli.folder.glob("*.state*")]) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_at_once_while_it_waits(cli: CliHarness, number: int, code: int) -> None:
    cli.declare("narrator")
    with watching(cli, interval="1h") as running:
        running.until(lambda: "looked" in running.kinds())
        time.sleep(0.2)
        ended, seconds = running.end(number)
    assert (ended, seconds < 1) == (code, True)


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--apply",)])
def test_a_signal_ends_it_within_two_seconds_while_a_list_hangs(tmp_path: Path, words: tuple[str, ...]) -> None:
    with Holding("looks") as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        with watching(cli, *words) as running:
            assert kling.held.wait(PATIENCE)
            code, seconds = running.end()
        kling.released.set()
    assert (code, seconds < 2) == (0, True)
    assert not list(cli.folder.glob("*.lock"))


@pytest.mark.slow
def test_a_signal_during_an_apply_writes_down_the_open_calls_and_the_next_run_goes_on(tmp_path: Path) -> None:
    with Holding("creations") as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator", "hero")
        with watching(cli, "--apply") as running:
            assert kling.held.wait(PATIENCE)
            code, seconds = running.end()
        assert (code, seconds < 2) == (0, True)
        assert all(record["call_until"] for record in cli.state["records"].values())
        kling.released.set()
        with watching(cli, "--apply") as running:
            running.until(lambda: "looked" in running.kinds() and len(ids(cli)) == 2)
            running.end()
    assert kling.bought == 2


@pytest.mark.slow
def test_several_manifests_are_watched_side_by_side_and_keep_one_account_s_rate(
    cli: CliHarness, kling: KlingService
) -> None:
    names = {"games.yaml": [f"game-{n}" for n in range(25)], "film.yaml": [f"film-{n}" for n in range(25)]}
    for file, addresses in names.items():
        cli.declare(*addresses, file=file)
    with watching(cli, "-f", "games.yaml", "-f", "film.yaml", "--apply") as running:
        running.until(lambda: all("applied" in running.kinds(file) for file in names))
        assert running.end()[0] == 0
    assert kling.bought == 50
    sent = [call.at for call in kling.calls if call.operation == "create"]
    assert max(sum(at <= other < at + 1 for other in sent) for at in sent) <= 20
    assert {"games.yaml", "film.yaml"} == {event["manifest"] for event in running.events}


@pytest.mark.slow
def test_a_changed_manifest_is_read_again_and_a_broken_one_leaves_the_last_one_in_force(
    cli: CliHarness, kling: KlingService
) -> None:
    path = cli.declare("narrator")
    with watching(cli, "--apply", "--max-paid-calls-per-day", "9") as running:
        running.until(lambda: kling.bought == 1)
        path.write_text("voices: [", encoding="utf-8")
        running.until(lambda: "manifest_broken" in running.kinds())
        looks = running.kinds().count("looked")
        running.until(lambda: running.kinds().count("looked") >= looks + 2)
        assert running.kinds().count("manifest_broken") == 1
        cli.declare("narrator", "hero")
        running.until(lambda: kling.bought == 2)
        running.end()
    (broken,) = [event for event in running.events if event["event"] == "manifest_broken"]
    assert "voices.yaml:2:1: " in broken["message"]
    assert "manifest_changed" in running.kinds()


@pytest.mark.slow
def test_a_refused_sample_is_bought_once_also_over_a_restart(cli: CliHarness, kling: KlingService) -> None:
    kling.failing["hero"] = "the sample is too noisy"
    cli.declare("narrator", hero=voice("hero"))
    for _ in range(2):
        with watching(cli, "--apply", "--max-paid-calls-per-day", "9") as running:
            running.until(lambda running=running: running.kinds().count("looked") >= 3)  # type: ignore[misc]  # mypy's inference
            running.process.kill()
    assert kling.bought == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--interval", "0.5s"], "at least 1 s"),
        (["--interval", "often"], "not a duration"),
        (["--max-paid-calls-per-day", "3"], "needs --apply"),
        (["-f", "a.yaml", "-f", "b.yaml", "--state", "s3://bucket/state"], "each manifest needs a state of its own"),
    ],
)
def test_what_the_command_line_refuses(cli: CliHarness, words: list[str], said: str) -> None:
    for name in ("voices.yaml", "a.yaml", "b.yaml"):
        cli.declare("narrator", file=name)
    ran = cli.voicectl("watch", *words, code=1)
    assert said in " ".join(ran.err.split())


def test_a_manifest_that_is_broken_from_the_beginning_is_an_error(cli: CliHarness) -> None:
    (cli.folder / "voices.yaml").write_text("voices: [", encoding="utf-8")
    assert "The manifest is not valid" in cli.voicectl("watch", code=1).err

"""state push: what it refuses, and the command that forces it, as it can be typed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness, Ran
from tests.support.engines.http_state_server import StateServer
from tests.support.kling_service import KlingService


@pytest.fixture
def server() -> Iterator[StateServer]:
    with StateServer() as made:
        yield made


@pytest.fixture
def copied(made: CliHarness) -> CliHarness:
    """Two voices, and `old copy.json` of the state that holds them."""
    (made.folder / "old copy.json").write_text(made.voicectl("state", "pull", code=0).out)
    return made


def forced(refused: Ran) -> list[str]:
    """The command that it names."""
    [words] = re.findall(r"voicectl ((?:(?!voicectl)[^;\n])*--force[^;\n]*)", refused.err)
    return shlex.split(words)


def test_an_older_copy_is_called_older_and_the_command_names_its_file(copied: CliHarness) -> None:
    copied.declare("narrator")
    copied.apply()
    refused = copied.voicectl("state", "push", "old copy.json", code=1)
    assert refused.err.startswith("Error: The copy is not newer than the state\n")
    assert forced(refused) == ["state", "push", "--force", "old copy.json"]
    copied.voicectl(*forced(refused), code=0)


def test_the_file_is_relative_to_the_folder_of_c(copied: CliHarness, tmp_path: Path) -> None:
    ann = tmp_path / "ann"
    ann.mkdir()
    for name in ("voices.yaml", "voices.state.json", "old copy.json"):
        (copied.folder / name).rename(ann / name)
    state = json.loads((ann / "voices.state.json").read_text())
    (ann / "voices.state.json").write_text(json.dumps(state | {"lineage": "00000000-another"}))
    refused = copied.voicectl("-C", "ann", "state", "push", "old copy.json", code=1)
    assert forced(refused) == ["-C", "ann", "state", "push", "--force", "old copy.json"]
    copied.voicectl(*forced(refused), code=0)


def test_a_copy_from_stdin_is_forced_from_stdin(copied: CliHarness) -> None:
    copied.declare("narrator")
    copied.apply()
    copy = (copied.folder / "old copy.json").read_text()
    assert forced(copied.voicectl("state", "push", "-", stdin=copy, code=1)) == ["state", "push", "--force", "-"]


def test_a_damaged_state_names_the_file_too(copied: CliHarness) -> None:
    (copied.folder / "voices.state.json").write_text("{")
    assert forced(copied.voicectl("state", "push", "old copy.json", code=1))[-1] == "old copy.json"


def test_a_place_whose_state_left_takes_a_copy_by_force_only_and_says_what_it_means(
    copied: CliHarness, kling: KlingService, server: StateServer
) -> None:
    """The new place was lost, and the copy is all that is left."""
    url = f"{server.url}/state/voices"
    copied.voicectl("state", "migrate", "--to", url, code=0)
    server.places.clear()
    before = copied.files()
    refused = copied.voicectl("state", "push", "old copy.json", code=1)
    assert f"if the state at {url} is lost, go on here with the copy" in refused.err
    assert copied.files() == before
    done = copied.voicectl(*forced(refused), code=0)
    assert f"voices.state.json said that the state was moved to {url}." in done.err
    assert "use only this one" in done.err
    assert copied.voicectl("plan", "--detailed-exitcode").code == 0
    assert kling.bought == 0


def test_a_forced_copy_over_a_mark_makes_no_saved_plan_valid_again(copied: CliHarness, server: StateServer) -> None:
    mark = copied.state["serial"] + 2
    copied.voicectl("state", "migrate", "--to", f"{server.url}/state/voices", code=0)
    copied.voicectl("state", "push", "--force", "old copy.json", code=0)
    assert copied.state["serial"] > mark

"""Prepares harnesses, and checks the end of each test: every voice exists, and none was paid twice."""

from __future__ import annotations

import re
import shlex

from tests.support.cli_harness import CliHarness, Ran
from tests.support.kling_service import KlingService

OLD = ("old-1", "old-2")
NEW = tuple(f"voice-{number}" for number in range(6))
EVERY = (*OLD, *NEW)


def begin(cli: CliHarness) -> None:
    """Creates two voices by two applies, and declares six more."""
    cli.declare(OLD[0])
    cli.apply()
    cli.declare(*OLD)
    cli.apply()
    cli.declare(*EVERY)


def bought(kling: KlingService) -> list[str]:
    """The names of the paid creations, with repetitions."""
    return sorted(task.name for task in kling.tasks)


def to_type(ran: Ran) -> list[str]:
    """The words of the voicectl command at the end of the last line of stderr."""
    _, sign, words = ran.err.strip().splitlines()[-1].rpartition("voicectl ")
    assert sign, ran.err
    return shlex.split(words)


def finishes(cli: CliHarness, kling: KlingService, *addresses: str) -> None:
    """Checks that one more apply creates everything that is missing, and nothing twice."""
    cli.apply()
    assert bought(kling) == sorted(addresses or EVERY)
    cli.voicectl("plan", "--detailed-exitcode", code=0)


def finishes_from_an_older_state(cli: CliHarness, kling: KlingService) -> None:
    """Checks that voices missing in an older state are not paid again; rebuilds the state if the plan says so."""
    known = bought(kling)
    blocked = cli.voicectl("plan").out
    if "this state is out of date" in blocked:
        rebuild = re.search(r"voicectl (state rebuild --lineage [0-9a-f]{8})", blocked)
        assert rebuild is not None
        cli.voicectl(*rebuild[1].split(), "--auto-approve", code=0)
    assert bought(kling) == known
    finishes(cli, kling)

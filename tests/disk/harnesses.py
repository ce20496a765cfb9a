"""Desks with a past, and what every test here asks of the end: all is there, and nothing was bought twice."""

from __future__ import annotations

import re
import shlex

from tests.support.cli_harness import CliHarness, Ran
from tests.support.kling_service import KlingService

OLD = ("old-1", "old-2")
NEW = tuple(f"voice-{number}" for number in range(6))
EVERY = (*OLD, *NEW)


def begin(cli: CliHarness) -> None:
    """Two voices made by two applies, and six more declared."""
    cli.declare(OLD[0])
    cli.apply()
    cli.declare(*OLD)
    cli.apply()
    cli.declare(*EVERY)


def bought(kling: KlingService) -> list[str]:
    """The names that were paid for, each as often as it was."""
    return sorted(task.name for task in kling.tasks)


def to_type(ran: Ran) -> list[str]:
    """The words of the command that ends the last line, which says what to type."""
    _, sign, words = ran.err.strip().splitlines()[-1].rpartition("voicectl ")
    assert sign, ran.err
    return shlex.split(words)


def finishes(cli: CliHarness, kling: KlingService, *addresses: str) -> None:
    """One more apply has everything made, and nothing twice."""
    cli.apply()
    assert bought(kling) == sorted(addresses or EVERY)
    cli.voicectl("plan", "--detailed-exitcode", code=0)


def finishes_from_an_older_state(cli: CliHarness, kling: KlingService) -> None:
    """What the account holds and the state does not know is never bought again: where there is such, it is rebuilt."""
    known = bought(kling)
    blocked = cli.voicectl("plan").out
    if "this state is older than the account" in blocked:
        rebuild = re.search(r"voicectl (state rebuild --lineage [0-9a-f]{8})", blocked)
        assert rebuild is not None
        cli.voicectl(*rebuild[1].split(), "--auto-approve", code=0)
    assert bought(kling) == known
    finishes(cli, kling)

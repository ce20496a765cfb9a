"""Prints one table: what whole processes of the installed `voicectl` cost, against simulated clouds on sockets.

  CPU s, wall s  user plus system time, and time until it ended
  MiB            peak memory
  calls          requests that the cloud got; the cloud is another process
  written        bytes written to files, without what is printed
  1.234x         the figure above it, divided by what the row says. An apply can't be quicker than
                 creates / rate + time of a task

An apply runs once. Everything else runs --times, start five times as often, and the run with the least CPU
is shown.
"""

from __future__ import annotations

import argparse
import compileall
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import reconciler
from tests.benchmarks import table
from tests.benchmarks.applies import apply, slow_disk, written
from tests.benchmarks.kling_worlds import KlingWorlds
from tests.benchmarks.plans import creates, latency, plan, start, validate
from tests.benchmarks.settings import Group, Settings
from tests.benchmarks.terraform import terraform
from tests.benchmarks.vod import vod

GROUPS: dict[str, Group] = {
    "start": start,
    "validate": validate,
    "plan": plan,
    "creates": creates,
    "latency": latency,
    "apply": apply,
    "written": written,
    "vod": vod,
    "slow-disk": slow_disk,
    "terraform": terraform,
}


def lines(names: Sequence[str], settings: Settings) -> Iterator[str]:
    """The table, a line as soon as it was measured."""
    compileall.compile_dir(Path(reconciler.__file__).parent, quiet=2)  # a first run would compile, and be slower
    yield table.heading()
    for name in names:
        for row in GROUPS[name](settings):
            yield table.text(row)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("group", nargs="*", help=f"the rows to print, all unless said: {', '.join(GROUPS)}")
    parser.add_argument("--up-to", type=_positive, default=100_000, metavar="N", help="measure at most N voices")
    parser.add_argument("--times", type=_positive, default=3, metavar="N", help="runs of each row that changes nothing")
    options = parser.parse_args(arguments)
    unknown = set(options.group) - set(GROUPS)
    if unknown:
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    with KlingWorlds() as worlds:
        settings = Settings(worlds, up_to=options.up_to, times=options.times)
        for line in lines(options.group or list(GROUPS), settings):
            print(line, flush=True)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return int(text)


if __name__ == "__main__":
    main(sys.argv[1:])

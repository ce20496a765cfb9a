"""Rows of Terraform's plan of as many terraform_data blocks, in turn with voicectl's plan, and their ratios.

terraform_data is built into Terraform: it has no provider process, calls nothing, and refreshes nothing. Children that
Terraform waits for are included in its figures; its peak is that of its greatest process.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import Run, run
from tests.benchmarks.plans import PLAN
from tests.benchmarks.settings import Settings
from tests.benchmarks.table import Ratios, Row, row

COUNTS = (1_000, 10_000)
APPLIED = 1_000  # blocks that Terraform applies itself; the state of more is made from theirs
ENVIRON = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}  # it asks no server for a newer version


def terraform(settings: Settings) -> Iterator[Row | Ratios]:
    program = shutil.which("terraform")
    if program is None:
        yield Row("terraform: not measured, it is not on the PATH")
        return
    for count in settings.counts(*COUNTS):
        world = settings.worlds.converged(count)
        with tempfile.TemporaryDirectory() as folder:
            converge(Path(folder), program, count)
            command = [program, "plan", *PLAN[1:], "-input=false", "-no-color"]
            theirs = partial(run, command, folder=Path(folder), environ=ENVIRON)
            pairs = [(world.voicectl(*PLAN), theirs()) for _ in range(settings.times)]
        ours, peer = (min(runs, key=lambda run: run.cpu) for runs in zip(*pairs, strict=True))
        yield row("voicectl plan, no change", count, ours)
        yield row("terraform plan, no change", count, peer)
        yield _ratios(count, ours, peer)


def _ratios(count: int, ours: Run, peer: Run) -> Ratios:
    return Ratios("  voicectl / terraform", count, ours.cpu / peer.cpu, ours.wall / peer.wall, ours.peak / peer.peak)


def converge(folder: Path, program: str, count: int) -> None:
    """Declares so many blocks and writes their state: Terraform applies the first ones, the others are like them."""
    few = min(count, APPLIED)
    _declare(folder, few)
    for command in (["init"], ["apply", "-auto-approve"]):
        run([program, *command, "-input=false", "-no-color"], folder=folder, environ=ENVIRON)
    if count > few:
        _declare(folder, count)
        path = folder / "terraform.tfstate"
        state = json.loads(path.read_text())
        state["resources"] = [_resource(state["resources"][0], number) for number in range(count)]
        path.write_text(json.dumps(state))


def _declare(folder: Path, count: int) -> None:
    blocks = (
        f'resource "terraform_data" "voice_{i}" {{\n  input = {{\n    voice_name = "Voice {i}"\n'
        f'    voice_url = "https://cdn.example.com/voices/{i}.mp3"\n  }}\n}}\n'
        for i in range(count)
    )
    (folder / "main.tf").write_text("".join(blocks))


def _resource(example: dict[str, Any], number: int) -> dict[str, Any]:
    """The block with this number, in the form of an applied one."""
    [instance] = example["instances"]
    value = {"voice_name": f"Voice {number}", "voice_url": f"https://cdn.example.com/voices/{number}.mp3"}
    attributes = instance["attributes"]
    filled = {name: {**attributes[name], "value": value} for name in ("input", "output")}
    made = {**instance, "attributes": {**attributes, **filled, "id": str(uuid.UUID(int=number))}}
    return {**example, "name": f"voice_{number}", "instances": [made]}

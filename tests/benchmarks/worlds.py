"""What is measured: a folder with a manifest, the account that it declares, and a state, as an apply would leave it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.loader.build import load
from reconciler.model import statefile
from reconciler.model.manifest import Voice
from reconciler.model.redaction import redacted
from reconciler.model.state import Record, State, Status
from reconciler.planning import markers
from tests.benchmarks.cloud_process import Cloud, CloudProcess, MadeVoice
from tests.benchmarks.measuring import Run, run, voicectl

LINEAGE = "0a1b2c3d-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class World:
    """A folder and the cloud of its account. `environ` holds the API keys."""

    folder: Path
    cloud: CloudProcess
    environ: Mapping[str, str]

    @property
    def manifest(self) -> Path:
        return self.folder / "voices.yaml"

    @property
    def state(self) -> Path:
        return self.folder / "voices.state.json"

    def voicectl(self, *arguments: str, code: int = 0) -> Run:
        """Measures a run of voicectl in the folder, which must end with this exit code."""
        return self.run([*voicectl(), *arguments], code=code)

    def run(self, command: list[str], *, code: int = 0) -> Run:
        return run(command, folder=self.folder, environ=self.environ, cloud=self.cloud, code=code)


@contextmanager
def opened(cloud: Callable[[], Cloud], *, environ: Mapping[str, str]) -> Iterator[World]:
    """An empty folder and a cloud in its own process, until the end of the block."""
    with tempfile.TemporaryDirectory() as folder, CloudProcess(cloud) as process:
        yield World(Path(folder), process, environ)


def converge(
    world: World,
    *,
    account: str,
    born: datetime,
    ids: Callable[[int, Voice], tuple[str, str]],
    owner: str | None = None,
) -> None:
    """Writes the state of the folder's manifest, and adds its voices to the cloud, like an apply at `born`.

    `ids` gives each voice, by its number, a task_id and a voice_id.
    """
    manifest = load(world.manifest, environ={})
    records: dict[str, Record] = {}
    made: list[MadeVoice] = []
    for number, voice in enumerate(manifest.voices.values()):
        digest = markers.digest_of(voice)
        key = markers.external_task_id(LINEAGE, voice.address, digest, 1)
        task_id, voice_id = ids(number, voice)
        name = voice.inputs.get("voice_name")
        made.append(MadeVoice(key, task_id, voice_id, str(name), born.timestamp()))
        records[key] = Record(
            external_task_id=key,
            address=voice.address,
            provider=voice.provider,
            account=account,
            method=voice.method,
            generation=1,
            status=Status.READY,
            created_at=born,
            changed_at=born,
            digest=digest,
            sent=redacted(voice),
            attempts=1,
            task_id=task_id,
            voice_id=voice_id,
            voice_name=None if name is None else str(name),
            owned_by=owner,
        )
    current = {record.address: key for key, record in records.items()}
    world.state.write_bytes(statefile.dump(State(lineage=LINEAGE, serial=1, records=records, current=current)))
    world.cloud.add(made)

"""A file for applications on a full disk: the old file stays whole, and the voices that it names are kept."""

from __future__ import annotations

from tests.support.cli_harness import CliHarness, voice
from tests.support.moments import Watched
from tests.support.small_disk import SmallDisk

FILES = [{"path": "small/voices.env", "format": "dotenv"}]


def test_the_old_file_stays_and_its_voice_is_kept_until_there_is_room(
    cli: CliHarness, kling: Watched, disk: SmallDisk
) -> None:
    cli.folder = disk.folder.parent  # the manifest is beside the disk
    cli.write({"narrator": voice("narrator")}, outputs=FILES)
    cli.apply()
    file = disk.folder / "voices.env"
    before, old = file.read_bytes(), cli.voice_id("narrator")
    kling.during("create", disk.fill)
    replaced = voice("narrator", voice_url="https://cdn.example.com/second.mp3")
    cli.write({"narrator": replaced}, outputs=FILES)
    failed = cli.apply(code=1)
    new = cli.voice_id("narrator")
    assert "small/voices.env was not written: No space left on device" in failed.out
    assert [path.name for path in disk.folder.iterdir() if "voices" in path.name] == ["voices.env"]
    assert file.read_bytes() == before
    assert {old, new} <= set(kling.voices)
    disk.make_room()
    cli.apply()
    assert list(kling.voices) == [new]
    assert file.read_bytes() == before.replace(old.encode(), new.encode())

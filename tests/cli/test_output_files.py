"""`outputs:`: apply writes the files before an old voice is deleted, and keeps each voice that a file still names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_rules import Deleted
from tests.support.moments import Watched

ENV = {"path": "voices.env", "format": "dotenv"}


def ids_in(file: Path) -> set[str]:
    return set(re.findall(r"\b\d{10,}\b", file.read_text()))


@pytest.fixture
def kling() -> Iterator[Watched]:
    with Watched() as service:
        yield service


@pytest.fixture
def env(cli: CliHarness) -> Path:
    return cli.folder / "voices.env"


def declare(cli: CliHarness, *addresses: str, outputs: list[dict[str, Any]] | None = None, **voices: Any) -> None:
    cli.write({a: voice(a) for a in addresses} | voices, outputs=[ENV] if outputs is None else outputs)


def at_each_delete(kling: Watched, act: Callable[[], object]) -> None:
    for nth in range(1, 5):
        kling.during("delete", act, nth=nth)


def other_sample(name: str, **more: Any) -> dict[str, Any]:
    return voice(name, voice_url=f"https://cdn.example.com/{name}-2.mp3") | more


def test_an_apply_writes_the_file_and_says_so(cli: CliHarness, env: Path) -> None:
    declare(cli, "narrator", "hero")
    assert "voices.env is written by the apply" in cli.voicectl("plan", code=0).out
    applied = cli.apply()
    assert "written: voices.env\n" in applied.out
    assert env.read_text().splitlines()[1:] == [
        f"HERO_VOICE_ID={cli.voice_id('hero')}",
        f"NARRATOR_VOICE_ID={cli.voice_id('narrator')}",
    ]


def test_a_file_that_holds_the_same_is_not_written_again(cli: CliHarness, env: Path) -> None:
    declare(cli, "narrator")
    cli.apply()
    before = env.stat()
    again = cli.apply()
    assert "written" not in again.out
    assert (env.stat().st_ino, env.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    cli.voicectl("plan", "--detailed-exitcode", code=0)


def test_the_file_names_the_new_voice_before_the_old_one_is_deleted(cli: CliHarness, env: Path, kling: Watched) -> None:
    declare(cli, "narrator")
    cli.apply()
    old = cli.voice_id("narrator")
    seen: list[set[str]] = []
    at_each_delete(kling, lambda: seen.append(ids_in(env)))
    declare(cli, narrator=other_sample("narrator"))
    cli.apply()
    new = cli.voice_id("narrator")
    assert old not in kling.voices
    assert seen == [{new}]


def test_an_old_voice_is_deleted_only_when_all_new_ones_are_in_the_file(
    cli: CliHarness, env: Path, kling: Watched
) -> None:
    declare(cli, "narrator", "hero")
    cli.apply()
    seen: list[set[str]] = []
    at_each_delete(kling, lambda: seen.append(ids_in(env)))
    declare(cli, "newcomer", "another", narrator=other_sample("narrator"), hero=other_sample("hero"))
    cli.apply()
    assert seen == [set(kling.voices)] * 2
    assert len(kling.voices) == 4


def test_a_removed_entry_leaves_the_file_before_its_voice_is_deleted(
    cli: CliHarness, env: Path, kling: Watched
) -> None:
    declare(cli, "narrator", "hero")
    cli.apply()
    seen: list[set[str]] = []
    at_each_delete(kling, lambda: seen.append(ids_in(env)))
    declare(cli, "hero")
    cli.apply("--allow-deletes", "1")
    assert seen == [{cli.voice_id("hero")}]


def test_a_missing_voice_leaves_the_old_file_and_keeps_the_voices_that_it_names(
    cli: CliHarness, env: Path, kling: Watched
) -> None:
    declare(cli, "narrator")
    cli.apply()
    before, old = env.read_bytes(), cli.voice_id("narrator")
    kling.failing["broken"] = "noise"
    declare(cli, "broken", narrator=other_sample("narrator"))
    failed = cli.apply(code=1)
    assert env.read_bytes() == before
    assert old in kling.voices
    assert f"{old} is not deleted: voices.env still names it" in failed.out
    assert "not written: voices.env: broken: it is failed" in failed.out

    held = cli.apply(code=1)  # the next run reads the file that is on the disk
    assert f"{old} is not deleted: voices.env still names it" in held.out
    assert old in kling.voices

    declare(cli, narrator=other_sample("narrator"))
    cli.apply()
    assert old not in kling.voices
    assert ids_in(env) == {cli.voice_id("narrator")}


def test_a_first_apply_in_which_one_of_three_fails_writes_no_file(cli: CliHarness, env: Path, kling: Watched) -> None:
    kling.failing["broken"] = "noise"
    declare(cli, "narrator", "hero", "broken")
    cli.apply(code=1)
    assert not env.exists()


def test_a_file_of_somebody_else_is_left_alone_and_what_it_names_is_kept(
    cli: CliHarness, env: Path, kling: Watched
) -> None:
    declare(cli, "narrator")
    cli.apply()
    old = cli.voice_id("narrator")
    env.write_text(f"MINE={old}\n")
    declare(cli, narrator=other_sample("narrator"))
    assert "can't be written: a file is there that voicectl did not write" in cli.voicectl("plan", code=0).out
    failed = cli.apply(code=1)
    assert env.read_text() == f"MINE={old}\n"
    assert old in kling.voices
    assert "voices.env was not written: a file is there that voicectl did not write" in failed.out
    env.unlink()
    cli.apply()
    assert (old in kling.voices, ids_in(env)) == (False, {cli.voice_id("narrator")})


def test_a_folder_at_the_path_is_an_error_and_no_voice_is_paid_twice(
    cli: CliHarness, env: Path, kling: Watched
) -> None:
    env.mkdir()
    declare(cli, "narrator")
    failed = cli.apply(code=1)
    assert "not written: voices.env: Is a directory" in failed.out
    assert kling.bought == 1
    assert "not written: voices.env: Is a directory" in cli.apply(code=1).out
    env.rmdir()
    cli.apply()
    assert kling.bought == 1
    assert env.is_file()


def test_keep_old_shows_the_previous_voice_while_it_is_kept(cli: CliHarness, env: Path, kling: Watched) -> None:
    files = [ENV, {"path": "voices.json", "format": "json"}]
    keep = {"lifecycle": {"keep_old": "1h"}}
    declare(cli, narrator=voice("narrator") | keep, outputs=files)
    cli.apply()
    old = cli.voice_id("narrator")
    assert "PREVIOUS" not in env.read_text()
    declare(cli, narrator=other_sample("narrator", **keep), outputs=files)
    cli.apply()
    new = cli.voice_id("narrator")
    assert f"NARRATOR_VOICE_ID={new}\nNARRATOR_PREVIOUS_VOICE_ID={old}\n" in env.read_text()
    entry = json.loads((cli.folder / "voices.json").read_text())["narrator"]
    assert (entry["voice_id"], entry["previous_voice_id"]) == (new, old)
    assert cli.voicectl("output", "--json").json["narrator"]["previous_voice_id"] == old

    state = cli.state  # an hour passes
    for record in state["records"].values():
        record["changed_at"] = "2020-01-01T00:00:00Z"
    (cli.folder / "voices.state.json").write_text(json.dumps(state))
    seen: list[set[str]] = []
    at_each_delete(kling, lambda: seen.append(ids_in(env)))
    cli.apply()
    assert seen == [{new}]
    assert "PREVIOUS" not in env.read_text()


def test_create_before_destroy_false_deletes_first_and_then_writes(cli: CliHarness, env: Path, kling: Watched) -> None:
    first = {"lifecycle": {"create_before_destroy": False}}
    declare(cli, "hero", narrator=voice("narrator") | first)
    cli.apply()
    old = cli.voice_id("narrator")
    declare(cli, "hero", narrator=other_sample("narrator", **first))
    cli.apply()
    assert old not in kling.voices
    assert ids_in(env) == set(kling.voices)


def test_create_before_destroy_false_deletes_nothing_while_the_file_can_not_be_written(
    cli: CliHarness, env: Path, kling: Watched
) -> None:
    first = {"lifecycle": {"create_before_destroy": False}}
    declare(cli, narrator=voice("narrator") | first)
    cli.apply()
    old = cli.voice_id("narrator")
    env.write_text(f"MINE={old}\n")
    declare(cli, narrator=other_sample("narrator", **first))
    cli.apply(code=1)
    assert (list(kling.voices), kling.bought) == ([old], 1)


def test_destroy_removes_the_file_before_it_deletes_a_voice(cli: CliHarness, env: Path, kling: Watched) -> None:
    declare(cli, "narrator", "hero")
    cli.apply()
    seen: list[bool] = []
    at_each_delete(kling, lambda: seen.append(env.exists()))
    destroyed = cli.voicectl("destroy", "--auto-approve", code=0)
    assert "removed: voices.env" in destroyed.out
    assert seen == [False, False]


def test_destroy_keeps_the_voices_that_a_file_of_somebody_else_names(
    cli: CliHarness, env: Path, kling: Watched
) -> None:
    declare(cli, "narrator", "hero")
    cli.apply()
    kept = cli.voice_id("hero")
    env.write_text(f"MINE={kept}\n")
    cli.voicectl("destroy", "--auto-approve", code=1)
    assert list(kling.voices) == [kept]
    env.unlink()
    cli.voicectl("destroy", "--auto-approve", code=0)
    assert list(kling.voices) == []


def test_destroy_leaves_a_protected_voice_in_the_file(cli: CliHarness, env: Path) -> None:
    declare(cli, "hero", narrator=voice("narrator") | {"lifecycle": {"prevent_destroy": True}})
    cli.apply()
    cli.voicectl("destroy", "--auto-approve", code=1)
    assert ids_in(env) == {cli.voice_id("narrator")}


def test_a_missing_file_is_written_by_an_apply_that_changes_nothing_else(cli: CliHarness, env: Path) -> None:
    declare(cli, "narrator")
    cli.apply()
    serial = cli.state["serial"]
    env.unlink()
    planned = cli.voicectl("plan", "--detailed-exitcode", code=2)
    assert "voices.env is written by the apply" in planned.out
    assert "voices.env is written by the apply." in cli.voicectl("plan", "--json", code=0).err
    assert cli.apply().out.endswith("written: voices.env\n")
    assert cli.state["serial"] == serial
    cli.voicectl("plan", "--detailed-exitcode", code=0)


def test_the_events_of_an_apply_name_the_file_and_end_with_the_summary(cli: CliHarness, env: Path) -> None:
    declare(cli, "narrator")
    cli.apply()
    env.unlink()
    events = cli.apply("--json").events
    assert [(event["type"], event.get("detail")) for event in events] == [("written", "voices.env"), ("summary", None)]


def test_a_saved_plan_writes_the_files_too(cli: CliHarness, env: Path) -> None:
    declare(cli, "narrator")
    cli.voicectl("plan", "--out", "p", code=0)
    cli.voicectl("apply", "p", code=0)
    assert ids_in(env) == {cli.voice_id("narrator")}


def test_labels_change_a_file_that_holds_them(cli: CliHarness, env: Path) -> None:
    files = [ENV, {"path": "out/voices.json", "format": "json"}]
    declare(cli, "narrator", outputs=files)
    cli.apply()
    declare(cli, narrator=voice("narrator") | {"labels": {"tier": "gold"}}, outputs=files)
    planned = cli.voicectl("plan", code=0).out
    assert "out/voices.json is written by the apply" in planned
    assert "voices.env is written" not in planned
    assert "written: out/voices.json" in cli.apply().out
    assert json.loads((cli.folder / "out/voices.json").read_text())["narrator"]["labels"] == {"tier": "gold"}


def test_the_instances_of_an_entry_have_the_name_of_their_key(cli: CliHarness, env: Path) -> None:
    url = "https://cdn.example.com/${each:key}.mp3"
    narrator = voice("n", voice_name="N ${each:key}", voice_url=url) | {"for_each": ["en-US", "fr"]}
    declare(cli, narrator=narrator, outputs=[ENV, {"path": "v.json", "format": "json"}])
    cli.apply()
    names = [line.partition("=")[0] for line in env.read_text().splitlines()[1:]]
    assert names == ["NARRATOR_EN_US_VOICE_ID", "NARRATOR_FR_VOICE_ID"]
    assert list(json.loads((cli.folder / "v.json").read_text())) == ['narrator["en-US"]', 'narrator["fr"]']
    fr = cli.voice_id('narrator["fr"]')
    only = cli.voicectl("output", 'narrator["fr"]', "--format", "dotenv", code=0).out.splitlines()
    assert only[1:] == [f"NARRATOR_FR_VOICE_ID={fr}"]


def test_addresses_choose_what_is_in_a_file(cli: CliHarness, env: Path, kling: Watched) -> None:
    kling.failing["broken"] = "noise"
    declare(cli, "hero", "narrator", "broken", outputs=[ENV | {"addresses": ["h*", "narrator"]}])
    cli.apply(code=1)
    assert ids_in(env) == {cli.voice_id("hero"), cli.voice_id("narrator")}


def test_the_mode_of_a_file_is_kept(cli: CliHarness, env: Path) -> None:
    declare(cli, "narrator")
    cli.apply()
    assert env.stat().st_mode & 0o777 == 0o644
    env.chmod(0o640)
    declare(cli, "narrator", "hero")
    cli.apply()
    assert env.stat().st_mode & 0o777 == 0o640


def test_a_link_inside_of_the_folder_is_followed_and_stays(cli: CliHarness, env: Path) -> None:
    (cli.folder / "config").mkdir()
    env.symlink_to("config/voices.env")
    declare(cli, "narrator")
    cli.apply()
    assert env.is_symlink()
    assert ids_in(cli.folder / "config/voices.env") == {cli.voice_id("narrator")}


def test_a_link_out_of_the_folder_that_appears_during_the_run_is_not_followed(
    cli: CliHarness, kling: Watched, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    declare(cli, "narrator", outputs=[{"path": "config/voices.env", "format": "dotenv"}])
    kling.during("create", lambda: (cli.folder / "config").symlink_to(outside))
    refused = cli.apply(code=1)
    assert "not written: config/voices.env: it leads out of the folder of the manifest" in refused.out
    assert list(outside.iterdir()) == []
    assert "outputs[0].path: it leads out of the folder" in cli.apply(code=1).err


def test_the_sandbox_has_files_of_its_own(cli: CliHarness, env: Path) -> None:
    declare(cli, "narrator")
    cli.voicectl("--sandbox", "apply", "--auto-approve", code=0)
    assert not env.exists()
    assert (cli.folder / ".voicectl/outputs/voices.env").exists()
    cli.voicectl("sandbox", "reset", code=0)
    assert not (cli.folder / ".voicectl/outputs").exists()


def test_a_stale_voice_in_the_file_is_noticed_by_the_next_plan(cli: CliHarness, env: Path) -> None:
    declare(cli, "narrator")
    cli.apply()
    env.write_text(env.read_text().replace(cli.voice_id("narrator"), "829000000000000001"))
    assert "voices.env is written by the apply" in cli.voicectl("plan", "--detailed-exitcode", code=2).out
    cli.apply()
    assert ids_in(env) == {cli.voice_id("narrator")}


def test_a_refresh_that_loses_a_voice_says_that_its_file_is_not_written(
    cli: CliHarness, env: Path, kling: Watched
) -> None:
    declare(cli, "narrator", "hero")
    cli.apply()
    kling.deleted_voices = Deleted.VANISHES
    kling.delete_outside(cli.voice_id("hero"))
    assert "voices.env can't be written: hero: " in cli.voicectl("plan", "--refresh-only", code=0).out
    assert "not written: voices.env: hero: " in cli.apply("--refresh-only", code=1).out


def test_a_destroy_leaves_a_file_that_names_only_voices_of_another_manifest(
    cli: CliHarness, env: Path, kling: Watched
) -> None:
    other = CliHarness(cli.folder, kling, manifest="games.yaml")
    for each, name in ((cli, "narrator"), (other, "hero")):
        declare(each, name)
        each.apply()
    before = env.read_text()  # the last one wrote it
    assert "voices.env" not in cli.voicectl("destroy", "--auto-approve", code=0).out
    assert env.read_text() == before
    other.voicectl("destroy", "--auto-approve", code=0)
    assert not env.exists()

"""`adopt` takes all voices of an account that no state manages into the state: nothing is paid, and plans are empty."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
import yaml

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_rules import hiding
from tests.support.kling_service import OWEN, Deleted, KlingService

MARKER = "vc-{}-narrator-0a1b2c3d-1"
OTHER = "1a2b3c4d"
HOSTILE = (
    "Narrator EN",
    "narrator en",
    "NARRATOR_EN",
    "旁白",
    "旁白二",
    "null",
    "yes",
    "1e3",
    "'}\n  evil: {provider: kling, existing: {voice_id: '1'}}\n#",
    "a # b: c",
    "${env:KLING_API_KEY}",
    "\u202egnp.exe \x1b[31mred\x07 \x85\u2028\ufeff",
    "- [x, {y: *z, &w !!python/object:os.system",
    '"quoted" \\ and \t tabs',
    "x" * 200,
    "provider",
    "create",
    "<<",
    "🎙️",
    " ",
)


@pytest.fixture
def folder(cli: CliHarness) -> Path:
    """A folder as one manifest: the account in `main.yaml`, without voices."""
    manifest = cli.folder / "all"
    manifest.mkdir()
    cli.write({}, file="all/main.yaml")
    return manifest


def entries(path: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = yaml.safe_load(path.read_text(encoding="utf-8"))["voices"]
    return found


def paste(cli: CliHarness, printed: str, **voices: dict[str, object]) -> None:
    """Adds the printed entries to the manifest of one file."""
    cli.write((yaml.safe_load(printed) or {"voices": {}})["voices"] | voices)


def test_500_foreign_voices_are_one_command(cli: CliHarness, kling: KlingService, folder: Path) -> None:
    ids = kling.add_foreign(*(HOSTILE[i % len(HOSTILE)] for i in range(480)))
    theirs = kling.add_foreign(*(f"Theirs {i}" for i in range(20)))
    for i, task in enumerate(kling.tasks[480:]):
        task.external_task_id = f"vc-{OTHER}-narrator-{i:08x}-1"
    lists = kling.count("list")
    told = cli.voicectl("-f", "all", "adopt", "kling", "--out", "all/adopted.yaml", code=0)
    assert "Adopted 480 voices of kling. Their entries are in all/adopted.yaml." in told.err
    assert "20 voices not adopted: 20 made by another state of voicectl." in told.err
    assert f"{OTHER} (20)" in told.err
    assert kling.count("list") - lists <= 2

    plan = cli.voicectl("-f", "all", "plan", "--detailed-exitcode", code=0)
    assert "No changes. 480 voices are as declared." in plan.out
    written = entries(folder / "adopted.yaml")
    assert {str(e["existing"]["voice_id"]) for e in written.values()} == set(ids)  # type: ignore[index]  # plain YAML
    assert all(e["lifecycle"] == {"prevent_destroy": True} for e in written.values())
    output = cli.voicectl("-f", "all", "output", "--json", code=0).json
    assert {row["voice_id"] for row in output.values()} == set(ids)
    assert output.keys() == written.keys()
    cli.voicectl("-f", "all", "drift", code=0)
    cli.voicectl("-f", "all", "apply", "--auto-approve", code=0)
    assert kling.count("create") == kling.count("delete") == 0
    assert set(theirs) <= set(kling.voices)

    refused = cli.voicectl("-f", "all", "destroy", "--auto-approve", code=1)
    assert "prevent_destroy" in refused.out
    assert kling.count("delete") == 0


def test_the_entries_go_to_stdout_and_are_added_by_the_user(cli: CliHarness, kling: KlingService) -> None:
    kling.add_foreign(*HOSTILE)
    cli.declare("hero")
    cli.apply()
    told = cli.voicectl("adopt", "kling", code=0)
    assert "Add the entries to the manifest: until then, a plan blocks these voices." in told.err
    assert "1 voice not adopted: 1 in the state already." in told.err
    assert set(cli.actions().values()) == {"blocked"}
    cli.apply(code=1)
    assert kling.count("delete") == 0
    paste(cli, told.out, hero=voice("hero"))
    assert "No changes. 21 voices are as declared." in cli.voicectl("plan", "--detailed-exitcode", code=0).out


def test_lost_entries_are_written_again_with_the_same_addresses(cli: CliHarness, kling: KlingService) -> None:
    kling.add_foreign(*HOSTILE)
    cli.declare()
    first = cli.voicectl("adopt", "kling", code=0)
    again = cli.voicectl("adopt", "kling", code=0)
    assert again.out == first.out
    assert "20 voices in the state had no entry in the manifest: the entries are written again." in again.err
    (cli.folder / "voices.state.json").unlink()
    (cli.folder / "voices.state.backup").unlink(missing_ok=True)
    shutil.rmtree(cli.folder / ".voicectl", ignore_errors=True)
    assert cli.voicectl("adopt", "kling", code=0).out == first.out


def test_it_can_be_repeated_and_adds_only_new_voices(cli: CliHarness, kling: KlingService, folder: Path) -> None:
    command = ("-f", "all", "adopt", "kling", "--out", "all/adopted.yaml")
    kling.add_foreign("Hero", "Hero")
    cli.voicectl(*command, code=0)
    before = (folder / "adopted.yaml").read_bytes()
    told = cli.voicectl(*command, code=0)
    assert "The account of kling lists no voice that is unmanaged." in told.err
    assert (folder / "adopted.yaml").read_bytes() == before
    edited = before.replace(b"  hero_", b"  # mine\n  hero_", 1)
    (folder / "adopted.yaml").write_bytes(edited)
    [late] = kling.add_foreign("Hero")
    cli.voicectl(*command, code=0)
    after = (folder / "adopted.yaml").read_bytes()
    assert after.startswith(edited)
    assert late.encode() in after[len(edited) :]
    cli.voicectl("-f", "all", "plan", "--detailed-exitcode", code=0)
    assert len(entries(folder / "adopted.yaml")) == 3


def test_a_manifest_of_one_file_can_take_the_entries(cli: CliHarness, kling: KlingService) -> None:
    kling.add_foreign("Hero", "Guest")
    (cli.folder / "voices.yaml").write_text(
        f"providers:\n  kling: {{type: kling, endpoint: '{kling.url}'}}\ndefaults:\n  labels: {{team: film}}\n"
        "voices:\n  owen:\n    provider: kling\n    preset: {voice_id: '829826751244587008'}  # kept"
    )
    cli.voicectl("adopt", "kling", "--out", "voices.yaml", code=0)
    assert "'829826751244587008'}  # kept\n  guest:" in (cli.folder / "voices.yaml").read_text()
    assert cli.actions() == {"owen": "recover"}
    assert cli.state["records"][cli.state["current"]["hero"]]["labels"] == {"team": "film"}


def test_a_file_of_another_form_is_not_changed(cli: CliHarness, kling: KlingService) -> None:
    kling.add_foreign("Hero")
    manifest = cli.declare()  # JSON
    before = manifest.read_bytes()
    refused = cli.voicectl("adopt", "kling", "--out", "voices.yaml", code=1)
    assert "can't be added at the end of this file" in refused.err
    assert manifest.read_bytes() == before
    assert not (cli.folder / "voices.state.json").exists()
    (cli.folder / "notes.yaml").write_text("services: {web: 1}\n")
    assert "services" in cli.voicectl("adopt", "kling", "--out", "notes.yaml", code=1).err
    assert (cli.folder / "notes.yaml").read_text() == "services: {web: 1}\n"
    missing = cli.voicectl("adopt", "kling", "--out", "missing/a.yaml", code=1)
    assert "the folder missing does not exist" in missing.err


def test_the_entries_of_a_file_beside_the_manifest_are_found_again(cli: CliHarness, kling: KlingService) -> None:
    kling.add_foreign("Hero")
    cli.declare()
    cli.voicectl("adopt", "kling", "--out", "adopted.yaml", code=0)
    (cli.folder / "voices.state.json").unlink()  # as if the run had died before it wrote the state
    (cli.folder / "adopted.yaml").write_text((cli.folder / "adopted.yaml").read_text().replace("hero:", "lead:"))
    kling.add_foreign("Guest")
    cli.voicectl("adopt", "kling", "--out", "adopted.yaml", code=0)
    assert list(entries(cli.folder / "adopted.yaml")) == ["lead", "guest"]
    assert sorted(cli.state["current"]) == ["guest", "lead"]
    paste(cli, (cli.folder / "adopted.yaml").read_text())
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0


def test_an_existing_entry_without_a_record_is_bound(cli: CliHarness, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Hero")
    cli.write({"lead": {"provider": "kling", "existing": {"voice_id": theirs}}})
    told = cli.voicectl("adopt", "kling", code=0)
    assert told.out == ""
    assert "Adopted 1 voice of kling." in told.err
    assert cli.voice_id("lead") == theirs
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0


# -- what is left out --------------------------------------------------------------------------------------------------


def test_voices_of_another_lineage_are_left_out_unless_asked_for(cli: CliHarness, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Theirs", external_task_id=MARKER.format(OTHER))
    [broken] = kling.add_foreign("Theirs too", external_task_id=f"vc-{OTHER}-edited by hand")
    cli.declare()
    told = cli.voicectl("adopt", "kling", code=0)
    assert told.out == ""
    assert "2 voices not adopted: 2 made by another state of voicectl." in told.err
    assert f"voicectl adopt kling --lineage {OTHER}" in told.err
    assert not (cli.folder / "voices.state.json").exists()
    assert "no voice of kling" in cli.voicectl("adopt", "kling", "--lineage", "99999999", code=1).err.lower()
    assert "at least 8" in cli.voicectl("adopt", "kling", "--lineage", "1a", code=1).err
    printed = cli.voicectl("adopt", "kling", "--lineage", OTHER, code=0).out
    paste(cli, printed)
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    assert sorted(cli.voicectl("output", "--json").json) == ["theirs", "theirs_too"]
    assert {row["voice_id"] for row in cli.voicectl("output", "--json").json.values()} == {theirs, broken}


def test_a_voice_of_a_lost_state_is_left_to_its_entry(cli: CliHarness, kling: KlingService) -> None:
    """Adopted under another address, its entry would be paid for again."""
    cli.declare("narrator", "hero")
    cli.apply()
    lineage = cli.state["lineage"][:8]
    for path in cli.folder.glob("voices.state.*"):
        path.unlink()
    cli.declare("narrator")
    told = cli.voicectl("adopt", "kling", "--lineage", lineage, "--new-state", code=1)
    assert "No such option" in told.err
    told = cli.voicectl("adopt", "kling", "--lineage", lineage, code=0)
    assert "1 made for entries of the manifest that have no voice" in told.err
    assert list(yaml.safe_load(told.out)["voices"]) == ["hero"]
    paste(cli, told.out, narrator=voice("narrator"))
    assert cli.actions() == {"narrator": "blocked"}


def test_a_voice_of_this_lineage_without_a_record_is_left_to_the_plan(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    cli.apply()
    lineage = cli.state["lineage"][:8]
    kling.add_foreign("Lost", external_task_id=f"vc-{lineage}-hero-0a1b2c3d-1")
    told = cli.voicectl("adopt", "kling", code=0)
    assert told.out == ""
    assert "1 in the state already, 1 made by this state, which has no record of them" in told.err


def test_voices_that_another_provider_of_the_account_has_are_left_out(cli: CliHarness, kling: KlingService) -> None:
    [theirs, other] = kling.add_foreign("Hero", "Guest")
    account = {"type": "kling", "endpoint": kling.url}
    declared = {"hero": {"provider": "second", "existing": {"voice_id": theirs}}}
    cli.write(declared, providers={"kling": account, "second": account})
    told = cli.voicectl("adopt", "kling", code=0)
    assert "1 declared already" in told.err
    cli.voicectl("adopt", "second", code=0)
    told = cli.voicectl("adopt", "kling", code=0)
    assert "1 in the state already" in told.err
    assert theirs not in told.out
    assert other in told.out


def test_official_unfinished_and_failed_voices_are_left_out(cli: CliHarness, kling: KlingService) -> None:
    kling.add_foreign("Official", "Second owner")
    kling.tasks[0].owned_by = "kling"
    kling.failing = {"Bad": "noisy"}
    kling.add_foreign("Bad")
    kling.add_foreign("Later", seconds=3600)
    cli.write({"owen": {"provider": "kling", "preset": {"voice_id": OWEN}}})
    told = cli.voicectl("adopt", "kling", code=0)
    assert list(yaml.safe_load(told.out)["voices"]) == ["second_owner"]
    assert "3 voices not adopted: 1 official, 2 not ready" in told.err


@pytest.mark.parametrize("deleted", [Deleted.VANISHES, Deleted.EMPTIED, Deleted.FLAGGED])
def test_deleted_voices_are_not_adopted(cli: CliHarness, kling: KlingService, deleted: Deleted) -> None:
    kling.deleted_voices = deleted
    kling.delete_outside(kling.add_foreign("Gone")[0])
    cli.declare()
    assert cli.voicectl("adopt", "kling", code=0).out == ""


def test_a_voice_that_this_state_deleted_is_not_adopted_while_the_list_shows_it(
    cli: CliHarness, kling: KlingService
) -> None:
    [theirs] = kling.add_foreign("Hero")
    cli.write({"hero": {"provider": "kling", "existing": {"voice_id": theirs}}})
    cli.apply()
    cli.declare()
    cli.apply("--allow-deletes", "1")
    assert kling.deleted_voices is Deleted.STAYS
    assert cli.voicectl("adopt", "kling", code=0).out == ""


# -- accounts ----------------------------------------------------------------------------------------------------------


def test_another_account_than_that_of_the_state_is_refused(cli: CliHarness, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Hero")
    cli.write({"hero": {"provider": "kling", "existing": {"voice_id": theirs}}})
    cli.apply()
    kling.tasks.clear()
    kling.owner = "999"
    kling.add_foreign("Of somebody else")
    refused = cli.voicectl("adopt", "kling", code=1)
    assert "is this the right account?" in refused.err
    assert list(cli.state["current"]) == ["hero"]


def test_a_list_that_fails_adopts_nothing(cli: CliHarness, kling: KlingService) -> None:
    kling.add_foreign("Hero")
    cli.declare()
    kling.refuse("list", 400, 1201, "no", times=20)
    assert cli.voicectl("adopt", "kling", code=1).out == ""
    assert not (cli.folder / "voices.state.json").exists()


def test_a_cloud_that_lists_nothing_says_so(cli: CliHarness) -> None:
    cli.write({}, providers={"trtc": {"type": "tencent-trtc", "sdk_app_id": 1466000000}})
    refused = cli.voicectl("adopt", "trtc", code=1)
    assert "lists no voices" in refused.err
    assert "voicectl import ADDRESS VOICE_ID" in refused.err
    assert "no provider klign" in cli.voicectl("adopt", "klign", code=1).err


def test_an_incomplete_list_is_completed_by_the_next_run(cli: CliHarness, kling: KlingService, folder: Path) -> None:
    kling.add_foreign("Hero", "Guest")
    kling.listing = hiding("Guest")
    command = ("-f", "all", "adopt", "kling", "--out", "all/adopted.yaml")
    cli.voicectl(*command, code=0)
    kling.listing = lambda tasks, page: tasks
    cli.voicectl(*command, code=0)
    assert sorted(entries(folder / "adopted.yaml")) == ["guest", "hero"]
    assert cli.voicectl("-f", "all", "plan", "--detailed-exitcode").code == 0


def test_the_sandbox_can_be_adopted(cli: CliHarness) -> None:
    (cli.folder / "voices.yaml").write_text("providers: {kling: {type: kling}}\n")
    cli.voicectl("sandbox", "faults", "--add", "Hero", "--add", "旁白", code=0)
    cli.voicectl("--sandbox", "adopt", "kling", "--out", "voices.yaml", code=0)
    assert "No changes. 2 voices are as declared." in cli.voicectl("--sandbox", "plan", code=0).out


def test_a_renamed_entry_keeps_its_voice(cli: CliHarness, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Hero")
    cli.declare()
    printed = cli.voicectl("adopt", "kling", code=0).out
    paste(cli, printed.replace("hero:", "lead:"))
    assert cli.actions() == {"lead": "move"}
    cli.apply()
    assert cli.voice_id("lead") == theirs


def test_the_help_says_what_happens(cli: CliHarness) -> None:
    shown = " ".join(cli.voicectl("adopt", "--help", code=0).out.split())
    assert "No cloud is changed and nothing is paid." in shown
    assert "prevent_destroy" in shown
    listed = cli.voicectl("--help", code=0).out
    assert listed.index("  import ") < listed.index("  adopt ") < listed.index("  output ")


DEFAULTS = {"labels": {"team": "film"}, "lifecycle": {"create_before_destroy": False}}


def test_an_included_file_of_entries_is_unchanged(cli: CliHarness, kling: KlingService) -> None:
    kling.add_foreign("Hero", "Guest")
    cli.write({"owen": {"provider": "kling", "preset": {"voice_id": OWEN}}}, defaults=DEFAULTS)
    cli.apply()
    told = cli.voicectl("adopt", "kling", "--out", "adopted.yaml", code=0)
    assert "Name this file in the manifest's include: until then, a plan blocks these voices." in told.err
    cli.write(
        {"owen": {"provider": "kling", "preset": {"voice_id": OWEN}}}, defaults=DEFAULTS, include=["adopted.yaml"]
    )
    cli.voicectl("plan", "--detailed-exitcode", code=0)
    kling.add_foreign("Late")
    told = cli.voicectl("adopt", "kling", "--out", "adopted.yaml", code=0)
    assert "include" not in told.err
    assert list(entries(cli.folder / "adopted.yaml")) == ["guest", "hero", "late"]
    assert "4 voices are as declared" in cli.voicectl("plan", "--detailed-exitcode", code=0).out


def test_printed_entries_get_the_defaults_of_the_manifest(cli: CliHarness, kling: KlingService) -> None:
    kling.add_foreign("Hero")
    cli.write({}, defaults=DEFAULTS)
    printed = cli.voicectl("adopt", "kling", code=0).out
    cli.write(yaml.safe_load(printed)["voices"], defaults=DEFAULTS)
    cli.voicectl("plan", "--detailed-exitcode", code=0)
    assert cli.state["records"][cli.state["current"]["hero"]]["labels"] == {"team": "film"}


def test_instances_of_an_entry_keep_its_name(cli: CliHarness, kling: KlingService, folder: Path) -> None:
    [theirs] = kling.add_foreign("cast")
    cast = {
        "provider": "kling",
        "for_each": ["en"],
        "create": {"voice_name": "x", "voice_url": "https://c.example.com/a.mp3"},
    }
    (folder / "adopted.yaml").write_text(yaml.safe_dump({"voices": {"cast": cast}}))
    cli.voicectl("-f", "all", "adopt", "kling", "--out", "all/adopted.yaml", code=0)
    assert list(entries(folder / "adopted.yaml")) == ["cast", f"cast_{theirs[-8:]}"]


@pytest.mark.parametrize(("path", "kind"), [("pipe", "a pipe"), ("null", "a device"), ("/dev/stdout", "a")])
def test_a_pipe_or_a_device_is_never_replaced_by_the_file(
    cli: CliHarness, kling: KlingService, path: str, kind: str
) -> None:
    os.mkfifo(cli.folder / "pipe")
    (cli.folder / "null").symlink_to("/dev/null")
    kling.add_foreign("Narrator")
    cli.write({})
    ran = cli.voicectl("adopt", "kling", "--out", path, code=1)
    assert f"--out {path}: {kind}" in ran.err
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert not (cli.folder / "voices.state.json").exists()

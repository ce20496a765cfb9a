"""The files of a manifest, and problems with files that can't be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.errors import ManifestError, UsageError
from reconciler.loader.build import load
from tests.loader.conftest import Problems, Write
from tests.support.hints import in_words

KLING = "providers: {kling: {type: kling}}\n"


def one(address: str, voice_id: int) -> str:
    return f'voices: {{{address}: {{provider: kling, preset: {{voice_id: "{voice_id}"}}}}}}\n'


def problems_at(path: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(Path(path), environ={})
    return [str(problem) for problem in caught.value.problems]


def test_a_folder_s_yaml_files_are_one_manifest(write: Write) -> None:
    write(one("b", 2), name="voices/b.yaml")
    write(KLING, name="voices/z.yaml")
    write(one("a", 1), name="voices/a.yaml")
    write(one("c", 3), name="voices/a.yml")
    write(one("d", 4), name="voices/D.YAML")
    write(one("e", 5), name="voices/e.Yml")
    write("not: ours", name="voices/sub/c.yaml")
    write("not: ours", name="voices/.hidden.yaml")
    write("not: ours", name="voices/.hidden.yml")
    write("not: ours", name="voices/e.yml.bak")
    write("not: ours", name="voices/notes.txt")
    manifest = load(Path("voices"), environ={})
    assert sorted(manifest.voices) == ["a", "b", "c", "d", "e"]
    assert manifest.name == "."
    assert manifest.notes == ()


def test_the_working_folder_is_a_manifest_too(write: Write) -> None:
    write("sounds: {}", name="a.yaml")
    assert problems_at(".")[0].startswith("a.yaml:1:1: sounds: unknown key")


def test_a_file_s_name_is_its_manifest_s(write: Write) -> None:
    assert load(write(KLING, name="team/prod.yaml"), environ={}).name == "prod.yaml"


def test_files_are_named_as_the_user_typed_them(write: Write, tmp_path: Path) -> None:
    write("sounds: {}", name="voices/a.yaml")
    assert problems_at("voices")[0].startswith("voices/a.yaml:1:1: ")
    assert problems_at("voices/a.yaml")[0].startswith("voices/a.yaml:1:1: ")
    assert problems_at(str(tmp_path / "voices"))[0].startswith(f"{tmp_path}/voices/a.yaml:1:1: ")


def test_the_problems_of_all_files_are_reported_at_once(write: Write) -> None:
    write("voices: [", name="a.yaml")
    write(b"voices: \xff", name="b.yaml")
    write("", name="c.yaml")
    write(KLING + one("1st", 1), name="d.yaml")
    assert [line.split(": ")[0] for line in problems_at(".")] == ["a.yaml:2:1", "b.yaml:1:9", "c.yaml", "d.yaml:2:10"]


def test_a_provider_may_be_declared_in_the_file_that_could_not_be_read(write: Write) -> None:
    write("providers: {", name="a.yaml")
    write(one("a", 1), name="b.yaml")
    assert len(problems_at(".")) == 1


def test_nothing_at_the_path_is_a_usage_error_that_names_init(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist") as caught:
        load(tmp_path / "voices.yaml", environ={})
    assert "voicectl init" in in_words(caught.value.hint)


def test_a_path_below_a_file_does_not_exist(write: Write) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        load(write(KLING) / "voices.yaml", environ={})


def test_a_path_that_can_t_be_checked_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="can't be read"):
        load(tmp_path / "loop", environ={})


def test_a_folder_without_yaml_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert problems_at(".") == [".: no *.yaml or *.yml file in this folder"]
    Path("prod").mkdir()
    Path("prod/a.yml").write_text(KLING, encoding="utf-8")
    assert problems_at(".") == [
        ".: no *.yaml or *.yml file in this folder; the sub-folder prod has a manifest (prod/a.yml), "
        "so name one of them with -f"
    ]


def test_manifests_in_sub_folders_are_named_in_a_note(write: Write) -> None:
    write(KLING, name="cast/a.yaml")
    write(one("b", 2), name="cast/team/prod/b.yml")
    write('{"version":1,"voices":{}}', name="cast/team/C.YAML")
    write(one("d", 4), name="cast/.github/d.yaml")
    write("services: {}", name="cast/docker/compose.yaml")
    write(one("e", 5), name="elsewhere/e.yaml")
    Path("cast/linked").symlink_to("../elsewhere")
    [note] = load(Path("cast"), environ={}).notes
    assert note == (
        "the sub-folders linked, team, team/prod have manifests (linked/e.yaml, team/C.YAML, team/prod/b.yml); "
        "they are not read, because a folder's manifest is only the files directly in it"
    )
    assert load(Path("cast/a.yaml"), environ={}).notes == ()


def test_links_in_a_circle_are_checked_and_left(write: Write) -> None:
    write(KLING, name="cast/a.yaml")
    Path("cast/round").symlink_to(".")
    assert len(load(Path("cast"), environ={}).notes) == 1


def test_a_folder_named_like_a_file_is_refused(write: Write) -> None:
    write(KLING, name="a.yaml")
    Path("b.yaml").mkdir()
    assert problems_at(".") == ["b.yaml: a folder, where a YAML file is expected by its name"]


def test_a_pipe_in_a_folder_is_not_waited_for(write: Write) -> None:
    write(KLING, name="a.yaml")
    os.mkfifo("b.yaml")
    assert problems_at(".") == ["b.yaml: a pipe, where a YAML file is expected by its name"]


def test_a_dangling_link_is_refused(write: Write) -> None:
    write(KLING, name="a.yaml")
    Path("b.yaml").symlink_to("nowhere.yaml")
    assert problems_at(".") == ["b.yaml: can't be read: No such file or directory"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(write: Write) -> None:
    write(KLING).chmod(0)
    assert problems_at("voices.yaml") == ["voices.yaml: can't be read: Permission denied"]


def test_a_refusal_of_the_disk_is_reported(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    write(KLING)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert problems_at("voices.yaml") == ["voices.yaml: can't be read: Permission denied"]


def test_a_file_that_isn_t_utf_8_is_refused_at_the_byte(problems: Problems) -> None:
    assert problems("# größe\n# gr".encode() + b"\xf6\xdfe\n") == [
        "voices.yaml:2:5: not UTF-8: byte 0xf6 is not allowed here"
    ]


def test_utf_16_and_32_are_named(problems: Problems) -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        name = encoding.upper()[:6]
        assert problems(KLING.encode(encoding)) == [f"voices.yaml: not UTF-8: this is {name}, save it as UTF-8"]


@pytest.mark.parametrize(
    ("named", "there", "said"),
    [
        ("samples/caf\u00e9.wav", "samples/cafe\u0301.wav", "which differs in how \u00e9 is written"),
        ("samples/hero.wav", "samples/Hero.WAV", "which differs in upper and lower case"),
        ("Gr\u00f6\u00dfe/a.wav", "Gro\u0308\u00dfe/a.wav", "which differs in how \u00f6 is written"),
        ("the hero.wav", "the\u00a0hero.wav", "which differs in characters that look alike"),
    ],
)
def test_a_sample_whose_name_only_reads_the_same_is_named(
    problems: Problems, write: Write, named: str, there: str, said: str
) -> None:
    write(b"", name=there)
    [problem] = problems(
        "providers: {trtc: {type: tencent-trtc, sdk_app_id: 1}}\n"
        f"voices: {{a: {{provider: trtc, clone: {{voice_name: a, prompt_audio: {{file: '{named}'}}}}}}}}\n"
    )
    assert f"voices.a.clone.prompt_audio.file: {named} does not exist; there is {there}, {said}" in problem

"""The section `outputs:`, where each problem has its position, and no path leads out of the manifest's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.loader.build import load
from reconciler.model.output_files import OutputFile

HEAD = """\
providers: {kling: {type: kling}}
voices:
  a-b: {provider: kling, create: {voice_name: A, voice_url: "https://cdn.example.com/a.mp3"}}
  a_b: {provider: kling, create: {voice_name: B, voice_url: "https://cdn.example.com/b.mp3"}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def declared(outputs: str, *, name: str = "voices.yaml") -> tuple[OutputFile, ...]:
    path = Path(name)
    path.write_text(f"{HEAD}outputs:{outputs}\n", encoding="utf-8")
    return load(path, environ={}).outputs


def problems(outputs: str, **file: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        declared(outputs, **file)
    return [str(problem).removeprefix("voices.yaml:") for problem in caught.value.problems]


def test_files_are_read_in_their_order(folder: Path) -> None:
    assert declared(" [{path: v.json, format: json}, {path: c/v.env, format: dotenv, addresses: [a-b]}]") == (
        OutputFile(path="v.json", format="json"),
        OutputFile(path="c/v.env", format="dotenv", addresses=("a-b",)),
    )


@pytest.mark.parametrize("empty", [" []", ""])
def test_without_files_there_are_none(folder: Path, empty: str) -> None:
    if empty:
        assert declared(empty) == ()
    else:
        assert problems(empty) == [
            "5:1: outputs: empty, should be a list, such as - {path: voices.env, format: dotenv}"
        ]


@pytest.mark.parametrize(
    ("outputs", "problem"),
    [
        (" {path: v.env}", "5:10: outputs: a mapping, should be a list, such as - {path: voices.env, format: dotenv}"),
        (" [v.env]", "5:11: outputs[0]: text, should be a mapping, such as - {path: voices.env, format: dotenv}"),
        (" [{path: v.env}]", "5:11: outputs[0].format: missing, it is required"),
        (" [{pth: v.env, format: json}]", "5:12: outputs[0].pth: unknown key, did you mean path?"),
        (
            " [{path: v.env, format: jsn}]",
            '5:33: outputs[0].format: "jsn", should be json, yaml, dotenv, tfvars or csv; did you mean json?',
        ),
        (
            " [{path: ../v, format: json}]",
            "5:18: outputs[0].path: leads out of the folder of the manifest: .. is not allowed here",
        ),
        (" [{path: /etc/v, format: json}]", "5:18: outputs[0].path: should be relative to the folder of the manifest"),
        (
            " [{path: .Git/config, format: json}]",
            "5:18: outputs[0].path: leads into .Git, where voicectl writes no outputs",
        ),
        (" [{path: Voices.YAML, format: yaml}]", "5:18: outputs[0].path: is the manifest itself"),
        (
            " [{path: voices.state.json, format: json}]",
            "5:18: outputs[0].path: is a name of a state: choose another name",
        ),
        (
            " [{path: v, format: json}, {path: V, format: csv}]",
            "5:43: outputs[1].path: is written by outputs[0] already",
        ),
        (
            " [{path: v, format: json}, {path: v/w, format: csv}]",
            "5:43: outputs[1].path: is a file and a folder at once: outputs[0] is v",
        ),
        (
            " [{path: v, format: json, addresses: [a-bb]}]",
            "5:47: outputs[0].addresses[0]: matches no address, did you mean a-b?",
        ),
        (
            " [{path: v, format: dotenv}]",
            "5:11: outputs[0]: a-b and a_b would both be A_B_VOICE_ID in this file: "
            "rename one, or leave one out with addresses",
        ),
    ],
)
def test_each_mistake_is_said_at_its_position(folder: Path, outputs: str, problem: str) -> None:
    assert problems(outputs) == [problem]


def test_a_link_that_leads_out_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (folder / "config").symlink_to(outside)
    (folder / "v.env").symlink_to(outside / "v.env")
    found = problems(" [{path: config/v, format: json}, {path: v.env, format: json}]")
    assert found == [
        "5:18: outputs[0].path: it leads out of the folder of the manifest, through a link",
        "5:50: outputs[1].path: it leads out of the folder of the manifest, through a link",
    ]


def test_a_link_to_the_manifest_or_to_a_state_is_refused(folder: Path) -> None:
    (folder / "m.json").symlink_to("voices.yaml")
    (folder / "s.json").symlink_to("voices.state.json")
    found = problems(" [{path: m.json, format: json}, {path: s.json, format: json}]")
    assert [words.split(".path: ")[1] for words in found] == [
        "leads to the manifest itself, through a link",
        "leads to a state, through a link",
    ]


def test_in_a_folder_no_output_becomes_a_part_of_the_manifest(folder: Path) -> None:
    (folder / "desk").mkdir()
    (folder / "desk/voices.yaml").write_text(f"{HEAD}outputs: [{{path: ids.yml, format: yaml}}]\n")
    with pytest.raises(ManifestError, match="would be read as a part of the manifest"):
        load(folder / "desk", environ={})
    (folder / "desk/voices.yaml").write_text(f"{HEAD}outputs: [{{path: ids/ids.yml, format: yaml}}]\n")
    assert len(load(folder / "desk", environ={}).outputs) == 1


def test_two_files_of_a_folder_can_not_both_declare_outputs(folder: Path) -> None:
    (folder / "a.yaml").write_text("outputs: []\n")
    (folder / "b.yaml").write_text("outputs: []\n")
    with pytest.raises(ManifestError, match="outputs may be in one file only, but is also at "):
        load(folder, environ={})


def test_addresses_are_checked_only_when_all_entries_could_be_read(folder: Path) -> None:
    path = Path("voices.yaml")
    path.write_text(
        HEAD.replace("voice_name: A", "voice_nam: A") + "outputs: [{path: v, format: json, addresses: [x]}]"
    )
    with pytest.raises(ManifestError) as caught:
        load(path, environ={})
    assert ["outputs" in problem.path for problem in caught.value.problems] == [False]

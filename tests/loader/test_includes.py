"""`include:`: files with defaults, variables, voices and audio, relative to the file that says it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.loader.build import load
from tests.loader.conftest import Write

PROD = "include: [../cast.yaml]\nproviders: {kling: {type: kling}}\n"
CAST = """defaults: {provider: kling}
voices:
  narrator: {create: {voice_name: Narrator, video_id: "1"}}
"""
MAY_HOLD = (
    "can't be in an included file, which may hold only defaults, variables, voices and audio; "
    "move it to the file that includes this one"
)


def problems_of(path: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(Path(path), environ={"CAST": "cast.yaml"})
    return [str(problem) for problem in caught.value.problems]


def test_a_file_includes_voices_of_another(write: Write) -> None:
    write(CAST, name="cast.yaml")
    write(PROD + "voices: {own: {provider: kling, preset: {voice_id: '829'}}}", name="env/prod.yaml")
    manifest = load(Path("env/prod.yaml"), environ={})
    assert list(manifest.voices) == ["own", "narrator"]
    assert manifest.voices["narrator"].provider == "kling"
    assert manifest.name == "prod.yaml"


def test_a_path_is_relative_to_the_file_that_says_it(write: Write) -> None:
    write("providers: {trtc: {type: tencent-trtc, sdk_app_id: 1}}\ninclude: [shared/cast.yaml]\n")
    write("include: [../more/cast.yaml]\n", name="shared/cast.yaml")
    write("voices: {a: {provider: trtc, clone: {voice_name: a, prompt_audio: {file: a.wav}}}}", name="more/cast.yaml")
    assert problems_of("voices.yaml") == [
        "more/cast.yaml:1:74: voices.a.clone.prompt_audio.file: more/a.wav does not exist"
    ]


def test_a_problem_names_the_file_in_which_it_is(write: Write) -> None:
    write("voices: {a: {provider: klng, preset: {voice_id: x}}}", name="cast.yaml")
    write(PROD, name="env/prod.yaml")
    assert problems_of("env/prod.yaml") == [
        'cast.yaml:1:24: voices.a.provider: "klng" is not declared under providers, did you mean kling?',
        "cast.yaml:1:49: voices.a.preset.voice_id: should be 1 to 64 decimal digits",
    ]


def test_a_variable_of_an_included_file_is_set_by_the_file_that_includes_it(write: Write) -> None:
    write(
        "variables: {name: }\nvoices: {a: {provider: kling, create: {voice_name: '${var:name}', video_id: '1'}}}",
        name="cast.yaml",
    )
    write(PROD + "values: {name: Prod}", name="env/prod.yaml")
    write(PROD + "values: {name: Staging}", name="env/staging.yaml")
    made = [load(Path(f"env/{name}.yaml"), environ={}).voices["a"] for name in ("prod", "staging")]
    assert [voice.inputs["voice_name"] for voice in made] == ["Prod", "Staging"]


def test_the_defaults_of_a_file_are_for_its_own_voices(write: Write) -> None:
    write("defaults: {labels: {from: a}}\nvoices: {a: {provider: kling, preset: {voice_id: '1'}}}", name="all/a.yaml")
    write("defaults: {labels: {from: b}}\nvoices: {b: {provider: kling, preset: {voice_id: '2'}}}", name="all/b.yaml")
    write(
        "providers: {kling: {type: kling}}\nvoices: {c: {provider: kling, preset: {voice_id: '3'}}}", name="all/c.yaml"
    )
    voices = load(Path("all"), environ={}).voices
    assert {address: voice.labels for address, voice in voices.items()} == {
        "a": {"from": "a"},
        "b": {"from": "b"},
        "c": {},
    }


def test_a_file_that_two_files_include_is_read_once(write: Write) -> None:
    write(CAST, name="cast.yaml")
    write("include: [cast.yaml]\n", name="a.yaml")
    write("include: [./cast.yaml, other/../cast.yaml]\n", name="b.yaml")
    write("include: [a.yaml, b.yaml, a.yaml]\nproviders: {kling: {type: kling}}\n")
    assert list(load(Path("voices.yaml"), environ={}).voices) == ["narrator"]


def test_files_that_include_each_other_are_an_error(write: Write) -> None:
    write("include: [b.yaml]\n", name="a.yaml")
    write("include: [c.yaml]\n", name="b.yaml")
    write("include: [b.yaml]\n", name="c.yaml")
    write("include: [a.yaml, voices.yaml]\n")
    assert problems_of("voices.yaml") == [
        "c.yaml:1:11: include[0]: the files include each other without end: b.yaml includes c.yaml includes b.yaml",
        "voices.yaml:1:19: include[1]: the files include each other without end: voices.yaml includes voices.yaml",
    ]


def test_an_included_file_may_be_behind_links(write: Write) -> None:
    write(CAST, name="shared/cast.yaml")
    write(PROD, name="real/env/prod.yaml")
    Path("real/cast.yaml").symlink_to("../shared/cast.yaml")
    Path("env").symlink_to("real/env")
    manifest = load(Path("env/prod.yaml"), environ={})
    assert list(manifest.voices) == ["narrator"]
    Path("shared/cast.yaml").write_text("voices: {1st: }")
    assert problems_of("env/prod.yaml")[0].startswith("env/../cast.yaml:1:10: voices.1st: ")


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "latin", "broken", "empty"])
def test_a_file_that_cant_be_read_is_an_error(write: Write, kind: str) -> None:
    write(PROD, name="env/prod.yaml")
    match kind:
        case "folder":
            Path("cast.yaml").mkdir()
        case "pipe":
            os.mkfifo("cast.yaml")
        case "latin":
            write("voices: {}\n# ü".encode("latin-1"), name="cast.yaml")
        case "broken":
            write("voices: {", name="cast.yaml")
        case "empty":
            write("", name="cast.yaml")
        case _:
            pass
    expected = {
        "missing": "env/prod.yaml:1:11: include[0]: cast.yaml does not exist",
        "folder": "env/prod.yaml:1:11: include[0]: cast.yaml is a folder, not a file",
        "pipe": "env/prod.yaml:1:11: include[0]: cast.yaml is a pipe, not a file",
        "latin": "cast.yaml:2:3: not UTF-8: byte 0xfc is not allowed here",
        "broken": "cast.yaml:2:1: a value is expected here: check the brackets and commas",
        "empty": "cast.yaml: the file is empty: it should declare providers and voices",
    }
    [problem] = problems_of("env/prod.yaml")
    assert problem == expected[kind]


@pytest.mark.parametrize(
    ("include", "problem"),
    [
        ("cast.yaml", "1:10: include: text, should be a list of files, such as [../cast.yaml]"),
        ("", "1:1: include: empty, should be a list of files, such as [../cast.yaml]"),
        ("[{file: cast.yaml}]", "1:11: include[0]: a mapping, should be the name of a file"),
        ("[~]", "1:11: include[0]: empty, should be the name of a file"),
        ("['${env:CAST}']", "1:11: include[0]: the name of a file has to be written here, without ${env:...}"),
        ("['${var:cast}']", "1:11: include[0]: ${var:...} can't be used under include; write the value itself"),
    ],
)
def test_an_include_is_a_list_of_files(write: Write, include: str, problem: str) -> None:
    write(f"include: {include}\n")
    assert problems_of("voices.yaml") == [f"voices.yaml:{problem}"]


@pytest.mark.parametrize("key", ["providers", "state", "safety", "values"])
def test_an_included_file_holds_nothing_that_environments_would_share(write: Write, key: str) -> None:
    write(f"version: 1\nx-note: mine\n{key}: {{}}\n" + CAST, name="cast.yaml")
    write(PROD, name="env/prod.yaml")
    assert problems_of("env/prod.yaml") == [f"cast.yaml:3:1: {key}: {MAY_HOLD}"]


def test_a_file_of_the_folder_is_part_of_the_manifest_already(write: Write) -> None:
    write("include: [b.yaml]\nproviders: {kling: {type: kling}}\n", name="all/a.yaml")
    write(CAST, name="all/b.yaml")
    assert problems_of("all") == [
        "all/a.yaml:1:11: include[0]: all/b.yaml is in the folder of the manifest, so it is part of it already"
    ]


def test_each_file_of_a_folder_may_include_others(write: Write) -> None:
    write("include: [../cast.yaml]\nproviders: {kling: {type: kling}}\n", name="all/a.yaml")
    write("include: [../cast.yaml]\n", name="all/b.yaml")
    write(CAST, name="cast.yaml")
    assert list(load(Path("all"), environ={}).voices) == ["narrator"]


def test_an_address_is_declared_once_in_all_files(write: Write) -> None:
    write(CAST, name="cast.yaml")
    write(PROD + "voices: {Narrator: {provider: kling, preset: {voice_id: '829'}}}", name="env/prod.yaml")
    assert problems_of("env/prod.yaml") == [
        "cast.yaml:3:3: voices.narrator: an address is unique in any case, but Narrator is at env/prod.yaml:3:10"
    ]

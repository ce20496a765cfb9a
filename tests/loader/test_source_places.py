"""Each entry of a manifest has the place of its key, and the variables of a manifest are known by name."""

from __future__ import annotations

from pathlib import Path

from reconciler.loader.source_places import entry_positions, named_variables

STUDIO = """\
voices:
  narrator:
    provider: kling
  # hero
  "hero": {provider: kling, create: {voice_name: "${env:STAGE}-hero"}}
audio:
    rain: {provider: vod}
"""


def test_an_entry_has_the_line_and_column_of_its_key(tmp_path: Path) -> None:
    file = tmp_path / "voices.yaml"
    file.write_text(STUDIO)
    assert entry_positions(file) == {
        "narrator": (str(file), (2, 3)),
        "hero": (str(file), (5, 3)),
        "audio.rain": (str(file), (7, 5)),
    }


def test_the_entries_of_a_folder_are_in_their_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("voices: {one: {}}\n")
    (tmp_path / "b.yml").write_text("\nvoices:\n  two: {}\n  one: {}\n")
    assert entry_positions(tmp_path) == {
        "one": (str(tmp_path / "a.yaml"), (1, 10)),
        "two": (str(tmp_path / "b.yml"), (3, 3)),
    }


def test_included_files_and_files_of_values_count_too(tmp_path: Path) -> None:
    file = tmp_path / "voices.yaml"
    file.write_text("include: [cast/more.yaml]\nvoices: {one: {}}\n")
    (tmp_path / "cast").mkdir()
    (tmp_path / "cast" / "more.yaml").write_text("voices:\n  two: {provider: '${env:A}'}\n")
    (tmp_path / "values.yaml").write_text("take: ${env:B}\n")
    assert entry_positions(file) == {
        "one": (str(file), (2, 10)),
        "two": (str(tmp_path / "cast" / "more.yaml"), (2, 3)),
    }
    assert named_variables(file, [tmp_path / "values.yaml", tmp_path / "nowhere.yaml"]) == {"A", "B"}


def test_a_broken_manifest_has_the_places_before_its_fault(tmp_path: Path) -> None:
    file = tmp_path / "voices.yaml"
    file.write_text("voices:\n  one: {}\n  two: [\n")
    assert entry_positions(file)["one"] == (str(file), (2, 3))
    file.write_text("- a list\n")
    assert entry_positions(file) == {}
    file.write_text("")
    assert entry_positions(file) == {}


def test_a_manifest_that_does_not_exist_has_neither(tmp_path: Path) -> None:
    assert entry_positions(tmp_path / "voices.yaml") == {}
    assert named_variables(tmp_path / "voices.yaml") == frozenset()


def test_variables_are_known_by_name(tmp_path: Path) -> None:
    file = tmp_path / "voices.yaml"
    file.write_text(STUDIO + "x-note: ${env:A_1} ${env:} ${HOME} ${env:B}${env:C}\n")
    assert named_variables(file) == {"STAGE", "A_1", "B", "C"}

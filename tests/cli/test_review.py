"""Documents for a review: at file and line, without values of the environment, with the exit codes of the text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness, ran_in, voice
from tests.support.kling_service import KlingService

REVIEWS = ("markdown", "github", "gitlab")
SECRET = "Zq8secretvalue"


@pytest.fixture
def secretive(cli: CliHarness) -> CliHarness:
    """The name of one voice and the path of its sample come from the environment."""
    cli.env |= {"PART": SECRET}
    hidden = voice("hero", voice_name="${env:PART}", voice_url="https://cdn.example.com/${env:PART}/x.mp3")
    cli.write({"narrator": voice("narrator"), "hero": hidden})
    return cli


@pytest.mark.parametrize("format_name", REVIEWS)
def test_a_plan_shows_no_value_of_the_environment(secretive: CliHarness, format_name: str) -> None:
    shown = secretive.voicectl("plan", "--format", format_name, code=0)
    assert SECRET not in shown.out + shown.err
    assert ("${env:PART}" in shown.out) == (format_name == "markdown")


@pytest.mark.parametrize("format_name", REVIEWS)
def test_drift_shows_no_value_of_the_environment(secretive: CliHarness, kling: KlingService, format_name: str) -> None:
    secretive.apply()
    kling.rename_outside(secretive.voice_id("hero"), f"New {SECRET}")
    shown = secretive.voicectl("drift", "--format", format_name, code=2)
    assert SECRET not in shown.out + shown.err
    assert "hero" in shown.out


@pytest.mark.parametrize("format_name", REVIEWS)
def test_a_saved_plan_shows_no_value_on_a_machine_that_lacks_the_variable(
    secretive: CliHarness, format_name: str
) -> None:
    secretive.voicectl("plan", "--out", "saved.plan", code=0)
    assert SECRET not in (secretive.folder / "saved.plan").read_text()
    del secretive.env["PART"]
    shown = secretive.voicectl("show", "saved.plan", "--format", format_name, code=0)
    assert SECRET not in shown.out
    assert "hero" in shown.out


def test_a_saved_plan_without_values_is_applied_with_them(secretive: CliHarness, kling: KlingService) -> None:
    secretive.voicectl("plan", "--out", "saved.plan", code=0)
    secretive.voicectl("apply", "saved.plan", code=0)
    assert sorted(record["voice_name"] for record in secretive.state["records"].values()) == [SECRET, "narrator"]
    assert secretive.voicectl("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("format_name", ["github", "gitlab"])
def test_a_problem_shows_no_value_of_the_environment(secretive: CliHarness, format_name: str) -> None:
    secretive.env["PART"] = SECRET * 3  # longer than a voice_name may be
    shown = secretive.voicectl("validate", "--format", format_name, code=1)
    assert SECRET not in shown.out + shown.err
    assert "at most 20" in shown.out


def test_exit_codes_are_those_of_the_text(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    for format_name in ("text", *REVIEWS):
        assert cli.voicectl("plan", "--format", format_name).code == 0
        assert cli.voicectl("plan", "--detailed-exitcode", "--format", format_name).code == 2
        assert cli.voicectl("drift", "--format", format_name).code == 0
    cli.apply()
    kling.rename_outside(cli.voice_id("narrator"), "Somebody")
    for format_name in ("text", *REVIEWS):
        assert cli.voicectl("drift", "--format", format_name).code == 2


def test_an_annotation_names_the_file_and_the_line_of_the_entry(cli: CliHarness) -> None:
    path = cli.declare("narrator", "hero")
    line = 1 + path.read_text().split("\n").index('  "hero": {')
    shown = cli.voicectl("plan", "--format", "github", code=0)
    assert f"::notice file=voices.yaml,line={line},col=3,title=hero (kling)%3A to create::" in shown.out
    found = cli.voicectl("plan", "--format", "gitlab", code=0).json
    assert [each["location"] for each in found if "hero" in each["description"]] == [
        {"path": "voices.yaml", "lines": {"begin": line}}
    ]


def test_a_problem_is_annotated_on_stdout_and_explained_on_stderr(cli: CliHarness) -> None:
    path = cli.declare("narrator")
    path.write_text(path.read_text().replace('"voice_name"', '"voice_nane"'))
    shown = cli.voicectl("validate", "--format", "github", code=1)
    assert all(line.startswith("::error file=voices.yaml,line=") for line in shown.out.splitlines())
    assert "Error: The manifest is not valid" in shown.err


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_an_invalid_manifest_is_annotated_by_a_plan_too(cli: CliHarness, command: str) -> None:
    path = cli.declare("narrator")
    path.write_text(path.read_text().replace('"voice_name"', '"voice_nane"'))
    assert "::error file=voices.yaml,line=" in cli.voicectl(command, "--format", "github", code=1).out
    [finding, *_] = cli.voicectl(command, "--format", "gitlab", code=1).json
    assert finding["location"]["path"] == "voices.yaml"
    for format_name in ("text", "json", "markdown"):
        assert cli.voicectl(command, "--format", format_name, code=1).out == ""


@pytest.mark.parametrize("words", [("-C", "studio"), ("-f", "studio/voices.yaml"), ("-C", "studio", "-f", ".")])
def test_paths_are_those_of_the_repository_also_with_another_directory(cli: CliHarness, words: tuple[str, ...]) -> None:
    (cli.folder / "studio").mkdir()
    cli.declare("narrator", file="studio/voices.yaml")
    shown = cli.voicectl(*words, "plan", "--format", "github", code=0)
    assert "::notice file=studio/voices.yaml,line=" in shown.out


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_in_a_job_paths_begin_at_the_root_of_the_repository(cli: CliHarness, variable: str) -> None:
    folder = cli.folder / "teams" / "studio"
    folder.mkdir(parents=True)
    cli.declare("narrator", file="teams/studio/voices.yaml")
    env = cli.env | {variable: str(cli.folder)}
    for format_name in ("github", "gitlab"):
        shown = ran_in(folder, ["plan", "--format", format_name], env)
        assert "teams/studio/voices.yaml" in shown.out
    marked = ran_in(folder, ["plan", "--format", "markdown"], env).out
    assert marked.startswith("<!-- voicectl:plan:teams/studio/voices.yaml -->\n")


def test_the_mark_tells_manifests_apart_and_stays_with_a_saved_plan(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.declare("hero", file="studio.yaml")
    marks = set()
    for file in ("voices.yaml", "studio.yaml"):
        cli.voicectl("-f", file, "plan", "--out", f"{file}.plan", code=0)
        planned = cli.voicectl("-f", file, "plan", "--format", "markdown", code=0).out.splitlines()[0]
        saved = cli.voicectl("show", f"{file}.plan", "--format", "markdown", code=0).out.splitlines()[0]
        assert planned == saved
        marks.add(planned)
    assert len(marks) == 2


def test_a_saved_plan_of_another_manifest_has_no_lines_of_this_one(cli: CliHarness) -> None:
    cli.declare("narrator", "hero")
    cli.declare("hero", file="studio.yaml")
    cli.voicectl("-f", "studio.yaml", "plan", "--out", "saved.plan", code=0)
    shown = cli.voicectl("show", "saved.plan", "--format", "github", code=0)
    assert shown.out.startswith("::notice file=studio.yaml,title=hero ")


def test_the_state_has_no_format_for_a_review(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    for format_name in REVIEWS:
        refused = cli.voicectl("show", "--format", format_name, code=1)
        assert refused.out == ""
        assert f"--format {format_name} shows a saved plan, and not the state." in refused.err
        assert f"voicectl show PLANFILE --format {format_name}" in refused.err


def test_a_plan_of_1000_voices_is_annotated_once_for_each_kind(cli: CliHarness, tmp_path: Path) -> None:
    cli.write({f"v{number}": voice(f"v{number}") for number in range(1000)})
    report = cli.voicectl("plan", "--format", "gitlab", code=0)
    assert len(json.loads(report.out)) == 1000
    assert len(cli.voicectl("plan", "--format", "github", code=0).out.splitlines()) == 10

"""Hostile, broken or unusual YAML always gives a problem with its position, never a traceback."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.loader import yaml_values
from reconciler.loader.accounts import accounts
from reconciler.loader.build import load
from reconciler.loader.files import Source
from reconciler.loader.problems import RawProblem
from reconciler.loader.problems import located as told_of
from reconciler.loader.sections import Section, sections
from tests.loader.conftest import Load, Problems, Write

KLING = "providers: {kling: {type: kling}}\n"


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x9b"])
def test_a_control_character_is_refused_at_its_position(problems: Problems, character: str) -> None:
    reported = problems(f"# first line\r\nvoices: a{character}b\n")
    assert reported == [f"voices.yaml:2:10: a YAML file can't hold the control character U+{ord(character):04X}"]


@pytest.mark.parametrize("escape", [r"\0", r"\e", r"\x9b"])
def test_an_escaped_control_character_is_refused(problems: Problems, escape: str) -> None:
    text = f'voices: {{a: {{provider: kling, create: {{voice_name: "{escape}", video_id: "1"}}}}}}'
    assert "voices.a.create.voice_name: text can't hold the control character U+00" in problems(KLING + text)[0]


def test_a_key_that_would_move_the_cursor_is_printed_harmlessly(problems: Problems) -> None:
    reported = "\n".join(problems('"vo\\u202eices\\e[2J": {}\n'))
    assert "\x1b" not in reported
    assert "\u202e" not in reported


def test_a_key_of_a_million_characters_is_cut(problems: Problems) -> None:
    assert len(problems(f"? {'k' * 1_000_000}\n: 1\n")[0]) < 300


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_nesting_of_51_levels_is_refused(problems: Problems, opening: str) -> None:
    assert "nested too deeply, at most 50 levels" in problems(opening * 60)[0]


def test_nesting_without_end_is_refused(problems: Problems) -> None:
    assert len(problems("[" * 100_000)) == 1


def test_a_wide_alias_bomb_in_a_merge_is_refused(problems: Problems) -> None:
    lines = ["a0: &a0 {" + ", ".join(f"k{n}: v" for n in range(1000)) + "}"]
    lines += [f"a{n}: &a{n} {{<<: [*a0{', *a0' * 50}]}}" for n in range(1, 21)]
    assert "aliases repeat too much: more than 1,000,000 nodes" in problems("\n".join(lines))[-1]


def test_a_second_merge_key_is_refused(problems: Problems) -> None:
    reported = problems("a: &a {}\nb: {<<: *a, <<: *a}\n")
    assert "voices.yaml:2:13: b.<<: a second <<: merge a list of mappings instead" in reported


def test_a_quoted_merge_sign_is_a_key(problems: Problems) -> None:
    assert problems(KLING + 'defaults: {"<<": {}}')[0].startswith("voices.yaml:2:12: defaults.<<: unknown key")


EMPTY_DOCUMENTS = [
    "{}---\n",
    "{}---\n---\n# nothing\n...\n",
    "---\n{}...\n---\n",
    "# ours\n---\n# none\n---\n{}",
    "--- ~\n---\n{}",
]


@pytest.mark.parametrize("around", EMPTY_DOCUMENTS)
def test_empty_documents_around_a_manifest_are_nothing(loaded: Load, problems: Problems, around: str) -> None:
    good, bad = "providers: {kling: {type: kling}}\n", "provider: {}\n"
    assert list(loaded(around.format(good)).providers) == ["kling"]
    line = around.format(bad)[: around.format(bad).index("provider")].count("\n") + 1
    assert problems(around.format(bad))[0].startswith(f"voices.yaml:{line}:1: provider: unknown key")


def test_two_documents_with_something_in_them_are_refused(problems: Problems) -> None:
    reported = problems("---\n---\nproviders: {}\n---\n---\nvoices: {}\n")
    assert reported == ["voices.yaml:5:1: a second YAML document: a manifest's file is one document"]


def test_problems_are_in_the_order_of_the_lines(problems: Problems) -> None:
    reported = problems("voices: {1: {}}\nsounds: {}\nproviders: {a: {}}\nsafety: {x: 1}\n")
    lines = [int(line.split(":")[1]) for line in reported]
    assert lines == sorted(lines)


def test_a_problem_merged_in_from_an_anchor_is_reported_where_it_is_written(problems: Problems) -> None:
    reported = problems(
        KLING
        + """
voices:
  a: &a
    provider: kling
    preset: {voice_id: "1"}
  b:
    <<: *a
    preset: {<<: {voice_id: x}}
"""
    )
    assert reported == ["voices.yaml:9:29: voices.b.preset.voice_id: should be 1 to 64 decimal digits"]


class TestWithoutLibyaml:
    """PyYAML's own parser, which is used without libyaml."""

    @pytest.fixture(autouse=True)
    def _pure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(yaml, "__with_libyaml__", False)

    def test_a_manifest_is_read(self, loaded: Load) -> None:
        text = KLING + "voices:\n  a: {provider: kling, preset: {voice_id: 0829}, labels: {n: ~}}\n".replace("~", "no")
        assert loaded(text).voices["a"].inputs == {"voice_id": "0829"}

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("voices:\n\ta: 1", "voices.yaml:2:1: a tab, where YAML allows only spaces: indent with spaces"),
            ("\t[", "voices.yaml:1:1: a tab, where YAML allows only spaces: indent with spaces"),
            (
                "a: b: c",
                "voices.yaml:1:5: a colon is not allowed here: check the indentation, or quote text that has one",
            ),
            ("a: [b", "voices.yaml:1:6: the list that is opened at 1:4 is not closed: , or ] is missing"),
            ("a: @b", "voices.yaml:1:4: text can't begin with @: quote it"),
            ("a: \x1b", "voices.yaml:1:4: a YAML file can't hold the control character U+001B"),
            ('a: "\\UFFFFFFFF"', "voices.yaml: not valid YAML"),
        ],
    )
    def test_broken_yaml_is_reported_in_the_same_words(self, problems: Problems, text: str, message: str) -> None:
        assert problems(text) == [message]


YAML_SIGNS = st.text(alphabet="ab1:-,?[]{}&*!|>'\"%@`#~<=\\ \t\n\r\x00\x1b\u0085\u2028\ufeffé$(env:NAME)", max_size=80)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.just("${env:NAME}"))
WORDS = tuple(
    re.findall(
        r"\w+",
        """version providers voices defaults safety kling type provider create clone preset existing labels lifecycle
        voice_name voice_url video_id voice_id ignore_changes keep_old prevent_destroy rate_limit timeouts endpoint
        credentials api_key_env max_in_flight narrator""",
    )
)
KEYS = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=5),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
MANIFESTS = st.fixed_dictionaries(
    {},
    optional={
        "version": SCALARS,
        "providers": st.dictionaries(st.just("kling"), st.just({"type": "kling"}) | TREES),
        "voices": st.dictionaries(KEYS, st.dictionaries(KEYS, TREES, max_size=5) | TREES, max_size=4) | TREES,
        "defaults": st.dictionaries(KEYS, TREES, max_size=4) | TREES,
        "safety": TREES,
    },
)
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def only_refused(write: Write, content: bytes) -> None:
    """Loads or is refused with problems that can be printed; anything else is let through to fail the test."""
    path = write(content)
    try:
        load(path, environ={"NAME": "hunter2"})
    except ManifestError as refused:
        for problem in refused.problems:
            assert str(problem).isprintable()
            assert "hunter2" not in str(problem)


@FEW
@given(content=st.binary(max_size=60) | YAML_SIGNS.map(str.encode) | st.text(max_size=60).map(str.encode))
def test_arbitrary_bytes_never_raise_anything_else(write: Write, content: bytes) -> None:
    only_refused(write, content)


@FEW
@given(tree=MANIFESTS | TREES)
def test_arbitrary_trees_never_raise_anything_else(write: Write, tree: object) -> None:
    only_refused(write, yaml.safe_dump(tree, allow_unicode=True).encode())


def test_every_place_is_found_in_a_large_file() -> None:
    voices = "".join(f"  v{n}:\n    provider: kling\n    preset: {{voice_id: x}}\n" for n in range(50))
    source = Source("voices.yaml", f"{KLING}voices:\n{voices}".encode())
    findings: list[RawProblem] = []
    raw = yaml_values.read(source, {}, findings)
    assert raw is not None
    declared = sections([Section("voices.yaml", raw)], findings)
    assert accounts(declared.providers, findings).types == {"kling": "kling"}
    missing = [RawProblem("voices.yaml", ("voices", f"v{n}", "preset", "voice_id"), "x") for n in range(50)]
    assert [problem.line for problem in told_of(missing, [source])] == [5 + 3 * n for n in range(50)]

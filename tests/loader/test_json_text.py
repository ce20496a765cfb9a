"""A manifest in JSON, as programs write it."""

from __future__ import annotations

import json

import pytest

from tests.loader.conftest import Load, Problems

FACE = "\U0001f600"


def document(name: str) -> dict[str, object]:
    body = {"video_id": "1", "voice_name": name}
    return {"providers": {"kling": {"type": "kling"}}, "voices": {"a": {"provider": "kling", "create": body}}}


@pytest.mark.parametrize("name", [FACE, "a", f"{FACE}{FACE}\u00e9 \\ud83d\\ude00"])
@pytest.mark.parametrize("layout", [{}, {"indent": "\t"}, {"indent": 2}, {"separators": (",", ":")}])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_what_json_dumps_writes_is_read(loaded: Load, name: str, layout: dict[str, object], ascii_only: bool) -> None:
    text = json.dumps(document(name), ensure_ascii=ascii_only, **layout)  # type: ignore[arg-type]  # any layout
    assert loaded(text).voices["a"].inputs["voice_name"] == name
    assert loaded("\t" + text + "\n\t\n").voices["a"].inputs["voice_name"] == name


def test_twenty_emojis_are_twenty_characters(loaded: Load, problems: Problems) -> None:
    assert len(loaded(json.dumps(document(FACE * 20))).voices["a"].inputs["voice_name"]) == 20
    assert problems(json.dumps(document(FACE * 21)))[0].endswith("voice_name: 21 characters, at most 20")


def test_pairs_are_one_character_in_yaml_s_double_quotes_only(loaded: Load) -> None:
    pair = r"\ud83d\ude00"
    labels = f"""
      double: "{pair}"
      single: '{pair}'
      plain: {pair}
      escaped: "\\\\ud83d\\\\ude00"
      upper: "\\uD83D\\uDE00"
      block: |-
        "{pair}"
"""
    start = (
        "providers: {kling: {type: kling}}\nvoices:\n  a:\n    provider: kling\n    preset: {voice_id: 1}\n    labels:"
    )
    read = loaded(start + labels).voices["a"].labels
    assert read == {
        "double": FACE,
        "single": pair,
        "plain": pair,
        "escaped": "\\ud83d\\ude00",
        "upper": FACE,
        "block": f'"{pair}"',
    }


def test_columns_behind_an_emoji_are_right(problems: Problems) -> None:
    text = json.dumps(document(FACE) | {"colour": 1})
    assert problems(text)[0].startswith(f"voices.yaml:1:{text.index('colour')}: colour: unknown key")


@pytest.mark.parametrize("half", [r"\ud83d", r"\ude00", r"\ude00\ud83d", r"x\uD83D x"])
def test_half_of_a_pair_is_refused_where_it_is_written(problems: Problems, half: str) -> None:
    text = json.dumps(document("NAME"), indent=1)
    line = text[: text.index('"NAME"')].count("\n") + 1
    [problem] = problems(text.replace("NAME", half))
    assert problem.startswith(f"voices.yaml:{line}:19: voices.a.create.voice_name: \\u")
    assert "is half of a character" in problem


def test_half_of_a_pair_as_a_key_is_refused(problems: Problems) -> None:
    assert "is half of a character" in problems('{"providers": {}, "\\ud83d": 1}')[0]


def test_a_mistake_in_json_is_not_blamed_on_its_tabs(problems: Problems) -> None:
    text = json.dumps(document("a"), indent="\t").replace('"kling"\n', '"kling",\n', 1).replace('": "1",', '": "1"')
    message = " ".join(problems(text))
    assert "tab" not in message
    assert ", or } is missing" in message

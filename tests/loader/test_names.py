"""Names and ids that were surely not intended are refused by the loader, before a voice is paid for."""

from __future__ import annotations

import pytest

from tests.loader.conftest import Load, Problems

ACCOUNTS = """providers:
  kling: {type: kling}
  vod: {type: tencent-vod, sub_app_id: 1}
"""
END = "a line break at its end or beginning"

# Every field that is a name in a cloud: YAML before the name, and the path in which it is reported.
FIELDS = {
    "kling": (
        "voices: {a: {provider: kling, create: {video_id: '1', voice_name: NAME}}}",
        "voices.a.create.voice_name",
    ),
    "vod": ("voices: {a: {provider: vod, create: {video_id: '1', voice_name: NAME}}}", "voices.a.create.voice_name"),
    "minimax": (
        "voices: {a: {provider: vod, clone: {model: minimax, audio: {file_id: '1'}, name: NAME}}}",
        "voices.a.clone.name",
    ),
    "media": (
        "audio: {a: {provider: vod, task: {prompt: Bell, output: {media_name: NAME}}}}",
        "audio.a.task.output.media_name",
    ),
    "chosen": (
        "voices: {a: {provider: vod, clone: {voice_id: NAME, audio: {file_id: '1'}, text: Hi.}}}",
        "voices.a.clone.voice_id",
    ),
    "video": ("voices: {a: {provider: kling, create: {voice_name: A, video_id: NAME}}}", "voices.a.create.video_id"),
    "preset": ("voices: {a: {provider: kling, preset: {voice_id: NAME}}}", "voices.a.preset.voice_id"),
    "word": (
        "voices: {a: {provider: vod, clone: {model: minimax, audio: {file_id: '1'}, labels: [NAME]}}}",
        "voices.a.clone.labels[0]",
    ),
}
REFUSED = {
    r'"narrator_1\n"': END,
    r'"\r\nnarrator_1"': END,
    r'"narrator\u2028one"': "a line break in it",
    '"   "': "nothing but blanks",
    r'"\u00a0\u3000"': "nothing but blanks",
    r'"\n"': "nothing but blanks and line breaks",
    '" narrator_1"': "a space at its beginning: remove it",
    r'"narrator_1\t"': "a tab at its end: remove it",
    r'"narrator_1\u00a0"': "a no-break space (U+00A0) at its end: remove it",
    r'"\ufeffnarrator_1"': "a byte order mark (U+FEFF) at its beginning",
    r'"narrator_1\u200b"': "a zero-width space (U+200B) at its end",
    r'"narrator\t1"': "the control character U+0009 in it",
    "\u201cnarrator_1\u201d": "curly quotes around it",
    "\u2018narrator_1\u2019": "curly quotes around it",
    "\u201enarrator_1\u201c": "curly quotes around it",
    "\uff02narrator_1\uff02": "curly quotes around it",
    r'"narrator_1\u200e"': "the invisible character U+200E at its end",
    r'"\u200dnarrator_1"': "the invisible character U+200D at its beginning",
}


@pytest.mark.parametrize("field", FIELDS)
def test_an_unlikely_name_is_refused_in_every_field(problems: Problems, field: str) -> None:
    entry, path = FIELDS[field]
    for written, said in REFUSED.items():
        [problem] = problems(ACCOUNTS + entry.replace("NAME", written))
        assert problem.startswith("voices.yaml:4:"), written
        assert f": {path}: {said}" in problem, written


@pytest.mark.parametrize("style", [">", "|", ">+", "|+"])
def test_a_block_scalar_s_line_break_is_reported_with_the_way_out(problems: Problems, style: str) -> None:
    entry = "voices:\n  a:\n    provider: kling\n    create:\n      video_id: '1'\n"
    [problem] = problems(ACCOUNTS + entry + f"      voice_name: {style}\n        Narrator of 20 chars\n")
    assert problem == (
        f"voices.yaml:9:19: voices.a.create.voice_name: {END}, which would be a part of it: remove it; in place of > "
        "and |, write >- and |-"
    )


@pytest.mark.parametrize("style", [">-", "|-"])
def test_a_block_scalar_without_it_is_a_name(loaded: Load, style: str) -> None:
    entry = "voices:\n  a:\n    provider: kling\n    create:\n      video_id: '1'\n"
    assert (
        loaded(ACCOUNTS + entry + f"      voice_name: {style}\n        Hero\n").voices["a"].inputs["voice_name"]
        == "Hero"
    )


@pytest.mark.parametrize(
    "more",
    [
        "voices: {a: {provider: kling, create: {video_id: '1', voice_name: '${env:NAME}'}}}",
        "defaults: {create: {voice_name: '${env:NAME}'}}\nvoices: {a: {provider: kling, create: {video_id: '1'}}}",
        "x-name: &name '${env:NAME}'\nvoices: {a: {provider: kling, create: {video_id: '1', voice_name: *name}}}",
    ],
)
def test_a_name_from_elsewhere_is_refused_too_and_not_shown(problems: Problems, more: str) -> None:
    [problem] = problems(ACCOUNTS + more, environ={"NAME": "Narrator\n"})
    assert f"create.voice_name: {END}" in problem
    assert "Narrator" not in problem


@pytest.mark.parametrize(
    "name",
    [
        "Narrator EN",
        "O\u2019Neil \u201cthe voice\u201d A",
        "Voix\u00a0: off",
        "\U0001f469\u200d\U0001f3a4",
        "\U0001f3f4\U000e0067\U000e0062\U000e007f",
        "\u65c1\u767d",
        "\u00ab Narrateur \u00bb",
    ],
)
def test_unusual_but_possible_names_are_accepted(loaded: Load, name: str) -> None:
    entry = f"voices: {{a: {{provider: kling, create: {{video_id: '1', voice_name: '{name}'}}}}}}"
    assert loaded(ACCOUNTS + entry).voices["a"].inputs["voice_name"] == name

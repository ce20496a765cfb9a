"""`signing_parameters`: which parameters of a link only sign it, named at a provider, an entry or in the defaults."""

from __future__ import annotations

import pytest

from tests.loader.conftest import Load, Problems

VOICE = "create: {voice_name: A, voice_url: https://h.example.com/a.mp3}"


def test_the_provider_and_the_entry_name_them_together(loaded: Load) -> None:
    manifest = loaded(f"""
        providers: {{kling: {{type: kling, signing_parameters: [V, ticket]}}, other: {{type: kling, region: beijing}}}}
        defaults: {{signing_parameters: [Pass]}}
        voices:
          a: {{provider: kling, {VOICE}}}
          b: {{provider: kling, signing_parameters: [v, key], {VOICE}}}
          c: {{provider: other, {VOICE}}}
          d: {{provider: other, signing_parameters: [], {VOICE}}}
    """)
    named = {address: voice.signing_parameters for address, voice in manifest.voices.items()}
    assert named == {"a": ("pass", "ticket", "v"), "b": ("key", "ticket", "v"), "c": ("pass",), "d": ()}


def test_a_sound_has_signing_parameters_too(loaded: Load) -> None:
    manifest = loaded("""
        providers: {vod: {type: tencent-vod, sub_app_id: 1, signing_parameters: [k]}}
        audio: {rain: {provider: vod, signing_parameters: [x-y], task: {prompt: rain}}}
    """)
    assert manifest.voices["audio.rain"].signing_parameters == ("k", "x-y")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("v", "text, should be a list"),
        ("", "empty, should be a list"),
        ("{v: 1}", "a mapping, should be a list"),
        ("[v, V]", "V and v are the same name"),
        ("[v, v]", "v is named twice"),
        ('[""]', "should be the name of a query parameter alone, such as v, without ?, & and ="),
        ('["?v="]', "should be the name of a query parameter alone, such as v, without ?, & and ="),
        ("[a&b]", "should be the name of a query parameter alone, such as v, without ?, & and ="),
        ("[{v: 1}]", "a mapping, should be text"),
    ],
)
@pytest.mark.parametrize("where", ["provider", "entry"])
def test_what_is_not_a_list_of_names_is_refused(problems: Problems, written: str, said: str, where: str) -> None:
    line = f"signing_parameters: {written}"
    provider = f"  kling:\n    type: kling\n{f'    {line}' if where == 'provider' else ''}\n"
    entry = f"  a:\n    provider: kling\n{f'    {line}' if where == 'entry' else ''}\n    {VOICE}\n"
    (problem,) = problems(f"providers:\n{provider}voices:\n{entry}")
    assert problem.endswith(said)
    assert "signing_parameters" in problem


def test_signing_parameters_in_the_wrong_place_name_the_right_one(problems: Problems) -> None:
    (problem,) = problems(
        "providers: {kling: {type: kling}}\n"
        "voices: {a: {provider: kling, create: {voice_name: A, video_id: x, signing_parameters: [v]}}}"
    )
    assert problem.endswith("belongs to an entry, beside its method, or to a provider")

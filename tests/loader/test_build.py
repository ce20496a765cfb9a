"""Valid manifests are loaded completely."""

from __future__ import annotations

import pytest

from reconciler.model.manifest import Safety
from reconciler.providers.kling.account import KlingAccount
from tests.loader.conftest import Load, Problems

KLING = "providers: {kling: {type: kling}}\n"


def test_a_voice_is_read_with_everything_it_declares(loaded: Load) -> None:
    manifest = loaded("""
        version: 1
        providers:
          kling: {type: kling, region: beijing, max_in_flight: 5, rate_limit: {create: 2.5}, timeouts: {operation: 15m}}
        safety: {max_delete_percent: 10}
        voices:
          narrator:
            provider: kling
            create: {voice_name: Narrator EN, voice_url: https://cdn.example.com/narrator.mp3}
            labels: {tier: gold}
            lifecycle: {prevent_destroy: true, ignore_changes: [voice_url], keep_old: 24h}
    """)
    voice = manifest.voices["narrator"]
    assert (voice.address, voice.provider, voice.type, voice.method) == ("narrator", "kling", "kling", "create")
    assert voice.inputs == {"voice_name": "Narrator EN", "voice_url": "https://cdn.example.com/narrator.mp3"}
    assert voice.labels == {"tier": "gold"}
    assert voice.lifecycle.prevent_destroy
    assert voice.lifecycle.ignore_changes == ("voice_url",)
    assert voice.lifecycle.keep_old == 86400
    account = manifest.providers["kling"]
    assert isinstance(account, KlingAccount)
    assert (account.region, account.max_in_flight, account.rate_limit) == ("beijing", 5, {"create": 2.5})
    assert account.timeouts.operation == 900
    assert manifest.safety == Safety(max_delete_percent=10)
    assert manifest.name == "voices.yaml"


def test_a_manifest_with_providers_and_no_voices_is_valid(loaded: Load) -> None:
    assert loaded(KLING).voices == {}
    assert loaded(KLING + "voices: {}\n").voices == {}


def test_voices_keep_the_order_of_the_file(loaded: Load) -> None:
    voices = "voices:\n" + "".join(
        f"  {name}: {{provider: kling, preset: {{voice_id: {n}}}}}\n"
        for n, name in enumerate(["zebra", "apple", "mango"])
    )
    assert list(loaded(KLING + voices).voices) == ["zebra", "apple", "mango"]


def test_an_unquoted_voice_id_is_kept_as_it_is_written(loaded: Load) -> None:
    voices = loaded(KLING + "voices: {owen: {provider: kling, preset: {voice_id: 00829987654321098765432}}}").voices
    assert voices["owen"].inputs == {"voice_id": "00829987654321098765432"}


def test_words_that_yaml_1_1_takes_for_yes_and_no_stay_text(loaded: Load) -> None:
    manifest = loaded(
        KLING + 'voices: {no: {provider: kling, preset: {voice_id: "1"}, labels: {on: yes, day: 2024-01-01}}}'
    )
    assert manifest.voices["no"].labels == {"on": "yes", "day": "2024-01-01"}


def test_a_key_that_is_null_counts_as_not_given(loaded: Load) -> None:
    manifest = loaded(KLING + "voices: {a: {provider: kling, create: {voice_name: A, video_id: '1', voice_url: ~}}}")
    assert manifest.voices["a"].inputs == {"voice_name": "A", "video_id": "1"}


def test_a_name_of_20_characters_in_80_bytes_is_taken(loaded: Load) -> None:
    name = "🎙" * 20
    manifest = loaded(KLING + f"voices: {{a: {{provider: kling, create: {{voice_name: {name}, video_id: '1'}}}}}}")
    assert manifest.voices["a"].inputs["voice_name"] == name


def test_windows_line_ends_and_a_byte_order_mark_are_taken(loaded: Load) -> None:
    text = KLING + 'voices:\n  a:\n    provider: kling\n    preset: {voice_id: "1"}\n'
    assert list(loaded(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()).voices) == ["a"]


def test_a_byte_order_mark_does_not_move_columns(problems: Problems) -> None:
    assert problems(b"\xef\xbb\xbfsounds: {}\n")[0].startswith("voices.yaml:1:1: sounds: unknown key")


def test_aliases_and_merge_keys_are_followed(loaded: Load) -> None:
    manifest = loaded(
        KLING
        + """
voices:
  narrator: &base
    provider: kling
    create: &body {voice_name: Narrator, video_id: "1"}
    labels: {tier: gold}
  hero:
    <<: *base
    create: {<<: *body, voice_name: Hero}
  villain:
    <<: [{labels: {tier: tin}}, *base]
"""
    )
    assert manifest.voices["hero"].inputs == {"voice_name": "Hero", "video_id": "1"}
    assert manifest.voices["hero"].labels == {"tier": "gold"}
    assert manifest.voices["villain"].labels == {"tier": "tin"}


def test_aliases_may_repeat_a_body_a_thousand_times(loaded: Load) -> None:
    voices = "".join(f"  v{n}: {{<<: *base, labels: {{n: {n}}}}}\n" for n in range(1000))
    first = '  base: &base {provider: kling, create: {voice_name: A, video_id: "1"}}\n'
    assert len(loaded(KLING + "voices:\n" + first + voices).voices) == 1001


class TestDefaults:
    def test_they_are_merged_deeply_under_each_voice(self, loaded: Load) -> None:
        manifest = loaded(
            KLING
            + """
defaults:
  provider: kling
  labels: {tier: gold, team: audio}
  lifecycle: {prevent_destroy: true}
voices:
  narrator: {preset: {voice_id: "1"}, labels: {tier: tin}, lifecycle: {keep_old: 60}}
"""
        )
        voice = manifest.voices["narrator"]
        assert voice.provider == "kling"
        assert voice.labels == {"tier": "tin", "team": "audio"}
        assert (voice.lifecycle.prevent_destroy, voice.lifecycle.keep_old) == (True, 60)

    def test_a_method_s_defaults_are_for_voices_made_by_it(self, loaded: Load) -> None:
        manifest = loaded(
            KLING
            + """
defaults: {provider: kling, create: {callback_url: "https://hooks.example.com/kling"}}
voices:
  narrator: {create: {voice_name: Narrator, video_id: "1"}}
  owen: {preset: {voice_id: "1"}}
"""
        )
        assert manifest.voices["narrator"].inputs["callback_url"] == "https://hooks.example.com/kling"
        assert manifest.voices["owen"].inputs == {"voice_id": "1"}

    def test_a_voice_unsets_one_with_null(self, loaded: Load) -> None:
        manifest = loaded(
            KLING
            + """
defaults: {provider: kling, create: {callback_url: "https://hooks.example.com/kling"}}
voices:
  narrator: {create: {voice_name: Narrator, video_id: "1", callback_url: ~}}
"""
        )
        assert "callback_url" not in manifest.voices["narrator"].inputs

    def test_ignored_keys_may_belong_to_some_of_the_voices_only(self, loaded: Load) -> None:
        manifest = loaded(
            KLING
            + """
defaults: {provider: kling, lifecycle: {ignore_changes: [callback_url]}}
voices:
  owen: {preset: {voice_id: "1"}}
"""
        )
        assert manifest.voices["owen"].lifecycle.ignore_changes == ("callback_url",)

    def test_they_are_reported_at_their_own_position(self, problems: Problems) -> None:
        reported = problems(
            KLING + 'defaults: {labels: {tier: []}}\nvoices: {a: {provider: kling, preset: {voice_id: "1"}}}\n'
        )
        assert reported == ["voices.yaml:2:27: defaults.labels.tier: a list, should be text"]


def test_keys_that_begin_with_x_are_free_for_anchors(loaded: Load) -> None:
    manifest = loaded("""
x-studio: &studio {provider: kling, labels: {team: film}}
x-any: [1, {create: {}}]
x-nothing:
providers: {kling: {type: kling}}
voices:
  a:
    <<: *studio
    preset: {voice_id: "1"}
""")
    assert manifest.voices["a"].labels == {"team": "film"}


def test_only_keys_at_the_top_are_free(problems: Problems) -> None:
    reported = problems(KLING + "voices: {a: {x-note: 1, provider: kling, preset: {voice_id: 1}}}\nx_note: 1\n")
    assert [line.split(": ")[1] for line in reported] == ["voices.a.x-note", "x_note"]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1h30m", 5400),
        ("1d12h", 129_600),
        ("90m", 5400),
        ("1h 30m", 5400),
        ("2d3h4m5s", 183_845),
        ("1.5h", 5400),
        ("0s", 0),
        ("45", 45),
        ("7 d", 604_800),
    ],
)
def test_durations_are_sums_of_their_units(loaded: Load, written: str, seconds: float) -> None:
    entry = f"voices: {{a: {{provider: kling, preset: {{voice_id: 1}}, lifecycle: {{keep_old: {written}}}}}}}"
    assert loaded(KLING + entry).voices["a"].lifecycle.keep_old == seconds


def test_a_kling_endpoint_that_ends_in_v1_is_worth_a_note(loaded: Load) -> None:
    assert loaded("providers: {kling: {type: kling, endpoint: https://gateway.example.com/kling}}").notes == ()
    [note] = loaded("providers: {kling: {type: kling, endpoint: https://gateway.example.com/v1/}}").notes
    assert note.startswith("kling: its endpoint ends in /v1, and voicectl adds /v1/general/custom-voices")


def test_a_label_of_1025_characters_is_refused(problems: Problems) -> None:
    reported = problems(
        KLING + f"voices: {{a: {{provider: kling, preset: {{voice_id: '1'}}, labels: {{k: {'x' * 1025}}}}}}}"
    )
    assert reported == ["voices.yaml:2:68: voices.a.labels.k: 1025 characters, at most 1024"]


def test_65_labels_are_refused(problems: Problems) -> None:
    labels = ", ".join(f"k{n}: v" for n in range(65))
    reported = problems(KLING + f"voices: {{a: {{provider: kling, preset: {{voice_id: '1'}}, labels: {{{labels}}}}}}}")
    assert reported == ["voices.yaml:2:64: voices.a.labels: 65 entries, at most 64"]


def test_a_link_among_the_labels_leaves_its_secrets(loaded: Load) -> None:
    label = "labels: {source: https://u:p@h.example/?sig=feed, team: film}"
    manifest = loaded(KLING + f'voices: {{owen: {{provider: kling, preset: {{voice_id: "1"}}, {label}}}}}')
    assert manifest.voices["owen"].labels["team"] == "film"
    assert manifest.voices["owen"].labels["source"].startswith("https://***@h.example/?#sha256:")


def test_a_model_s_own_parameters_are_json_in_which_quotes_make_text(loaded: Load) -> None:
    manifest = loaded("""
        providers: {vod: {type: tencent-vod, sub_app_id: 221073}}
        audio:
          bell:
            provider: vod
            task:
              prompt: "12"
              additional_parameters: {tempo: 120, take: "120", loop: true, mood: "true", gain: -1.50, keys: [1, '1']}
    """)
    inputs = manifest.voices["audio.bell"].inputs
    expected = {"tempo": 120, "take": "120", "loop": True, "mood": "true", "gain": -1.5, "keys": [1, "1"]}
    assert inputs["additional_parameters"] == expected
    assert type(inputs["additional_parameters"]["take"]) is type(inputs["prompt"]) is str

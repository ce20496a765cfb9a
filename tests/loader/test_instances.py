"""`for_each:`: one entry, an instance for each key."""

from __future__ import annotations

import time

import pytest

from tests.loader.conftest import Load, Problems

KLING = "providers: {kling: {type: kling}}\n"
KEY = "a letter or digit, then at most 62 letters, digits, ., - or _"


def npc(for_each: str, name: str = "${each:key}", rest: str = "") -> str:
    return f"""{KLING}voices:
  npc:
    provider: kling
    for_each: {for_each}
    create: {{voice_name: "{name}", video_id: "1"}}
{rest}"""


def test_a_list_makes_an_instance_for_each_item(loaded: Load) -> None:
    voices = loaded(npc("[en, pt-BR, 7]", "${each:key} is ${each:value}")).voices
    assert list(voices) == ['npc["en"]', 'npc["pt-BR"]', 'npc["7"]']
    assert [voice.address for voice in voices.values()] == list(voices)
    assert [v.inputs["voice_name"] for v in voices.values()] == ["en is en", "pt-BR is pt-BR", "7 is 7"]


def test_a_mapping_gives_each_instance_its_values(loaded: Load) -> None:
    text = npc("{en: {name: Emma, tags: {tier: gold}}, de: {name: Emil, tags: {tier: '1'}}}", "${each:value.name}")
    voices = loaded(text + "    labels: {tier: '${each:value.tags.tier}', all: '${each:key}$${each:key}'}").voices
    assert [(v.inputs["voice_name"], v.labels) for v in voices.values()] == [
        ("Emma", {"tier": "gold", "all": "en${each:key}"}),
        ("Emil", {"tier": "1", "all": "de${each:key}"}),
    ]


def test_a_value_may_hold_variables_and_the_environment(loaded: Load) -> None:
    text = npc("{en: '${var:take}-${env:N}', de: x}", "${each:value} ${var:take}", "variables: {take: {default: '1'}}")
    voices = loaded(text, environ={"N": "7"}).voices
    assert [voice.inputs["voice_name"] for voice in voices.values()] == ["1-7 1", "x 1"]


def test_an_empty_list_makes_no_instance(loaded: Load) -> None:
    assert loaded(npc("[]")).voices == {}
    assert loaded(npc("{}")).voices == {}


def test_sounds_have_instances_too(loaded: Load) -> None:
    voices = loaded("""
providers: {vod: {type: tencent-vod, sub_app_id: 1}}
audio:
  rain:
    provider: vod
    for_each: {light: 5, heavy: 10}
    task: {prompt: "${each:key} rain", output: {duration: "${each:value}"}}
""").voices
    assert list(voices) == ['audio.rain["light"]', 'audio.rain["heavy"]']
    assert [voice.inputs["output"]["duration"] for voice in voices.values()] == [5, 10]


def test_defaults_and_merge_keys_apply_to_instances(loaded: Load) -> None:
    voices = loaded(f"""{KLING}
x-cast: &cast {{for_each: [en, de], create: {{voice_name: "${{each:key}}", video_id: "1"}}}}
defaults: {{provider: kling, labels: {{tier: gold}}}}
voices:
  npc: {{<<: *cast}}
  guard: {{<<: *cast, for_each: [fr]}}
""").voices
    assert {address: voice.inputs["voice_name"] for address, voice in voices.items()} == {
        'npc["en"]': "en",
        'npc["de"]': "de",
        'guard["fr"]': "fr",
    }
    assert {voice.labels["tier"] for voice in voices.values()} == {"gold"}


@pytest.mark.parametrize(
    ("for_each", "problem"),
    [
        ("", "5:5: voices.npc.for_each: empty, should be a list or a mapping, such as [en, de] ([] for none)"),
        ("en", "5:15: voices.npc.for_each: text, should be a list or a mapping, such as [en, de]"),
        ("['_a']", f'5:16: voices.npc.for_each[0]: "_a" can\'t be a key, which is {KEY}'),
        ("{a b: 1}", f'5:16: voices.npc.for_each.a b: "a b" can\'t be a key, which is {KEY}'),
        ("[en, [de]]", "5:20: voices.npc.for_each[1]: a list, should be text"),
        (
            "[{en: 1}]",
            "5:16: voices.npc.for_each[0]: a mapping, should be text; with more than a key, write a mapping: "
            "{en: {...}}",
        ),
        ("[en, ~]", "5:20: voices.npc.for_each[1]: empty, should be text"),
        ("[en, en]", "5:20: voices.npc.for_each[1]: en is there twice"),
        ("{en: 1, EN: 2}", "5:23: voices.npc.for_each.EN: a key is unique in any case, and en is there too"),
        (
            "['${env:N}']",
            "5:16: voices.npc.for_each[0]: a key can't come from the environment, because addresses are shown",
        ),
        ("['${each:key}']", "5:16: voices.npc.for_each[0]: ${each:...} can't be used in for_each itself"),
    ],
)
def test_a_wrong_key_is_an_error_where_it_is(problems: Problems, for_each: str, problem: str) -> None:
    assert problems(npc(for_each), environ={"N": "en"}) == [f"voices.yaml:{problem}"]


@pytest.mark.parametrize(
    ("for_each", "reference", "problem"),
    [
        (
            "{en: {name: A}}",
            "${each:value.nmae}",
            'npc["en"].create.voice_name: ${each:value} has no nmae, did you mean name?',
        ),
        ("{en: {}}", "${each:value.name}", 'npc["en"].create.voice_name: ${each:value} has no name'),
        (
            "{en: A}",
            "${each:value.name}",
            'npc["en"].create.voice_name: ${each:value} is text, so it has no name',
        ),
        ("[en]", "${each:value.name}", 'npc["en"].create.voice_name: ${each:value} is text, so it has no name'),
        (
            "{en: }",
            "${each:value}",
            'npc["en"].create.voice_name: ${each:value} is empty, and text is needed here',
        ),
        (
            "{en: {name: A}}",
            "${each:value}",
            'npc["en"].create.voice_name: ${each:value} is a mapping, and text is needed here; '
            "name a key of it: ${each:value.KEY}",
        ),
        (
            "{en: {name: [A]}}",
            "${each:value.name}",
            'npc["en"].create.voice_name: ${each:value.name} is a list, and text is needed here',
        ),
        (
            "[en]",
            "${each:kye}",
            "npc.create.voice_name: ${each:...} has only key, value, and value.NAME for a key of the value",
        ),
        (
            "[en]",
            "${each.key}",
            "npc.create.voice_name: ${each.key} is not a reference: write ${each:key}, or $${each.key} for the text "
            "itself",
        ),
        (
            "[en]",
            "${each:}",
            "npc.create.voice_name: ${each:key} or ${each:value} is not complete: a name and } are needed",
        ),
    ],
)
def test_a_reference_without_a_value_is_an_error(
    problems: Problems, for_each: str, reference: str, problem: str
) -> None:
    assert problems(npc(for_each, reference)) == [f"voices.yaml:6:26: voices.{problem}"]


def test_a_reference_outside_of_an_entry_with_for_each_is_an_error(problems: Problems) -> None:
    text = """
providers: {kling: {type: kling, region: "${each:key}"}}
defaults: {labels: {a: "${each:key}"}, for_each: [a]}
voices: {a: {provider: kling, preset: {voice_id: "${each:key}"}}}
"""
    assert problems(text) == [
        "voices.yaml:2:42: providers.kling.region: ${each:...} can't be used outside of an entry",
        "voices.yaml:3:24: defaults.labels.a: ${each:...} can't be used outside of an entry",
        "voices.yaml:3:40: defaults.for_each: belongs to an entry, since each entry has instances of its own",
        "voices.yaml:4:50: voices.a.preset.voice_id: ${each:...} can't be used in an entry without for_each",
    ]


def test_a_problem_of_all_instances_is_reported_once(problems: Problems) -> None:
    assert problems(npc("[en, de]", rest="    colour: red")) == [
        "voices.yaml:7:5: voices.npc.colour: unknown key, known are provider, create, clone, preset, existing, "
        "for_each, labels, signing_parameters, consent and lifecycle"
    ]


def test_a_problem_of_some_instances_names_them(problems: Problems) -> None:
    assert problems(npc("{en: Short, de: A name that is much too long, fr: Short}", "${each:value}")) == [
        'voices.yaml:6:26: voices.npc["de"].create.voice_name: 28 characters, at most 20'
    ]


def test_a_problem_of_the_defaults_is_reported_there(problems: Problems) -> None:
    text = npc("[en, de]", rest="defaults: {lifecycle: {ignore_changes: [colour]}}")
    [problem] = problems(text)
    assert problem.startswith('voices.yaml:7:41: defaults.lifecycle.ignore_changes[0]: "colour" is not a key')


def test_instances_that_choose_one_id_are_an_error(problems: Problems) -> None:
    text = """
providers: {vod: {type: tencent-vod, sub_app_id: 1}}
voices:
  npc: {provider: vod, for_each: [en, de], clone: {voice_id: npc_voice_01, audio: {file_id: "1"}, text: Hi.}}
"""
    assert problems(text) == [
        'voices.yaml:4:62: voices.npc["de"].clone.voice_id: the voice is chosen twice, voices.npc["en"] has the same '
        "voice_id at voices.yaml:4:52"
    ]


def test_an_entry_and_its_instances_share_one_name(problems: Problems) -> None:
    text = npc("[en]", rest="  NPC: {provider: kling, preset: {voice_id: '1'}}")
    [problem] = problems(text)
    assert problem == "voices.yaml:7:3: voices.NPC: an address is unique in any case, but npc is at voices.yaml:3:3"


def test_many_instances_take_linear_time(loaded: Load) -> None:
    def seconds(count: int) -> float:
        keys = ", ".join(f"k{n}: {{name: N{n}}}" for n in range(count))
        began = time.process_time()
        assert len(loaded(npc(f"{{{keys}}}", "${each:value.name}")).voices) == count
        return time.process_time() - began

    seconds(10)
    assert seconds(8_000) < 12 * max(seconds(2_000), 0.02)

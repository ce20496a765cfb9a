"""Tests the comparison of inputs, and that deepdiff is loaded only if something differs."""

from __future__ import annotations

import subprocess
import sys

from reconciler.model.plan import FieldChange
from reconciler.planning.diff import SAME, difference, fields
from tests.planning.case_accounts import Raw
from tests.planning.cases import record, voice

_COMPARES = """
import sys
from reconciler.planning.diff import fields
before = {"voice_name": "N", "audio": {"url": "https://b.example.com/n.mp3?#sha256:e3b0c442"}}
after = {"voice_name": "N", "audio": {"url": "https://b.example.com/n.mp3"}}
assert fields(before, dict(before)) == ()
assert fields(before, after) == ()
assert "deepdiff" not in sys.modules
assert fields(before, {"voice_name": "M"})
assert "deepdiff" in sys.modules
"""


def _difference(declared: Raw, recorded: Raw) -> tuple[list[str], list[str], list[str]]:
    found = difference(
        voice("narrator", declared), record({"records": {"narrator@1": {"status": "ready", **recorded}}}, "narrator@1")
    )
    return [f.name for f in found.identity], [f.name for f in found.request_only], [f.name for f in found.ours]


def test_deepdiff_is_loaded_only_when_something_differs() -> None:
    subprocess.run([sys.executable, "-c", _COMPARES], check=True)


def test_the_same_inputs_are_the_same() -> None:
    found = difference(voice("narrator", {}), record({"records": {"narrator@1": "ready"}}, "narrator@1"))
    assert found is SAME


def test_each_key_by_its_class() -> None:
    declared = {
        "create": {"voice_name": "Other", "callback_url": "https://ci.example.com/x"},
        "labels": {"tier": "gold"},
        "lifecycle": {"keep_old": "24h"},
    }
    assert _difference(declared, {}) == (["voice_name"], ["callback_url"], ["labels.tier", "lifecycle.keep_old"])


def test_an_ignored_key_is_not_a_difference() -> None:
    declared = {"create": {"voice_name": "Other"}, "lifecycle": {"ignore_changes": ["voice_name"]}}
    assert _difference(declared, {"lifecycle": {"ignore_changes": ["voice_name"]}}) == ([], [], [])


def test_another_method_is_another_voice_though_its_keys_are_ignored() -> None:
    declared = {"preset": {"voice_id": "829"}, "lifecycle": {"ignore_changes": ["voice_id", "voice_name", "voice_url"]}}
    assert _difference(declared, {})[0] == ["method"]


def test_a_secret_is_compared_and_not_shown() -> None:
    found = difference(
        voice("narrator", {"create": {"voice_url": "https://b.example.com/n.mp3?token=NEW"}}),
        record(
            {"records": {"n@1": {"status": "ready", "create": {"voice_url": "https://b.example.com/n.mp3?token=OLD"}}}},
            "n@1",
        ),
    )
    assert [f.name for f in found.identity] == ["voice_name", "voice_url"]
    assert "NEW" not in str(found)
    assert "OLD" not in str(found)


def test_nested_fields_are_named_by_their_path() -> None:
    before = {"output": {"duration": 6, "mode": "Temporary"}, "videos": [{"url": "a"}, {"url": "b"}]}
    after = {"output": {"duration": 8, "mode": "Temporary"}, "videos": [{"url": "a"}, {"url": "c"}]}
    assert fields(before, after) == (
        FieldChange(name="output.duration", before=6, after=8),
        FieldChange(name="videos[1].url", before="b", after="c"),
    )


def test_an_added_and_a_removed_key_are_differences() -> None:
    assert fields({"old": 1, "same": 0}, {"new": 2, "same": 0}) == (
        FieldChange(name="new", before=None, after=2),
        FieldChange(name="old", before=1, after=None),
    )


def test_another_type_is_a_difference() -> None:
    assert fields({"video_id": "12"}, {"video_id": 12}) == (FieldChange(name="video_id", before="12", after=12),)


def test_an_additional_list_item_is_a_difference() -> None:
    assert fields({"languages": ["en"]}, {"languages": ["en", "zh"]}) == (
        FieldChange(name="languages[1]", before=None, after="zh"),
    )


def test_a_hostile_label_keeps_its_name() -> None:
    declared = {"labels": {'a\'b["c"].d\n': "x"}}
    assert _difference(declared, {})[2] == ['labels.a\'b["c"].d\n']

"""Tests the sections `moved:` and `removed:` of valid manifests. Wrong ones: tests/golden/manifest_errors.txt."""

from __future__ import annotations

from pathlib import Path

from reconciler.loader.build import load
from tests.loader.conftest import Load, Write

HEAD = "providers: {kling: {type: kling}}\nvoices: {hero: {provider: kling, preset: {voice_id: '1'}}}\n"


def test_both_are_read(loaded: Load) -> None:
    text = HEAD + "moved:\n- {from: a, to: b}\n- {from: b, to: hero}\n- {from: npc, to: 'npc[\"en\"]'}\n"
    manifest = loaded(
        text + "removed: [{address: villain, destroy: false}, {address: gone, destroy: True}, {address: x}]"
    )
    assert manifest.moved == {"a": "b", "b": "hero", "npc": 'npc["en"]'}
    assert manifest.released == {"villain"}


def test_the_files_of_a_folder_may_each_have_some(write: Write) -> None:
    write(HEAD + "moved: [{from: a, to: hero}]", name="a.yaml")
    write("moved: [{from: b, to: hero}]", name="b.yaml")
    assert load(Path(), environ={}).moved == {"a": "hero", "b": "hero"}

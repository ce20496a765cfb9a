"""The entries of adopted voices are read back by the loader as they were meant, whatever the voices are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.loader.build import load
from reconciler.loader.files import source_of
from reconciler.model.adoption import Adoptable
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.state import State
from reconciler.planning import adoptable
from reconciler.planning.adopted_addresses import addresses
from reconciler.views.fragment import entries, fragment

CHARACTERS = st.one_of(
    st.characters(), st.sampled_from("\n\r\t\x00\x1b\x7f\x85\u2028\u202e\ufeff\ud800#:${}[]&*!|>'\"%@`-")
)
NAMES = st.dictionaries(st.from_regex(r"[0-9]{1,20}", fullmatch=True), st.text(CHARACTERS, max_size=90), max_size=8)


def adopted(names: dict[str, str]) -> list[Adoptable]:
    named = addresses(names, ())
    remotes = (RemoteVoice(TaskStatus.READY, voice_id=voice_id, voice_name=name) for voice_id, name in names.items())
    return [Adoptable(named[str(remote.voice_id)], remote) for remote in remotes]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fragment") / "voices.yaml"
    path.write_text("providers: {kling: {type: kling}}\n")
    return path


@pytest.fixture(scope="module")
def vod(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fragment") / "voices.yaml"
    path.write_text("providers: {vod: {type: tencent-vod, sub_app_id: 1}}\n")
    return path


@settings(deadline=None)
@given(NAMES)
def test_the_loader_reads_what_was_meant(manifest: Path, names: dict[str, str]) -> None:
    voices = adopted(names)
    text = fragment(voices, "kling")
    added = [source_of("adopted.yaml", text.encode())] if text else []
    read = load(manifest, environ={}, added=added).voices
    assert {address: voice.inputs for address, voice in read.items()} == {
        each.address: {"voice_id": each.voice_id} for each in voices
    }
    assert all(voice.method == "existing" and voice.provider == "kling" for voice in read.values())
    assert all(voice.lifecycle.prevent_destroy for voice in read.values())
    assert text.count("\n") == 4 * len(voices) + (3 if voices else 0)
    assert all(character.isprintable() or character == "\n" for character in text)


@settings(deadline=None)
@given(st.lists(st.text(CHARACTERS, min_size=1, max_size=30), unique=True, max_size=5))
def test_every_id_that_is_selected_can_be_read_back(vod: Path, ids: list[str]) -> None:
    """VOD's ids are any text. An id that no manifest can hold is left out, and does not spoil the others."""
    remotes = [RemoteVoice(TaskStatus.READY, voice_id=voice_id, voice_name="Hero") for voice_id in ids]
    manifest = load(vod, environ={})
    selected = adoptable.select(manifest, State(lineage="a" * 36), "vod", remotes, account="tencent-vod 1")
    text = fragment(selected.new, "vod")
    read = load(vod, environ={}, added=[source_of("adopted.yaml", text.encode())] if text else []).voices
    assert {address: voice.inputs["voice_id"] for address, voice in read.items()} == {
        each.address: each.voice_id for each in selected.new
    }
    assert len(selected.new) + sum(selected.skipped.values()) == len(ids)


def test_an_entry_shows_the_name_as_a_comment() -> None:
    assert entries(adopted({"829000000000000001": "Narrator\nEN: 旁白"}), "kling") == (
        "  narrator_en:  # Narrator\\nEN: 旁白\n"
        "    provider: kling\n"
        '    existing: {voice_id: "829000000000000001"}\n'
        "    lifecycle: {prevent_destroy: true}\n"
    )


def test_a_long_name_is_cut() -> None:
    assert f"# {'x' * 60}...\n" in fragment(adopted({"1": "x" * 90}), "kling")


@pytest.mark.parametrize("provider", ["yes", "Null", "kling-eu"])
def test_the_name_of_the_provider_stays_text(provider: str, tmp_path: Path) -> None:
    path = tmp_path / "voices.yaml"
    path.write_text(f"providers: {{'{provider}': {{type: kling}}}}\n")
    added = [source_of("adopted.yaml", fragment(adopted({"1": "Hero"}), provider).encode())]
    assert load(path, environ={}, added=added).voices["hero"].provider == provider

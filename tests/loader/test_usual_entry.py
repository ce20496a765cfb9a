"""Tests that the quick way to read an entry gives what the models give, for valid and invalid entries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.loader import usual_entry
from reconciler.loader.build import load
from reconciler.loader.sections import Raw
from reconciler.model.manifest import Manifest, Voice

PROVIDERS = {
    "kling": {"type": "kling"},
    "signed": {"type": "kling", "endpoint": "https://b.example.com", "signing_parameters": ["Ticket", "auth"]},
    "vod": {"type": "tencent-vod", "sub_app_id": 1500012345},
    "wrong": {"type": "tencent-vod", "sub_app_id": "none"},
}
URL = "https://example.com/a.wav"
odd = st.sampled_from(
    ["7", "true", "", None, 7, 1.5, True, [], ["a"], {}, {"a": "b"}, {"file": "a.wav"}, URL, "${WHO}"]
)
names = st.one_of(st.just("Hero"), odd)
bodies = st.one_of(
    st.fixed_dictionaries({"voice_name": names, "voice_url": st.sampled_from([URL, f"{URL}?sign=1"])}),
    st.fixed_dictionaries({"voice_name": names, "voice_url": odd}, optional={"callback_url": odd, "nmae": odd}),
    st.fixed_dictionaries({"name": names, "audio": st.sampled_from([URL, {"url": URL}, {"file": "a.wav"}])}),
    st.fixed_dictionaries({"name": names}, optional={"model": st.just("minimax"), "voice_id": odd, "api_key_env": odd}),
    st.fixed_dictionaries({"voice_id": st.sampled_from(["829", "829", "x"])}),
    odd,
)
entries = st.fixed_dictionaries(
    {"provider": st.sampled_from(["kling", "kling", "signed", "vod", "wrong", "klng", 7])},
    optional={
        "create": bodies,
        "clone": bodies,
        "preset": bodies,
        "labels": st.one_of(st.just({"tier": "gold"}), st.dictionaries(st.sampled_from(["a", "b"]), odd), odd),
        "lifecycle": st.sampled_from([{}, {"prevent_destroy": True}, {"keep_old": "1d"}]),
        "note": odd,
    },
)
manifests = st.builds(
    lambda voices, defaults: {"providers": PROVIDERS, "voices": voices} | defaults,
    st.dictionaries(st.sampled_from(["a", "b", "c", "A", "1"]), entries, min_size=1),
    st.sampled_from([{}, {}, {"defaults": {"labels": {"team": "games"}}}, {"defaults": {"provider": "kling"}}]),
)


def _loaded(path: Path) -> Manifest | list[str]:
    try:
        return load(path, environ={"WHO": "someone"})
    except ManifestError as error:
        return [str(problem) for problem in error.problems]


@given(manifests)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_quick_way_gives_what_the_models_give(tmp_path: Path, manifest: dict[str, Any]) -> None:
    path = tmp_path / "voices.yaml"
    path.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    quick = _loaded(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(usual_entry.UsualEntries, "voice", lambda *_: None)
        assert quick == _loaded(path)


def _read_quickly(entry: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Voice | None]:
    answers: list[Voice | None] = []
    quick = usual_entry.UsualEntries.voice

    def recorded(self: usual_entry.UsualEntries, address: str, raw: Raw) -> Voice | None:
        answers.append(quick(self, address, raw))
        return answers[-1]

    monkeypatch.setattr(usual_entry.UsualEntries, "voice", recorded)
    path = tmp_path / "voices.yaml"
    path.write_text(yaml.safe_dump({"providers": {"kling": {"type": "kling"}}, "voices": {"a": entry}}))
    load(path, environ={})
    return answers


USUAL: Raw = {"provider": "kling", "create": {"voice_name": "Hero", "voice_url": URL}}


@pytest.mark.parametrize("more", [{}, {"labels": {"tier": "gold"}}], ids=str)
def test_the_usual_entry_is_read_quickly(more: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [voice] = _read_quickly(USUAL | more, tmp_path, monkeypatch)
    assert voice is not None


@pytest.mark.parametrize("more", [{"lifecycle": {"prevent_destroy": "true"}}, {"signing_parameters": ["t"]}], ids=str)
def test_any_other_entry_is_read_by_the_models(more: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _read_quickly(USUAL | more, tmp_path, monkeypatch) == [None]


def test_an_id_may_be_chosen_twice_so_it_is_read_by_the_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry: Raw = {"provider": "kling", "existing": {"voice_id": "829"}}
    assert _read_quickly(entry, tmp_path, monkeypatch) == [None]

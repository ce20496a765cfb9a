"""Runs the command line against all simulated clouds on real sockets, with one manifest for all of them.

cli = TencentCliHarness(tmp_path, kling, tencent=tencent)
cli.write(VOICES, audio=SOUNDS)
cli.apply()
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.cli_harness import CliHarness
from tests.support.sounds import wav
from tests.support.tencent_service import TencentService

SAMPLE = "https://cdn.example.com"
Entries = Mapping[str, Mapping[str, Any]]

NARRATOR: Mapping[str, Any] = {
    "provider": "kling",
    "create": {"voice_name": "Narrator", "voice_url": f"{SAMPLE}/narrator.mp3"},
}
HERO: Mapping[str, Any] = {"provider": "vod", "create": {"voice_name": "Hero", "video_id": "12345"}}
VILLAIN: Mapping[str, Any] = {
    "provider": "vod",
    "clone": {
        "voice_id": "villain_01",
        "audio": {"url": f"{SAMPLE}/v.mp3"},
        "text": "Read this aloud.",
        "prompt_audio": {"file_id": "528"},
        "prompt_text": "Hello.",
    },
}
MINI: Mapping[str, Any] = {
    "provider": "vod",
    "clone": {
        "model": "minimax",
        "audio": {"url": f"{SAMPLE}/m.mp3"},
        "name": "Mini",
        "gender": "female",
        "languages": ["en"],
        "labels": ["calm"],
        "activate": {"text": "Hello."},
    },
}
CONCIERGE: Mapping[str, Any] = {
    "provider": "trtc",
    "clone": {
        "voice_name": "concierge_01",
        "prompt_audio": {"file": "concierge.wav"},
        "model": "flow_01_turbo",
        "language": "en",
    },
}
FIREWORKS: Mapping[str, Any] = {
    "provider": "vod",
    "task": {
        "model_name": "Kling",
        "scene_type": "sfx",
        "prompt": "Fireworks at a spring festival",
        "output": {"storage_mode": "Temporary", "duration": 6},
    },
}
VOICES: dict[str, Mapping[str, Any]] = {
    "narrator": NARRATOR,
    "hero": HERO,
    "villain": VILLAIN,
    "mini": MINI,
    "concierge": CONCIERGE,
}
SOUNDS: Entries = {"fireworks": FIREWORKS}


def changed(entry: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """The entry with other keys in its method; None removes a key."""
    method = next(m for m in ("create", "clone", "task") if m in entry)
    inside = {**entry[method], **keys}
    return {**entry, method: {key: value for key, value in inside.items() if value is not None}}


@dataclass
class TencentCliHarness(CliHarness):
    """A `CliHarness` with accounts of Kling, VOD and TRTC. `write` takes the entries unchanged."""

    tencent: TencentService = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.env |= {"TENCENTCLOUD_SECRET_ID": self.tencent.secret_id}
        self.env |= {"TENCENTCLOUD_SECRET_KEY": self.tencent.secret_key}
        (self.folder / "concierge.wav").write_bytes(wav(12))

    def providers(self, **account: Any) -> dict[str, Any]:
        url = self.tencent.url
        return {
            "kling": {"type": "kling", "endpoint": self.kling.url},
            "vod": {"type": "tencent-vod", "sub_app_id": self.tencent.sub_app_id, "endpoint": url, **account},
            "trtc": {"type": "tencent-trtc", "sdk_app_id": self.tencent.sdk_app_id, "endpoint": url},
        }

    def write(self, voices: Entries, *, file: str | None = None, audio: Entries | None = None, **more: Any) -> Path:
        document: dict[str, Any] = {
            "version": 1,
            "providers": self.providers(),
            "voices": voices,
            **more,
        }
        if audio:
            document["audio"] = audio
        path = self.folder / (file or self.manifest)
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")  # JSON is YAML
        return path

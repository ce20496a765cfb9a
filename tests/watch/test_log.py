"""A line for each event: for eyes, and for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from reconciler.model.watch import WatchEvent, WatchKind
from reconciler.watch.log import json_line, text_line

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
HOSTILE = WatchEvent(
    kind=WatchKind.LOOK_FAILED,
    at=AT,
    manifest="games.yaml",
    message="it said \x1b[2J\nand more é",
    provider="kling",
    addresses=("a", "b"),
    counts={"gone": 2},
    fingerprint="0123",
)


def test_a_line_of_text_holds_no_control_characters() -> None:
    assert text_line(HOSTILE) == (
        "2026-01-02T03:04:05Z games.yaml look failed kling: it said \\x1b[2J\\nand more é (a, b)"
    )


def test_a_line_of_json_is_one_line_of_ascii_with_all_fields() -> None:
    line = json_line(HOSTILE)
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line) == {
        "at": "2026-01-02T03:04:05.678Z",
        "event": "look_failed",
        "manifest": "games.yaml",
        "message": "it said \x1b[2J\nand more é",
        "provider": "kling",
        "addresses": ["a", "b"],
        "counts": {"gone": 2},
        "fingerprint": "0123",
    }


def test_fields_without_a_value_are_left_out() -> None:
    plain = WatchEvent(kind=WatchKind.STOPPED, at=AT, manifest="games.yaml")
    assert json.loads(json_line(plain)).keys() == {"at", "event", "manifest"}

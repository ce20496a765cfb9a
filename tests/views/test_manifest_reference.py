"""examples/REFERENCE.md is fresh, and names every key of the manifest. UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from reconciler.model.schema import manifest_schema
from reconciler.views.manifest_reference import manifest_reference

COMMITTED = Path(__file__).parents[2] / "examples" / "REFERENCE.md"


def sections() -> dict[str, dict[str, list[str]]]:
    """Heading -> key -> the cells of its row."""
    found: dict[str, dict[str, list[str]]] = {}
    for part in manifest_reference().split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
        found[heading] = {row[0].strip("`"): row[1:] for row in rows}
    return found


def row(heading: str, key: str) -> str:
    return " | ".join(sections()[heading][key])


def test_the_committed_reference_is_fresh() -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        COMMITTED.write_text(manifest_reference(), encoding="utf-8")
    assert COMMITTED.read_text(encoding="utf-8") == manifest_reference()


def test_every_key_of_the_schema_has_a_row() -> None:
    schema = manifest_schema()
    without_repeats = {
        name: definition
        for name, definition in schema["$defs"].items()
        if not name.endswith("Part") and name not in ("Defaults", "VoiceOverDefaults")
    }
    expected = sorted(
        key for definition in (schema, *without_repeats.values()) for key in definition.get("properties", ())
    )
    expected += [key for name in ("moved", "removed") for key in schema["properties"][name]["items"]["properties"]]
    assert sorted(key for rows in sections().values() for key in rows) == sorted(expected)


def test_every_key_says_what_it_takes_and_what_it_means() -> None:
    empty = [
        f"{heading}: {key}"
        for heading, rows in sections().items()
        for key, cells in rows.items()
        if "" in (cells[0], cells[-1])
    ]
    assert empty == []


def test_every_link_leads_to_a_heading() -> None:
    text = manifest_reference()
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert len(set(anchors)) == len(anchors)
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= set(anchors)


@pytest.mark.parametrize(
    ("heading", "key", "said"),
    [
        ("`voices.NAME`", "provider", "text | required"),
        ("`voices.NAME`", "create", "*one of these*"),
        ("`voices.NAME.create` (kling)", "voice_url", "a URL | *one of these* | replaces it"),
        ("`voices.NAME.create` (kling)", "callback_url", "changes nothing"),
        (
            "`voices.NAME.clone` (tencent-vod, model: minimax)",
            "gender",
            "`male` or `female` or `unknown` |  | updates it",
        ),
        ("`voices.NAME.clone` (tencent-vod, model: minimax)", "activate", "keeps it"),
        ("`providers.NAME.timeouts` (tencent-trtc)", "read", "a duration | `2m30s`"),
        ("`providers.NAME` (kling)", "max_in_flight", "a whole number from 1 to 10,000"),
        ("`providers.NAME` (kling)", "rate_limit", "`create`, `delete`, `list`, `get`: a number above 0 to 1,000"),
        ("`state.encryption`", "key_file", "*at least one*"),
        ("`state.encryption.old[]`", "key_file", "*one of these*"),
        ("`safety`", "max_delete_percent", "a number from 0 to 100 | `30`"),
        ("`policy[]`", "level", "`warn` or `deny`"),
        ("Top level", "moved", "a list of entries with `from` and `to`"),
    ],
)
def test_a_row_says_values_default_and_what_a_change_does(heading: str, key: str, said: str) -> None:
    assert said in row(heading, key)


def test_a_sample_is_named_only_by_the_keys_that_its_cloud_takes() -> None:
    assert [*sections()["`voices.NAME.clone.prompt_audio` (tencent-trtc)"]] == ["file"]
    assert [*sections()["`voices.NAME.clone.audio`, `voices.NAME.clone.prompt_audio` (tencent-vod)"]] == [
        "url",
        "file_id",
    ]

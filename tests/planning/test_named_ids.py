"""A file names a voice_id if it holds it as a word, or with the escapes of any format."""

from __future__ import annotations

import pytest

from reconciler.model.outputs import Output, OutputStatus, Row
from reconciler.planning.named_ids import names
from reconciler.views.output_formats.registry import rows_format


@pytest.mark.parametrize(
    "content",
    ["A_VOICE_ID=829\n", '{"voice_id": "829"}', "829", "x,829,y\r\n", "id: 829 # old", "829|830", "#829"],
)
def test_a_word_is_named(content: str) -> None:
    assert names(content.encode(), "829")


@pytest.mark.parametrize("content", ["", "8290", "1829", "vc-829", "829_01", "a829b"])
def test_a_part_of_another_id_is_not(content: str) -> None:
    assert not names(content.encode(), "829")


@pytest.mark.parametrize("voice_id", ["829", "villain_01", 'say "x"', "ä", "a b", "${x}", "%{x}", "a\\b", "\U0001f600"])
@pytest.mark.parametrize("named", ["json", "yaml", "tfvars", "csv"])
def test_whatever_a_format_writes_is_found(named: str, voice_id: str) -> None:
    rows: dict[str, Row] = {"hero": Output(voice_id, None, "kling", OutputStatus.READY)}
    assert names(rows_format(named).render(rows).encode(), voice_id)

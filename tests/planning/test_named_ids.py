"""A file names a voice_id if it holds it as a word, or with the escapes of any format."""

from __future__ import annotations

import pytest

from reconciler.model.outputs import Output, OutputStatus, Row
from reconciler.model.state import Status
from reconciler.planning.named_ids import names, names_only_others
from reconciler.views.output_formats.registry import rows_format
from tests.engine.test_output_files import record, state_of


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


@pytest.mark.parametrize("named", ["json", "yaml", "dotenv", "tfvars", "csv"])
def test_a_file_with_ids_of_another_state_alone_is_of_that_state(named: str) -> None:
    def content(*ids: str) -> bytes:
        rows: dict[str, Row] = {
            f"v{n}": Output(given, "829", "kling", OutputStatus.READY) for n, given in enumerate(ids)
        }
        return rows_format(named).render(rows).encode()

    state = state_of(record("hero", "501"), record("old", "502", status=Status.DELETED))
    assert names_only_others(content("601", "602"), state)
    assert not names_only_others(content("601", "501"), state)
    assert not names_only_others(content("502"), state)  # of a voice that was deleted
    assert not names_only_others(content(), state)
    assert names_only_others(content("501"), state_of())

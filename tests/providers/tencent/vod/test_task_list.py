"""Which records a page of the list shows, without a look at all records for each page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.state import Record, Status
from reconciler.providers.tencent.vod.schema import TaskLine
from reconciler.providers.tencent.vod.task_list import MissingTasks, TaskList
from tests.providers.tencent.vod.support import line, record

NAMES = st.sampled_from(["a", "b", "c", "d"])


def task_line(task_id: str, key: str | None) -> TaskLine:
    return TaskLine.model_validate(line(task_id, key=key))


LINES = st.builds(task_line, NAMES, st.none() | NAMES)
RECORDS = st.builds(lambda task, key: record(Status.RUNNING, key=key, task_id=task), st.none() | NAMES, NAMES)


@given(st.lists(RECORDS, max_size=6), st.lists(st.lists(LINES, max_size=3), max_size=6))
def test_a_record_is_missing_until_a_page_shows_it(records: list[Record], pages: list[list[TaskLine]]) -> None:
    listed, missing, expected = TaskList(), MissingTasks(records), records
    for page in pages:
        listed.add(page)
        missing.look_in(page, listed)
        expected = [each for each in expected if not listed.of(each)]
        assert len(missing) == len(expected)


def test_a_page_costs_by_its_lines_and_not_by_the_missing_records(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Record] = []
    of = TaskList.of

    def counting(listed: TaskList, record: Record) -> list[TaskLine]:
        looks.append(record)
        return of(listed, record)

    monkeypatch.setattr(TaskList, "of", counting)
    missing, listed = MissingTasks([record(key=f"vc-{n}", task_id=f"task-{n}") for n in range(1_000)]), TaskList()
    for number in range(10):
        page = [task_line(f"task-{n}", f"vc-{n}") for n in range(10 * number, 10 * number + 10)]
        listed.add(page)
        missing.look_in(page, listed)
    assert (len(missing), len(looks)) == (900, 100)

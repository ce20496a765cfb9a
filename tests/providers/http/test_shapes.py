"""Building the model of an answer at its first use."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from pydantic import BaseModel, ConfigDict

from reconciler.providers.http.shapes import built


class Answer(BaseModel):
    """An answer whose model is built late."""

    model_config = ConfigDict(defer_build=True)

    task_id: str


def test_many_threads_build_a_model_once() -> None:
    builds: list[str] = []

    class Slow(Answer):
        @classmethod
        def model_rebuild(cls, **_: object) -> bool | None:
            builds.append(threading.current_thread().name)
            time.sleep(0.05)
            return None

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(lambda _: built(Slow), range(12))) == {Slow}
    assert len(builds) == 1


def test_a_built_model_reads_answers() -> None:
    assert built(Answer).model_validate_json('{"task_id": "9"}').task_id == "9"

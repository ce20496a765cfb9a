from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from reconciler import processes
from reconciler.backends.http_state.lock_record import LONGEST_ID, new_id, parse, record
from reconciler.protocols.backend import LockInfo

ANN = LockInfo(
    lock_id="7f3a91c2",
    who="ann@mac",
    pid=4711,
    host="mac",
    operation="apply",
    since=datetime(2026, 11, 28, 12, tzinfo=UTC),
    started=99,
    job="https://ci.example.com/jobs/7",
)
ID = "7f3a91c2.0000abcd~ann@mac~mac:4711:99:~apply~1795867200~7200~https://ci.example.com/jobs/7"


def answer(lock_id: str, **fields: Any) -> bytes:
    return json.dumps({"ID": lock_id} | fields).encode()


def test_the_id_says_who_where_which_job_and_how_long() -> None:
    assert new_id(ANN, 7200, "0000abcd") == ID


def test_a_holder_is_known_from_the_id_alone() -> None:
    found = parse(answer(ID, Who="project_7_bot", Info="", Operation="something else"))
    assert found is not None
    assert (found.info, found.limit, found.created) == (ANN, 7200, None)


@pytest.mark.parametrize("who", ["ann~b@mac", "音声@mac", "a%20b:c@mac", "\x00\n@mac", "\udcff@mac"])
def test_any_name_fits_into_an_id(who: str) -> None:
    lock_id = new_id(ANN.model_copy(update={"who": who}), 60, "0000abcd")
    assert lock_id.isascii() and lock_id.isprintable() and len(lock_id) <= LONGEST_ID
    found = parse(answer(lock_id))
    assert found is not None
    assert (found.info.pid, found.info.job) == (ANN.pid, ANN.job)
    assert found.info.who == who.encode(errors="replace").decode()


def test_no_id_is_longer_than_gitlab_allows() -> None:
    long = {"who": "音" * 300, "host": "h:" * 300, "operation": "o" * 300, "job": "j" * 300, "lock_id": "1" * 300}
    lock_id = new_id(ANN.model_copy(update=long), 999_999, "0000abcd")
    assert len(lock_id) <= LONGEST_ID
    assert parse(answer(lock_id)) is not None


def test_the_job_is_cut_first() -> None:
    found = parse(answer(new_id(ANN.model_copy(update={"job": "https://ci.example.com/" + "7" * 300}), 1, "ab")))
    assert found is not None
    assert (found.info.who, found.info.job[:30]) == ("ann@mac", "https://ci.example.com/7777777")


def test_a_start_of_this_machine_is_recognised_by_its_digest() -> None:
    if not processes.boot():
        pytest.skip("this system does not identify its starts")
    here = ANN.model_copy(update={"boot": processes.boot(), "host": socket.gethostname()})
    found, other = parse(answer(new_id(here, 1, "ab"))), parse(answer(ID))
    assert found is not None and other is not None
    assert (found.info.boot, other.info.boot) == (processes.boot(), "")


def test_info_completes_what_the_id_cut() -> None:
    long = ANN.model_copy(update={"job": "https://ci.example.com/" + "7" * 300})
    found = parse(answer(new_id(long, 1, "ab"), Info=long.model_dump_json()))
    assert found is not None
    assert found.info == long


def test_the_asker_s_info_is_not_taken_for_the_holder_s() -> None:
    """GitLab repeats the asker's Info beside the holder's ID."""
    asker = ANN.model_copy(update={"lock_id": "bbbb2222", "who": "bob@host", "pid": 1})
    found = parse(answer(ID, Info=asker.model_dump_json()))
    assert found is not None
    assert found.info == ANN


def test_a_lock_of_terraform_is_shown_with_its_own_words() -> None:
    body = answer(
        "e750ba89-434d", Operation="OperationTypeApply", Who="root@vm", Created="2026-11-28T23:52:15.963429078Z"
    )
    found = parse(body)
    assert found is not None
    assert (found.info.lock_id, found.info.who, found.info.operation) == ("e750ba89-434d", "root@vm", "apply")
    assert found.info.since == datetime(2026, 11, 28, 23, 52, 15, 963429, tzinfo=UTC)
    assert found.limit is None


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"ID": ""}', b'{"ID": 7}', b"<html>", b'"locked"'])
def test_an_answer_without_an_id_has_no_holder(body: bytes) -> None:
    assert parse(body) is None


@pytest.mark.parametrize("text", ["2026-11-28T12:00:00.000Z", "2026-11-28 12:00:00 UTC", "2026-11-28T13:00:00+01:00"])
def test_the_time_of_the_server_is_read(text: str) -> None:
    found = parse(answer(ID, Created=text))
    assert found is not None
    assert found.created == datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-28T12:00:00"])
def test_a_time_without_a_zone_is_none(text: str) -> None:
    found = parse(answer(ID, Created=text))
    assert found is not None
    assert found.created is None


def test_a_record_has_the_seven_keys_of_terraform_in_its_order() -> None:
    written = json.loads(record(ID, ANN, "0.1.0"), object_pairs_hook=list)
    assert [key for key, _ in written] == ["ID", "Operation", "Info", "Who", "Version", "Created", "Path"]
    assert dict(written)["Created"] == "2026-11-28T12:00:00.000000Z"
    assert record(ID, ANN, "0.1.0").startswith(b'{"ID":"7f3a91c2.0000abcd~ann@mac')


def test_the_time_in_a_record_is_utc() -> None:
    elsewhere = ANN.model_copy(update={"since": ANN.since.astimezone(timezone(timedelta(hours=8)))})
    assert json.loads(record(ID, elsewhere, "1"))["Created"] == "2026-11-28T12:00:00.000000Z"

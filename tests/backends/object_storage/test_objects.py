"""The names and bytes of objects: what is written is read, and what was changed is damage."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.backends.object_storage import objects
from reconciler.backends.object_storage.objects import EntryHeader, Kind, LockRecord, SnapshotHeader
from reconciler.errors import StateDamaged, StateTooNew
from reconciler.protocols.backend import LockInfo, Stamp

HEADER = EntryHeader(seq=7, kind=Kind.DELTA, lineage="abcdef12", serial=9, after="x", fence=3, nonce="n")
WHOLE = HEADER.model_copy(update={"kind": Kind.WHOLE})
BARRIER = HEADER.model_copy(update={"kind": Kind.BARRIER})
LINES = st.lists(st.binary(min_size=1).filter(lambda x: min(x) >= 0x20), min_size=1)


def test_names_have_leading_zeros_so_that_they_sort() -> None:
    assert objects.name("entries", 224) == "entries/000000000224"
    assert objects.name("lock", 12) == "lock/000012"
    assert objects.number("entries", "entries/000000000224") == 224


@pytest.mark.parametrize("path", ["entries/224", "entries/00000000022x", "entries/0000000000224", "entries/", "notes"])
def test_names_that_are_not_ours_are_ignored(path: str) -> None:
    assert objects.number("entries", path) is None


@given(LINES)
def test_lines_are_read_as_they_were_written(lines: list[bytes]) -> None:
    entry = objects.parse_entry(7, objects.entry_bytes(HEADER, lines=lines))
    assert (entry.header, entry.lines, entry.stamp) == (HEADER, tuple(lines), Stamp("abcdef12", 9))


@given(st.binary())
def test_a_whole_is_read_as_it_was_written(data: bytes) -> None:
    assert objects.parse_entry(7, objects.entry_bytes(WHOLE, data=data)).data == data
    header = SnapshotHeader(seq=7, head="x", lineage="abcdef12", serial=9)
    assert objects.parse_snapshot(7, objects.snapshot_bytes(header, objects.compressed(data))).data == data


def test_a_person_can_read_an_entry() -> None:
    first, *lines = objects.entry_bytes(HEADER, lines=[b'{"intent": 1}', b'{"done": 1}']).splitlines()
    assert json.loads(first)["kind"] == "delta"
    assert lines == [b'{"intent": 1}', b'{"done": 1}']


def test_a_snapshot_is_gzip_after_its_first_line() -> None:
    header = SnapshotHeader(seq=7, head="x", lineage="abcdef12", serial=9)
    content = objects.snapshot_bytes(header, objects.compressed(b"state"))
    assert gzip.decompress(content.partition(b"\n")[2]) == b"state"


def test_the_same_state_makes_the_same_bytes() -> None:
    assert objects.compressed(b"state") == objects.compressed(b"state")


@pytest.mark.parametrize("lines", [[], [b""], [b"a\nb"], [b"a\x00"]])
def test_an_entry_without_lines_or_with_control_characters_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(ValueError, match="one line of text"):
        objects.entry_bytes(HEADER, lines=lines)


@pytest.mark.parametrize("header", [HEADER, WHOLE, BARRIER])
def test_an_entry_that_was_cut_off_is_damaged(header: EntryHeader) -> None:
    content = objects.entry_bytes(header, lines=[b"one", b"two"], data=b"state" * 100)
    for end in range(len(content) - 1):
        if header.kind is Kind.DELTA and content[end - 1 : end] == b"\n" and end > content.index(b"\n") + 1:
            continue  # only the checksum in the next entry shows that a whole line is missing
        with pytest.raises(StateDamaged):
            objects.parse_entry(7, content[:end])


def test_an_entry_at_another_place_is_damaged() -> None:
    with pytest.raises(StateDamaged, match="entries/000000000008 is not what voicectl wrote there"):
        objects.parse_entry(8, objects.entry_bytes(HEADER, lines=[b"a"]))


def test_the_bytes_of_another_program_are_damage_with_a_way_out() -> None:
    with pytest.raises(StateDamaged) as caught:
        objects.parse_snapshot(7, b"<html>")
    assert caught.value.hint


def test_a_later_format_is_named() -> None:
    with pytest.raises(StateTooNew, match="format 2; this voicectl reads up to 1"):
        objects.parse_entry(7, b'{"format": 2, "news": true}\n')
    with pytest.raises(StateTooNew):
        objects.parse_snapshot(7, b'{"format": 3}\n')


def test_a_lock_record_is_read_as_it_was_written() -> None:
    info = LockInfo(lock_id="a", who="ann@host", pid=1, host="host", operation="apply", since=datetime.now(UTC))
    record = LockRecord(info=info, ttl=60.0, nonce="n", beat=4, probed=True)
    assert objects.parse_lock(objects.lock_bytes(record)) == record
    assert objects.parse_lock(b"{}") is None

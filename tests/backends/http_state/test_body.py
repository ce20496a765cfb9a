from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from reconciler.backends.http_state import body as bodies
from reconciler.backends.http_state.body import Kept, entry, pack, unpack, within_limits
from reconciler.errors import StateDamaged, StateForeign
from reconciler.model.state import State
from reconciler.model.statefile import dump
from reconciler.protocols.backend import Stamp

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
WHERE = "https://state.example.com/voices"
STATE = dump(State(lineage="abc", serial=7, manifest="voices.yaml"))
STAMP = Stamp("abc", 7)
OWN = Kept(serial=7, written_at=AT, size=len(STATE))

TERRAFORM = (
    b'{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "x", "outputs": {}, "resources": []}'
)


def read_back(data: bytes, stamp: Stamp = STAMP) -> bytes:
    stored = unpack(pack(data, stamp, (OWN,)), WHERE)
    assert (stored.stamp, stored.history) == (stamp, (OWN,))
    return stored.data


def test_a_small_state_stays_readable_json_with_one_key_more() -> None:
    body = pack(STATE, STAMP, (OWN,))
    assert body.startswith(b'{"voicectl_history":[{"serial":7,"written_at":"2026-11-28T12:00:00Z","size":')
    assert body.endswith(STATE[1:])
    assert json.loads(body)["serial"] == 7


@pytest.mark.parametrize(
    "data",
    [
        STATE,
        b"{}",
        b"1",
        b"",
        b"\xff\xfe",
        b'{"voicectl":"encrypted","format":1,"lineage":"abc","serial":7,"data":"AAAA"}',
        b'{"version":1,"lineage":"abc","serial":8,"records":{}}',  # not the serial of its stamp
        b'{"version":true,"lineage":"abc","serial":7}',
        b'{"version":1,"lineage":"abc","serial":7,"voicectl_history":[]}',
        b'{"version":1,"lineage":"abc","serial":7,"terraform_version":"1"}',
        b"[" * 100_000,
        STATE + b" " * bodies.LARGEST_PLAIN,
    ],
)
def test_what_was_packed_is_unpacked_byte_for_byte(data: bytes) -> None:
    assert read_back(data) == data


def test_every_body_shows_its_serial_at_the_top() -> None:
    for data in (STATE, b"1", b"x" * 1_000_000):
        assert json.loads(pack(data, Stamp("abc", 7), (OWN,)))["serial"] == 7


def test_a_large_state_is_compressed() -> None:
    data = STATE + b" " * bodies.LARGEST_PLAIN
    body = pack(data, STAMP, (OWN,))
    assert len(body) < 2_000
    assert json.loads(body)["voicectl"] == "state"


def test_a_state_file_that_was_uploaded_by_hand_is_read() -> None:
    stored = unpack(STATE, WHERE)
    assert (stored.data, stored.stamp, stored.history) == (STATE, STAMP, ())


@pytest.mark.parametrize(
    "body",
    [
        b"<html>login</html>",
        b"\xff",
        b"[]",
        b"{}",
        b'{"serial": 1}',
        b'{"version": 1, "lineage": "abc", "serial": 1, "records": {}, "more": 1}',
        b'{"version": 1, "lineage": "abc", "serial": "1", "records": {}}',
        b'{"voicectl": "plan", "version": 1}',
        b"[" * 100_000,
    ],
)
def test_a_body_of_another_program_is_refused(body: bytes) -> None:
    with pytest.raises(StateForeign, match="holds no state of voicectl"):
        unpack(body, WHERE)


def test_a_body_of_terraform_is_named() -> None:
    with pytest.raises(StateForeign, match="holds a state of Terraform or OpenTofu"):
        unpack(TERRAFORM, WHERE)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(json.loads(pack(STATE, STAMP, (OWN,))), sort_keys=True).encode(),
        pack(b"1", STAMP, (OWN,)).replace(b'"data":"MQ=="', b'"data":"M"'),
        pack(b"1" * 1000, STAMP, (OWN,)).replace(b'"zlib":"eJ', b'"zlib":"AA'),
        pack(b"1", STAMP, (OWN,)).replace(b'"version":1', b'"version":1,"more":2'),
    ],
)
def test_a_body_of_voicectl_that_was_changed_is_damaged(body: bytes) -> None:
    with pytest.raises(StateDamaged, match="changed by another program"):
        unpack(body, WHERE)


def test_the_version_names_content_serial_and_lineage() -> None:
    versions = {
        bodies.version(data, stamp) for data in (b"1", b"2") for stamp in (Stamp("a", 1), Stamp("a", 2), Stamp("b", 1))
    }
    assert len(versions) == 6


def test_the_history_is_limited_in_number_and_size() -> None:
    small = [entry(b"%d" % serial, serial, AT, whole=True) for serial in range(9, 0, -1)]
    assert [kept.serial for kept in within_limits(small, 3)] == [9, 8, 7]
    large = [Kept(serial=serial, written_at=AT, size=1, zlib="x" * 400_000) for serial in (3, 2, 1)]
    assert [kept.serial for kept in within_limits(large, 10)] == [3, 2]


def test_an_old_state_comes_back_from_its_entry() -> None:
    assert bodies.decompressed(entry(STATE, 7, AT, whole=True).zlib) == STATE
    with pytest.raises(ValueError, match="not zlib"):
        bodies.decompressed("?")

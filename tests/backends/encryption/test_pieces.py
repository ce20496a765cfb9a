"""Pieces and their chain: whatever is changed in one of them, it is not accepted."""

from __future__ import annotations

import pytest

from reconciler.backends.encryption import pieces
from reconciler.backends.encryption.pieces import Chain
from reconciler.errors import StateDamaged
from reconciler.model import envelope
from reconciler.protocols.backend import Stamp

pytest.importorskip("cryptography", reason="needs the extra [encryption]")

SECRET = bytes(range(32))
STAMP = Stamp("lineage", 7)


def test_a_snapshot_says_nothing_but_lineage_and_serial() -> None:
    stored = pieces.snapshot(b"narrator", pieces.new_chain(STAMP), STAMP, SECRET, ())
    piece = envelope.parse(stored)
    assert (piece.kind, piece.lineage, piece.serial) == ("state", "lineage", 7)
    assert b"narrator" not in stored
    assert pieces.opened(piece, SECRET) == b"narrator"


@pytest.mark.parametrize(
    "changed", [{"serial": 8}, {"lineage": "another"}, {"kind": "copy"}, {"chain": "00"}, {"data": "AAAA" * 20}]
)
def test_no_field_of_a_snapshot_can_be_changed(changed: dict[str, object]) -> None:
    piece = envelope.parse(pieces.snapshot(b"x", pieces.new_chain(STAMP), STAMP, SECRET, ()))
    with pytest.raises(StateDamaged, match="edited"):
        pieces.opened(piece.model_copy(update=changed), SECRET)


def test_an_entry_is_small() -> None:
    line, _ = pieces.entry(b"{}", Chain(pieces.START), STAMP, SECRET)
    assert len(line) < 190
    assert line.isascii()
    assert b"\n" not in line


def test_an_entry_follows_one_chain_only() -> None:
    begin = pieces.new_chain(STAMP)
    line, after = pieces.entry(b"a", begin, Stamp("lineage", 8), SECRET)
    assert pieces.opened_entry(line, begin, "lineage", SECRET) == (b"a", after)
    for chain in (after, pieces.new_chain(STAMP)):
        with pytest.raises(StateDamaged, match="the journal: "):
            pieces.opened_entry(line, chain, "lineage", SECRET)
    with pytest.raises(StateDamaged, match="edited, or is of another state"):
        pieces.opened_entry(line, begin, "another", SECRET)


def test_the_whole_chain_is_bound_not_only_the_part_that_is_shown() -> None:
    begin = pieces.new_chain(STAMP)
    line, _ = pieces.entry(b"a", begin, Stamp("lineage", 8), SECRET)
    near = Chain(begin.value[:-1] + ("0" if begin.value[-1] != "0" else "1"), STAMP)
    with pytest.raises(StateDamaged, match="edited"):
        pieces.opened_entry(line, near, "lineage", SECRET)


def test_a_snapshot_in_the_place_of_an_entry_is_refused() -> None:
    stored = pieces.snapshot(b"x", pieces.new_chain(STAMP), STAMP, SECRET, ())
    with pytest.raises(StateDamaged, match="a state in place of an entry"):
        pieces.opened_entry(stored, Chain(pieces.START), "lineage", SECRET)

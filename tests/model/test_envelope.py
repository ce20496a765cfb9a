"""The format of what is encrypted: what is one, and what is wrong with it."""

from __future__ import annotations

import pytest

from reconciler.errors import KeyMissing, StateDamaged, StateTooNew
from reconciler.model import envelope, statefile
from reconciler.model.envelope import Derivation, Envelope, WrappedKey
from reconciler.model.state import State

KEY = WrappedKey(id="3f9c21aa", kdf=Derivation(name="hkdf-sha256"), wrapped="AAAA")
PIECE = Envelope(voicectl="encrypted", format=1, kind="state", lineage="abcdef12", serial=7, keys=(KEY,), data="AAAA")


def test_an_envelope_is_one_line_that_begins_with_its_name() -> None:
    stored = envelope.dump(PIECE)
    assert stored.startswith(b'{"voicectl":"encrypted","format":1,"kind":"state",')
    assert envelope.parse(stored) == PIECE
    assert envelope.is_envelope(stored)
    assert envelope.is_envelope(b' {\n "voicectl" : "encrypted"')
    for other in (b"", b"{}", statefile.dump(State(lineage="abcdef12")), b'{"moved_to":"s3://a/b"}'):
        assert not envelope.is_envelope(other)


@pytest.mark.parametrize("length", [30, 80, 150, -1])
def test_half_an_envelope_is_damaged(length: int) -> None:
    with pytest.raises(StateDamaged, match="not complete"):
        envelope.parse(envelope.dump(PIECE)[:length])


def test_a_later_format_is_named() -> None:
    with pytest.raises(StateTooNew, match="format 2; this voicectl reads up to 1"):
        envelope.parse(envelope.dump(PIECE).replace(b'"format":1', b'"format":2'))


@pytest.mark.parametrize(
    "kdf",
    [
        b'{"name":"pbkdf2-sha512","rounds":1,"salt":"AAAA"}',
        b'{"name":"pbkdf2-sha512","rounds":99999999999,"salt":"AAAA"}',
        b'{"name":"scrypt"}',
    ],
)
def test_a_weak_or_endless_derivation_is_refused(kdf: bytes) -> None:
    with pytest.raises(StateDamaged):
        envelope.parse(envelope.dump(PIECE).replace(b'{"name":"hkdf-sha256"}', kdf))


def test_a_reader_without_settings_is_told_what_to_configure() -> None:
    with pytest.raises(KeyMissing, match=r"key .* \(id 3f9c21aa\), and the manifest has no state\.encryption"):
        statefile.load(envelope.dump(PIECE))
    with pytest.raises(KeyMissing):
        statefile.fold(State(lineage="abcdef12"), [envelope.dump(PIECE)])

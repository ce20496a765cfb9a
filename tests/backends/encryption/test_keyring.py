"""The keys of a run: each derived once, data keys unwrapped by any of them, and wrapped for all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.backends.encryption import cipher
from reconciler.errors import KeyMissing, StateDamaged
from tests.support.keyrings import KEY, NOT_THERE, OTHER, PASSPHRASE, GivenKey, keyring

pytest.importorskip("cryptography", reason="needs the extra [encryption]")

SECRET = bytes(range(32))


@pytest.fixture
def stretched(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The passphrases that were stretched, one for each derivation."""
    derived: list[bytes] = []
    real = cipher.stretch

    def counted(passphrase: bytes, salt: bytes, rounds: int) -> bytes:
        derived.append(passphrase)
        return real(passphrase, salt, rounds)

    monkeypatch.setattr(cipher, "stretch", counted)
    return derived


def test_any_of_the_keys_unwraps() -> None:
    keys = keyring(KEY, OTHER, PASSPHRASE).wrap("lineage", SECRET)
    assert len({key.id for key in keys}) == 3
    for each in (KEY, OTHER, PASSPHRASE):
        assert keyring(each).unwrap("lineage", keys) == SECRET
    assert keyring(GivenKey("a new key that is long enough for it"), old=(OTHER,)).unwrap("lineage", keys) == SECRET


def test_one_derivation_serves_all_that_a_run_reads_and_writes(stretched: list[bytes]) -> None:
    first = keyring(PASSPHRASE)
    kept = first.wrap("lineage", SECRET)
    stretched.clear()
    run = keyring(PASSPHRASE)
    run.unwrap("lineage", kept)
    run.wrap("lineage", SECRET)
    run.wrap("lineage", bytes(32))
    run.unwrap("lineage", run.wrap("another", bytes(32)) and kept)
    run.renew("lineage")
    run.wrap("lineage", run.key_for("lineage"))
    assert len(stretched) == 1


def test_a_run_that_only_reads_with_a_key_file_stretches_nothing(stretched: list[bytes]) -> None:
    kept = keyring(PASSPHRASE, KEY).wrap("lineage", SECRET)
    stretched.clear()
    assert keyring(PASSPHRASE, KEY).unwrap("lineage", kept) == SECRET
    assert stretched == []


def test_no_key_is_read_before_it_is_needed_and_none_twice() -> None:
    key = replace(KEY, reads=[])
    ring = keyring(key)
    assert key.reads == []
    kept = ring.wrap("lineage", SECRET)
    ring.unwrap("lineage", kept)
    ring.wrap("another", SECRET)
    assert key.reads == ["read"]


def test_a_wrong_key_is_named_with_the_one_that_is_missing() -> None:
    kept = keyring(KEY).wrap("lineage", SECRET)
    (other,) = keyring(OTHER).wrap("lineage", SECRET)
    with pytest.raises(KeyMissing) as caught:
        keyring(OTHER).unwrap("lineage", kept)
    assert caught.value.detail == (
        f"It is encrypted with a key from a file or a command (id {kept[0].id}). "
        f"state.encryption.key_file: key holds another key (id {other.id})."
    )
    assert KEY.text is not None
    assert KEY.text not in caught.value.detail


def test_a_key_that_is_not_there_does_not_hinder_reading_but_writing() -> None:
    kept = keyring(KEY).wrap("lineage", SECRET)
    ring = keyring(NOT_THERE, KEY)
    assert ring.unwrap("lineage", kept) == SECRET
    with pytest.raises(KeyMissing, match=r"No such file or directory.*must be there to write"):
        ring.wrap("lineage", SECRET)
    with pytest.raises(KeyMissing, match=r"encrypted with a key from a file or a command \(id .*No such file"):
        keyring(NOT_THERE).unwrap("lineage", kept)


def test_a_passphrase_in_place_of_a_key_is_named_and_the_reverse() -> None:
    with pytest.raises(KeyMissing, match=r"key holds a passphrase\.$"):
        keyring(PASSPHRASE).unwrap("lineage", keyring(KEY).wrap("lineage", SECRET))
    with pytest.raises(KeyMissing, match=r"with a passphrase \(id [0-9a-f]{8}\).* holds a key, not a passphrase"):
        keyring(KEY).unwrap("lineage", keyring(PASSPHRASE).wrap("lineage", SECRET))


def test_the_current_keys_are_named_with_their_ids_if_all_are_there() -> None:
    (kept,) = keyring(KEY).wrap("lineage", SECRET)
    assert keyring(KEY).current() == (f"the key in key (id {kept.id})",)
    with pytest.raises(KeyMissing, match="must be there to write"):
        keyring(KEY, NOT_THERE).current()


def test_a_wrapped_key_belongs_to_one_lineage_and_one_id() -> None:
    (key,) = keyring(KEY).wrap("lineage", SECRET)
    (other,) = keyring(OTHER).wrap("lineage", SECRET)
    with pytest.raises(StateDamaged, match="wrapped key was edited, or is of another state"):
        keyring(KEY).unwrap("another", [key])
    with pytest.raises(StateDamaged, match="wrapped key was edited"):
        keyring(KEY).unwrap("lineage", [key.model_copy(update={"wrapped": other.wrapped})])


def test_a_lineage_keeps_the_data_key_that_was_read_until_it_is_renewed() -> None:
    ring = keyring(KEY)
    assert ring.key_for("lineage") == ring.key_for("lineage")
    ring.use("lineage", SECRET)
    assert ring.key_for("lineage") == SECRET
    assert ring.key_for("another") != SECRET
    ring.renew("lineage")
    ring.use("lineage", SECRET)  # the state is read again before it is written
    assert ring.key_for("lineage") != SECRET

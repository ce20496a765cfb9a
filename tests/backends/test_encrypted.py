"""The encrypted backend: pieces that were swapped, dropped, edited or put back are refused, with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.backends import encrypted
from reconciler.backends.encrypted import EncryptedBackend
from reconciler.backends.encryption.keyring import Keyring
from reconciler.backends.local import LocalBackend
from reconciler.errors import KeyMissing, StateConflict, StateDamaged, StateError, StateNotEncrypted
from reconciler.model import envelope, moved
from reconciler.model.envelope import WrappedKey
from reconciler.model.moved import Moved
from reconciler.protocols.backend import Blob, Stamp
from tests.support.keyrings import KEY, NOT_THERE, OTHER, keyring
from tests.support.memory_backend import MemoryBackend
from tests.support.plaintext import found_in

pytest.importorskip("cryptography", reason="needs the extra [encryption]")

LINEAGE = "abcdef12"
PLAIN = b'{"version": 1, "lineage": "abcdef12", "serial": 1}'


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypted, "_PAUSE", 0.0)


def at(serial: int, lineage: str = LINEAGE) -> Stamp:
    return Stamp(lineage, serial)


def sealed(store: MemoryBackend, ring: Keyring | None = None, *, accepts_plain: bool = False) -> EncryptedBackend:
    return EncryptedBackend(store, ring or keyring(KEY), accepts_plain=accepts_plain)


def written(*, lineage: str = LINEAGE, entries: int = 3) -> MemoryBackend:
    """A snapshot with the serial 1, and entries with the serials 2, 3, ..."""
    store = MemoryBackend()
    backend = sealed(store)
    version = backend.write(b"{}", None, at(1, lineage))
    for serial in range(2, 2 + entries):
        version = backend.append([b"entry %d" % serial], version, at(serial, lineage))
    return store


def blob_of(store: MemoryBackend) -> Blob:
    blob = store.read()
    assert blob is not None
    return blob


def changed(store: MemoryBackend, change: Callable[[Blob], Blob]) -> MemoryBackend:
    store.put_back(change(blob_of(store)))
    return store


def edited(piece: bytes, **fields: object) -> bytes:
    return json.dumps(json.loads(piece) | fields, separators=(",", ":")).encode()


def flipped(piece: bytes) -> bytes:
    """The piece with one character of its ciphertext changed."""
    text = json.loads(piece)["data"]
    return edited(piece, data=text[:20] + ("A" if text[20] != "A" else "B") + text[21:])


TAMPERED: dict[str, tuple[Callable[[Blob], Blob], str]] = {
    "an entry is dropped": (
        lambda b: Blob(b.data, b.version, (b.entries[0], *b.entries[2:])),
        "after the serial 2 comes 4: what was between them is missing",
    ),
    "the first entry is dropped": (
        lambda b: Blob(b.data, b.version, b.entries[1:]),
        "after the serial 1 comes 3: what was between them is missing",
    ),
    "two entries are swapped": (
        lambda b: Blob(b.data, b.version, (b.entries[1], b.entries[0], b.entries[2])),
        "after the serial 1 comes 3",
    ),
    "an entry is put back at the end": (
        lambda b: Blob(b.data, b.version, (*b.entries, b.entries[0])),
        "after the serial 4 comes 2: an old entry was put back, or entries were moved",
    ),
    "an entry is doubled": (
        lambda b: Blob(b.data, b.version, (b.entries[0], *b.entries)),
        "after the serial 2 comes 2: an old entry was put back",
    ),
    "an entry is edited": (
        lambda b: Blob(b.data, b.version, (flipped(b.entries[0]), *b.entries[1:])),
        "the entry with the serial 2 was edited",
    ),
    "an entry gets another serial": (
        lambda b: Blob(b.data, b.version, (edited(b.entries[0], serial=9), *b.entries[1:])),
        "the entry with the serial 9 was edited",
    ),
    "an entry is cut": (
        lambda b: Blob(b.data, b.version, (b.entries[0][:-9], *b.entries[1:])),
        "not complete",
    ),
    "an entry is plain": (
        lambda b: Blob(b.data, b.version, (*b.entries, b'{"fields":{"serial":5}}')),
        "not complete",
    ),
    "the snapshot is edited": (
        lambda b: Blob(flipped(b.data), b.version, b.entries),
        "it was edited after it was encrypted",
    ),
    "the snapshot gets another serial": (
        lambda b: Blob(edited(b.data, serial=4), b.version),
        "it was edited",
    ),
    "the snapshot gets another chain": (
        lambda b: Blob(edited(b.data, chain="00" * 32), b.version),
        "it was edited",
    ),
    "the snapshot gets another lineage": (
        lambda b: Blob(edited(b.data, lineage="ffffffff"), b.version),
        "wrapped key was edited, or is of another state",
    ),
    "the snapshot is cut": (
        lambda b: Blob(b.data[:-40], b.version, b.entries),
        "not complete",
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_changed_piece_is_refused_with_the_reason(case: str) -> None:
    change, reason = TAMPERED[case]
    store = changed(written(), change)
    with pytest.raises(StateDamaged) as caught:
        sealed(store).read()
    assert reason in caught.value.detail
    assert caught.value.detail.startswith("memory: ")
    assert caught.value.hint


def test_an_old_snapshot_that_is_put_back_under_newer_entries_is_refused() -> None:
    store = written(entries=1)
    old = blob_of(store)
    backend = sealed(store)
    blob = backend.read()
    assert blob is not None
    version = backend.write(b"{new}", blob.version, at(3))
    backend.append([b"later"], version, at(4))
    new = blob_of(store)
    for entries in (new.entries, old.entries + new.entries):
        store.put_back(Blob(old.data, new.version, entries))
        with pytest.raises(StateDamaged, match="missing"):
            sealed(store).read()


def test_pieces_of_another_lineage_with_the_same_key_are_refused() -> None:
    mine, theirs = written(), written(lineage="ffffffff")
    entry = blob_of(theirs).entries[0]
    with pytest.raises(StateDamaged, match="does not follow what is before it"):
        sealed(changed(mine, lambda b: Blob(b.data, b.version, (entry, *b.entries[1:])))).read()
    mine = written()
    named = edited(entry, chain=json.loads(blob_of(mine).data)["chain"][:16])
    with pytest.raises(StateDamaged, match="edited, or is of another state"):
        sealed(changed(mine, lambda b: Blob(b.data, b.version, (named,)))).read()
    keys = json.loads(blob_of(theirs).data)["keys"]
    with pytest.raises(StateDamaged):
        sealed(changed(written(), lambda b: Blob(edited(b.data, keys=keys), b.version))).read()


def test_a_snapshot_in_the_history_is_the_one_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    store = written(entries=0)
    monkeypatch.setattr(store, "snapshot", lambda serial: blob_of(store).data)
    assert sealed(store).snapshot(1) == b"{}"
    with pytest.raises(StateDamaged, match="it is the state with the serial 1"):
        sealed(store).snapshot(2)


# -- reading while another run writes ----------------------------------------------------------------------------------


def test_a_reader_that_met_an_older_snapshot_reads_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = written(entries=0)
    old = blob_of(store)
    backend = sealed(store)
    blob = backend.read()
    assert blob is not None
    version = backend.append([b"a"], blob.version, at(2))
    version = backend.append([b"b"], backend.write(b"{a}", version, at(2)), at(3))
    new = blob_of(store)
    answers = iter([Blob(old.data, "x", new.entries), new])
    monkeypatch.setattr(store, "read", lambda: next(answers))
    assert sealed(store).read() == Blob(b"{a}", version, (b"b",))


def test_entries_still_follow_after_another_run_folded_what_was_before_them() -> None:
    """Object storage folds beside an append: the snapshot of the serial 2, then the entry 3 of before."""
    store = written(entries=2)
    before = blob_of(store)
    folding = sealed(store)
    folding.read()
    store.put_back(Blob(before.data, "2", before.entries[:1]))
    assert folding.read() is not None
    folding.write(b"{folded}", "2", at(2))
    store.put_back(Blob(blob_of(store).data, "x", before.entries[1:]))
    assert sealed(store).read() == Blob(b"{folded}", "x", (b"entry 3",))


def test_a_client_that_never_read_continues_what_is_there() -> None:
    store = written()
    version = sealed(store).append([b"more"], blob_of(store).version, at(5))
    blob = sealed(store).read()
    assert blob == Blob(b"{}", version, (b"entry 2", b"entry 3", b"entry 4", b"more"))
    with pytest.raises(StateConflict, match="changed since this run read it"):
        sealed(store).append([b"late"], "an old version", at(5))


# -- keys --------------------------------------------------------------------------------------------------------------


def keys_of(store: MemoryBackend) -> set[str]:
    return {key["id"] for key in json.loads(blob_of(store).data)["keys"]}


def test_later_writes_reuse_the_data_key_and_wrap_it_for_the_configured_keys() -> None:
    store = written()
    first = keys_of(store)
    both = keyring(OTHER, KEY)
    backend = sealed(store, both)
    blob = backend.read()
    assert blob is not None
    version = backend.write(b"{}", blob.version, at(5))
    assert len(keys_of(store)) == 2
    assert first < keys_of(store)
    rolled = sealed(store, keyring(OTHER, old=(KEY,)))
    rolled.write(b"{}", version, at(6))
    assert keys_of(store) == keys_of(store) - first
    with pytest.raises(KeyMissing, match="memory: It is encrypted with a key"):
        sealed(store).read()


def test_a_renewed_data_key_leaves_the_old_one_useless_for_what_follows() -> None:
    store = written()
    ring = keyring(KEY)
    old = ring.unwrap(LINEAGE, _wrapped(store))
    backend = sealed(store, ring)
    blob = backend.read()
    assert blob is not None
    ring.renew(LINEAGE)
    version = backend.write(b"{}", blob.version, at(5))
    backend.append([b"a"], version, at(6))
    again = sealed(store).read()
    assert again is not None
    assert again.entries == (b"a",)
    assert keyring(KEY).unwrap(LINEAGE, _wrapped(store)) != old


def _wrapped(store: MemoryBackend) -> tuple[WrappedKey, ...]:
    return envelope.parse(blob_of(store).data).keys


# -- plain states ------------------------------------------------------------------------------------------------------


def test_a_plain_state_is_refused_unless_it_may_be_migrated() -> None:
    store = MemoryBackend()
    version = store.append([b'{"fields":{"serial":2}}'], store.write(PLAIN, None, at(1)), at(2))
    with pytest.raises(StateNotEncrypted, match="memory: the manifest asks for encryption"):
        sealed(store).read()
    backend = sealed(store, accepts_plain=True)
    assert backend.read() == Blob(PLAIN, version, (b'{"fields":{"serial":2}}',))
    backend.write(b"{}", version, at(2))
    assert sealed(store).read() == Blob(b"{}", blob_of(store).version)


def test_what_is_appended_to_a_plain_state_is_encrypted_and_chained() -> None:
    store = MemoryBackend()
    version = store.append([b'{"plain":1}'], store.write(PLAIN, None, at(1)), at(2))
    backend = sealed(store, accepts_plain=True)
    version = backend.append([b"secret", b"words"], version, at(3))
    version = sealed(store, accepts_plain=True).append([b"more"], version, at(4))
    entries = blob_of(store).entries
    assert not any(b"secret" in entry or b"words" in entry for entry in entries)
    again = sealed(store, accepts_plain=True)
    assert again.read() == Blob(PLAIN, version, (b'{"plain":1}', b"secret", b"words", b"more"))
    store.put_back(Blob(PLAIN.replace(b"1}", b"9}"), version, entries))
    with pytest.raises(StateDamaged):
        again.read()
    store.put_back(Blob(PLAIN, version, entries))
    again.write(b"{all}", version, at(4))
    assert sealed(store).read() == Blob(b"{all}", blob_of(store).version)


def test_the_mark_of_a_state_that_left_is_read_also_if_it_is_plain() -> None:
    """It holds no state; but one that holds the state on its way is a plain state."""
    store = MemoryBackend()
    mark = moved.dump(Moved(moved_to="s3://a/b", lineage=LINEAGE, serial=2))
    version = store.write(mark, None, at(2))
    assert sealed(store).read() == Blob(mark, version)
    full = moved.dump(Moved(moved_to="s3://a/b", lineage=LINEAGE, serial=2, state="{}"))
    store.write(full, version, at(3))
    with pytest.raises(StateNotEncrypted):
        sealed(store).read()


def test_without_its_keys_a_lock_can_be_asked_for_and_broken() -> None:
    backend = sealed(written(), keyring(NOT_THERE))
    assert backend.holder() is None
    with pytest.raises(StateError, match="There is no lock"):
        backend.break_lock("aaaa1111")
    assert list(backend.history()) == []
    with pytest.raises(KeyMissing):
        backend.read()


def test_no_byte_of_a_local_place_is_plain(tmp_path: Path) -> None:
    local = LocalBackend(tmp_path / "voices.state.json", history=tmp_path / ".voicectl/history/voices")
    backend = EncryptedBackend(local, keyring(KEY))
    version = backend.write(b'{"narrator": "secret"}', None, at(1))
    version = backend.write(b'{"narrator": "secret", "hero": 1}', version, at(2))
    backend.append([b'{"hero":"secret"}'], version, at(3))
    assert len(list(tmp_path.rglob("*.*"))) > 3
    assert found_in(tmp_path, ["narrator", "secret", "hero"]) == {}

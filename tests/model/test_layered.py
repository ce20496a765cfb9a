"""A layered mapping is what a dict with the same changes is, and a change copies no more than itself needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.layered import LayeredMapping, layered
from tests.support.counted import CountedMapping

KEYS = st.integers(0, 12)
CHANGES = st.lists(st.tuples(st.dictionaries(KEYS, st.integers(), max_size=4), st.sets(KEYS, max_size=2)), max_size=30)


def numbers(count: int) -> CountedMapping[int, int]:
    return CountedMapping({number: number for number in range(count)})


@given(st.dictionaries(KEYS, st.integers()), CHANGES, st.sets(st.integers(0, 30)))
def test_it_has_the_content_and_order_of_a_dict(
    base: dict[int, int], changes: list[tuple[dict[int, int], set[int]]], read_whole_after: set[int]
) -> None:
    plain, mapping = dict(base), layered(dict(base))
    for number, (written, removed) in enumerate(changes):
        mapping = mapping.changed(written, removed)
        plain.update(written)
        for key in removed:
            plain.pop(key, None)
        assert [mapping.get(key) for key in range(13)] == [plain.get(key) for key in range(13)]
        assert [key in mapping for key in range(13)] == [key in plain for key in range(13)]
        if number in read_whole_after:
            assert list(mapping.items()) == list(plain.items())
    assert list(mapping.items()) == list(plain.items())
    assert (list(mapping), list(mapping.values()), len(mapping)) == (list(plain), list(plain.values()), len(plain))
    assert mapping == plain == mapping


@given(CHANGES)
def test_a_change_leaves_the_mappings_before_it_as_they_were(changes: list[tuple[dict[int, int], set[int]]]) -> None:
    snapshots: list[tuple[LayeredMapping[int, int], dict[int, int]]] = []
    plain, mapping = {1: 1, 2: 2}, layered({1: 1, 2: 2})
    for written, removed in changes:
        snapshots.append((mapping, dict(plain)))
        mapping = mapping.changed(written, removed)
        plain = {key: value for key, value in (plain | written).items() if key not in removed}
    for before, expected in snapshots:
        assert before == expected


def test_changes_of_a_large_mapping_do_not_read_all_of_it() -> None:
    base = numbers(10_000)
    mapping = layered(base)
    for number in range(4_000):
        mapping = mapping.changed({number: -number})
    assert (mapping[3_999], mapping[9_999]) == (-3_999, 9_999)
    assert base.reads == 0


def test_many_changes_leave_few_layers() -> None:
    mapping = layered(numbers(100_000))
    for number in range(2_000):
        mapping = mapping.changed({number: 0, number + 1: 0})
    assert len(mapping.layers) <= 12


def test_a_mapping_that_was_changed_as_a_whole_is_one_dict_again() -> None:
    mapping = layered(numbers(100))
    for number in range(100):
        mapping = mapping.changed({number: -number})
    assert isinstance(mapping.base, dict)

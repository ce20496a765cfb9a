"""Tests that a value behaves like a frozen dataclass, apart from the check at run time."""

from __future__ import annotations

from dataclasses import field, replace

import pytest
from pydantic import TypeAdapter, ValidationError

from reconciler.values import value


@value
class Key:
    """Two fields; the second is secret."""

    name: str
    secret: str = field(default="", repr=False)


@value
class Call:
    """One field counts, one does not."""

    number: int
    note: str = field(default="", compare=False)


@value
class Nothing:
    """No field."""


def test_equal_fields_make_equal_values_with_one_hash() -> None:
    assert Key("a", "b") == Key(name="a", secret="b")
    assert len({Key("a"), Key("a"), Key("b")}) == 2
    assert Nothing() == Nothing()


def test_values_of_two_classes_differ() -> None:
    assert len({Nothing(), Call(1), Key("1")}) == 3


def test_a_field_may_be_left_out_of_the_comparison() -> None:
    assert Call(1, "first") == Call(1, "again")
    assert hash(Call(1, "first")) == hash(Call(1, "again"))


def test_a_secret_is_not_represented() -> None:
    assert repr(Key("a", "b")) == "Key(name='a')"


def test_a_copy_with_another_field_is_made_by_replace() -> None:
    assert replace(Key("a", "b"), name="c") == Key("c", "b")


def test_an_unknown_field_can_be_neither_set_nor_read_from_json() -> None:
    with pytest.raises(AttributeError):
        Key("a").other = 1  # type: ignore[attr-defined]  # that is what is tested
    with pytest.raises(ValidationError):
        TypeAdapter(Key).validate_python({"name": "a", "other": 1})


def test_a_method_of_the_class_is_kept() -> None:
    @value
    class Secret:
        word: str

        def __repr__(self) -> str:
            return "***"

    assert repr(Secret("a")) == "***"

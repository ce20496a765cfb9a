"""The search finds every mark in every encoding, and nothing else."""

from __future__ import annotations

import pytest

from tests.secrets.planted import PLACES, found
from tests.support.writings import WRITINGS


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_mark_is_found_however_it_is_written(writing: str) -> None:
    place = "KLING_API_KEY"
    assert found([("a log", f"x{WRITINGS[writing](PLACES[place])}y".encode())]) == [f"{place} in a log"]


@pytest.mark.parametrize("place", PLACES)
def test_each_mark_is_found_and_distinguished(place: str) -> None:
    assert found([("a log", f"it is {PLACES[place]}.".encode())]) == [f"{place} in a log"]


def test_a_token_is_found_by_any_part() -> None:
    assert found([("a log", b"payload eyJpc3MiOiJBSyIsImV4cCI6MX0 end")], more=["head.eyJpc3MiOiJBSyIsImV4cCI6MX0.sig"])


def test_nothing_is_found_in_what_holds_nothing() -> None:
    assert (
        found([("a log", b"Applied: 3 done; 7 calls in 1.1 s. https://***@cdn.example.com/hero.mp3?#sha256:1f")]) == []
    )

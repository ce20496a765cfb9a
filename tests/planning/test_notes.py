"""What a plan notes of voices before they are paid for."""

from __future__ import annotations

from typing import Any

from tests.planning import cases

NEAR = "http://10.0.0.5/a.mp3"
OUT_OF_REACH = "voice_url: Kling can't reach 10.0.0.5, a private address; use a public URL"


def notes(voices: dict[str, Any], *records: str) -> tuple[str, ...]:
    """`records` are ready, and made of what is declared; `narrator@1`."""
    made = {name: {"status": "ready", **voices[name.partition("@")[0]]} for name in records}
    return cases.plan({"voices": voices, "records": made}).notes


def of(link: str) -> dict[str, Any]:
    return {"create": {"voice_url": link}}


def test_a_link_that_its_cloud_can_t_reach_is_noted_before_it_is_paid_for() -> None:
    assert notes({"hero": of(NEAR)}) == (f"hero: {OUT_OF_REACH}",)


def test_a_voice_that_is_there_needs_its_link_no_more() -> None:
    assert notes({"hero": of(NEAR)}, "hero@1") == ()

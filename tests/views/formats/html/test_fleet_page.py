"""The page of a fleet: a row for each voice, from the state and from the manifest."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.state import Status
from reconciler.views.formats.html import fleet_page
from reconciler.views.formats.html.fleet_page import FleetPage, VoiceRow
from tests.views.formats.html.pages import CONTEXT, record, small_fleet, state_of


def small_page() -> FleetPage:
    fleet, heard = small_fleet()
    return fleet_page.page(fleet, replace(CONTEXT, recordings=heard))


def row(address: str) -> VoiceRow:
    [found] = [each for each in small_page().rows if each.address == address]
    return found


def test_every_voice_has_a_row_by_its_address() -> None:
    page = small_page()
    assert [(each.address, each.status, each.tone) for each in page.rows] == [
        ("audio.fireworks", "Expired", "wrong"),
        ("ghost", "Failed", "wrong"),
        ("mini", "Ready", "calm"),
        ("narrator", "Ready", "calm"),
        ("newcomer", "Not made yet", "open"),
    ]
    assert page.counts == (("Ready", 2), ("Not made yet", 1), ("Failed", 1), ("Expired", 1))


def test_a_row_says_who_uses_the_voice_and_how_it_sounds() -> None:
    narrator = row("narrator")
    assert (narrator.name, narrator.labels) == ("Narrator EN", (("used_by", "audiobook-app"), ("team", "sound")))
    assert [each.title for each in narrator.players] == ["Sample", "How it sounds"]
    assert narrator.made == "Made 2026-10-11"
    assert row("ghost").made == "Begun 2026-10-11"
    assert row("audio.fireworks").expires == "Expired 2026-11-19"


def test_an_old_voice_stands_beside_the_new_one() -> None:
    [old] = row("narrator").others
    assert (old.status, old.voice_id) == ("Replaced", "850087542757535836")
    assert [each.title for each in old.players] == ["How it sounds"]


def test_a_failure_says_why() -> None:
    assert row("ghost").message == "the sample holds two voices"


def test_languages_are_those_of_the_inputs() -> None:
    assert row("mini").languages == ("en", "zh")


def test_a_consent_that_ends_or_ended_is_marked() -> None:
    consents = {
        each.address: each.consent and (each.consent.owner, each.consent.until, each.consent.state)
        for each in small_page().rows
    }
    assert consents == {
        "audio.fireworks": None,
        "ghost": ("Bo", "2026-11-30", "soon"),
        "mini": ("Cy", "2026-11-01", "over"),
        "narrator": ("Ada Example", "", "held"),
        "newcomer": None,
    }


def test_a_voice_that_left_the_manifest_is_marked() -> None:
    assert row("audio.fireworks").kind == "no longer declared"
    assert row("mini").kind == "made elsewhere"


def test_without_a_manifest_nothing_is_said_about_it() -> None:
    fleet, _ = small_fleet()
    page = fleet_page.page(replace(fleet, manifest=None, notes=("broken",)), CONTEXT)
    assert [each.address for each in page.rows] == ["audio.fireworks", "ghost", "mini", "narrator"]
    assert (page.known, page.notes, page.rows[0].kind) == (False, ("broken",), "sound")


def test_values_of_the_environment_are_replaced() -> None:
    fleet, _ = small_fleet()
    page = fleet_page.page(replace(fleet, hidden=lambda text: text.replace("Narrator", "${env:NAME}")), CONTEXT)
    assert [each.name for each in page.rows if each.address == "narrator"] == ["${env:NAME} EN"]


def test_a_status_that_the_page_does_not_know_is_shown_as_it_is() -> None:
    fleet, _ = small_fleet()
    state = state_of(record("a", 1, status=Status.UNCERTAIN, voice_id=None), record("b", 2, status=Status.ABANDONED))
    page = fleet_page.page(replace(fleet, state=state, manifest=None), CONTEXT)
    assert [each.status for each in page.rows] == ["Outcome unknown", "Released"]
    assert all(
        str(status) in fleet_page._STATUSES for status in Status if status not in (Status.DELETED, Status.LAPSED)
    )

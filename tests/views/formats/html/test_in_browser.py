"""Pages in a real browser: quick, silent, closed, for every reader, on paper and without scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.model.plan import Plan
from reconciler.model.recordings import AudioChoice, Recording, Recordings
from reconciler.sandbox.sounds import beep
from reconciler.views.formats.html import document
from reconciler.views.render_options import RenderOptions
from tests.support.shelf import shelf
from tests.views.conftest import NOW
from tests.views.formats.html.browser import Opener, chromium
from tests.views.formats.html.pages import CONTEXT, hostile_fleet, large_fleet, record, small_fleet, state_of
from tests.views.hostile_plan import hostile_plan

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

PLAIN = RenderOptions()
QUICK = 2000.0  # milliseconds
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
ROWS = "tbody [data-item]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def opens(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    before = list(browser.contexts)
    yield Opener(browser, tmp_path)
    for context in browser.contexts:
        if context not in before:
            context.close()


def fleet_page(count: int = 0) -> str:
    """A large fleet, or the small one."""
    fleet, heard = large_fleet(count) if count else small_fleet()
    return document.fleet(fleet, replace(CONTEXT, recordings=heard), PLAIN)


def plan_page(plan: Plan) -> str:
    heard = Recordings(AudioChoice.LINK, declared={"hero": Recording("https://cdn.example.com/hero-2.mp3")})
    return document.plan(plan, replace(CONTEXT, recordings=heard), PLAIN)


@pytest.fixture
def pages(plan: Plan) -> dict[str, str]:
    return {"fleet": fleet_page(), "plan": plan_page(plan), "drift": document.drift(plan, None, CONTEXT, PLAIN)}


# -- quick and closed --------------------------------------------------------------------------------------------------


def test_a_thousand_voices_open_at_once_ask_for_nothing_and_run_nothing(opens: Opener) -> None:
    opened = opens(fleet_page(1000))
    opened.page.locator("#found", has_text="1000 voices").wait_for()
    assert opened.page.evaluate(LOADED) < QUICK  # by the browser's own clock: its start does not count
    assert (opened.asked, opened.trouble) == ([], [])
    assert opened.page.locator(ROWS).count() == 1000
    assert opened.page.locator("img").count() == 0
    assert opened.page.get_by_text("<img src=x onerror=alert(1)>").count() == 1


def test_ten_thousand_voices_open_too(opens: Opener) -> None:
    opened = opens(fleet_page(10_000))
    opened.page.fill("#find", "voice_09999")
    opened.page.locator("#found", has_text="1 of 10000 voices").wait_for()
    assert opened.trouble == []


def test_hostile_names_run_nothing(opens: Opener) -> None:
    fleet, heard = hostile_fleet()
    context, plan = replace(CONTEXT, recordings=heard), hostile_plan()
    for page in (
        document.fleet(fleet, context, PLAIN),
        document.plan(plan, context, PLAIN),
        document.drift(plan, None, context, PLAIN),
    ):
        opened = opens(page)
        opened.page.mouse.wheel(0, 100_000)
        assert (opened.asked, opened.trouble) == ([], [])


def test_a_script_that_came_into_the_page_all_the_same_would_not_run(opens: Opener) -> None:
    holed = fleet_page().replace("<h1>", "<script>alert(1)</script><img src=x onerror=alert(2)><h1>", 1)
    opened = opens(holed)
    assert len(opened.trouble) >= 2
    assert all("Content Security Policy" in each for each in opened.trouble)


# -- sound -------------------------------------------------------------------------------------------------------------


def _played(opener: Opener, source: str, audio: AudioChoice) -> list[str]:
    """What is asked for when the only recording is played to its end."""
    narrator = record("narrator", 1)
    heard = Recordings(audio, trials={narrator.external_task_id: Recording(source)})
    fleet = replace(small_fleet()[0], state=state_of(narrator), manifest=None)
    opened = opener(document.fleet(fleet, replace(CONTEXT, recordings=heard), PLAIN))
    assert opened.asked == []
    opened.page.locator("audio").evaluate(
        "audio => new Promise((done, fail) => {"
        " audio.onended = done; audio.onerror = fail; audio.play().catch(fail); })"
    )
    assert opened.trouble == []
    return opened.asked


def test_an_embedded_sound_is_heard_without_a_request(opens: Opener) -> None:
    import base64

    source = f"data:audio/wav;base64,{base64.b64encode(beep('a')).decode()}"
    assert [url for url in _played(opens, source, AudioChoice.INLINE) if not url.startswith("data:")] == []


def test_a_linked_sound_is_asked_for_when_it_is_played(opens: Opener) -> None:
    with shelf(**{"a.wav": beep("a")}) as held:
        asked = _played(opens, f"{held.url}/a.wav?signature=trial", AudioChoice.LINK)
        assert asked == [f"{held.url}/a.wav?signature=trial"]
        assert set(held.asked) == {"/a.wav?signature=trial"}


def test_a_long_page_has_its_players_first_where_it_is_looked_at(opens: Opener) -> None:
    opened = opens(fleet_page(1000))
    first, last = opened.page.locator(ROWS).first, opened.page.locator(ROWS).last
    first.locator("audio").first.wait_for()
    assert opened.page.locator("audio").count() < 200
    last.scroll_into_view_if_needed()
    last.locator("audio").first.wait_for()
    assert last.locator("audio").first.get_attribute("preload") == "none"
    assert opened.asked == []


def test_a_long_page_has_all_its_players_in_the_end(opens: Opener) -> None:
    opened = opens(fleet_page(200))
    opened.page.locator("audio").nth(2 * 200 - 1).wait_for(state="attached")
    assert opened.page.locator("audio").count() == 2 * 200
    assert (opened.asked, opened.trouble) == ([], [])


# -- every reader ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["fleet", "plan", "drift"])
def test_axe_finds_nothing_serious(opens: Opener, pages: dict[str, str], name: str, scheme: str, width: int) -> None:
    axe = os.environ.get("VOICECTL_AXE")
    if not axe:
        pytest.skip("needs axe-core: npm install axe-core, and VOICECTL_AXE names its axe.min.js")
    page = opens(pages[name], scheme=scheme, width=width).page
    page.evaluate(Path(axe).read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run({ resultTypes: ['violations'] })).violations")
    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []


@pytest.mark.parametrize("name", ["fleet", "plan", "drift"])
def test_nothing_sticks_out_of_a_narrow_page(opens: Opener, pages: dict[str, str], name: str) -> None:
    assert opens(pages[name], width=360).page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_huge_name_does_not_widen_the_page(opens: Opener) -> None:
    fleet = replace(small_fleet()[0], state=state_of(record("a", 1, voice_name="x" * 5000)), manifest=None)
    for width in (360, 1440):
        page = opens(document.fleet(fleet, CONTEXT, PLAIN), width=width).page
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_keyboard_reaches_the_filter_and_the_count_is_spoken(opens: Opener) -> None:
    page = opens(fleet_page()).page
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("audiobook")
    page.locator("#found", has_text="1 of 5 voices").wait_for()
    assert page.locator("#found").get_attribute("aria-live") == "polite"
    assert page.locator(f"{ROWS}:visible").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "kind"
    page.fill("#find", "")
    page.select_option("#kind", "Failed")
    page.locator("#found", has_text="1 of 5 voices").wait_for()


def test_the_skip_link_leads_past_the_head(opens: Opener) -> None:
    page = opens(fleet_page()).page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_an_id_is_copied_by_the_keyboard(opens: Opener) -> None:
    opened = opens(fleet_page(), permissions=["clipboard-read", "clipboard-write"])
    button = opened.page.get_by_role("button", name="Copy the ID of narrator").first
    button.focus()
    opened.page.keyboard.press("Enter")
    opened.page.locator("#spoken", has_text="Copied 850087542757535835").wait_for(state="attached")
    assert opened.page.evaluate("navigator.clipboard.readText()") == "850087542757535835"


def test_a_filter_hides_groups_without_a_match(opens: Opener, pages: dict[str, str]) -> None:
    page = opens(pages["plan"]).page
    page.select_option("#kind", "replace")
    assert page.locator("section[data-group]:visible h2").all_inner_texts() == ["Replace 1"]


@pytest.mark.parametrize("count", [0, 300])
def test_without_scripts_everything_is_read_and_heard(opens: Opener, count: int) -> None:
    page = opens(fleet_page(count), java_script_enabled=False).page
    assert page.locator(f"{ROWS}:visible").count() == (count or 5)
    assert page.locator("#finder:visible, .copy:visible").count() == 0
    assert page.locator("audio").count() == (2 * count or 4)


# -- on paper ----------------------------------------------------------------------------------------------------------


def test_a_printed_page_has_every_row(opens: Opener) -> None:
    page = opens(fleet_page(300)).page
    page.emulate_media(media="print")
    rows = page.locator(ROWS)
    empty = rows.evaluate_all("rows => rows.filter(row => row.querySelector('.address').offsetHeight < 5).length")
    assert (rows.count(), empty) == (300, 0)
    assert page.locator("audio:visible, #finder:visible, .copy:visible").count() == 0
    assert page.pdf(format="A4").count(b"/Type /Page\n") >= 10


def test_an_expiry_is_shown_on_its_day(opens: Opener) -> None:
    fleet = replace(
        small_fleet()[0], state=state_of(record("audio.x", 1, expires_at=NOW + timedelta(days=3))), manifest=None
    )
    assert "Expires 2026-11-23" in opens(document.fleet(fleet, CONTEXT, PLAIN)).page.inner_text("main")

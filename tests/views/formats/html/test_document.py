"""Pages as files: golden, the same every time, closed by their policy, and without a hole for hostile text."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest

from reconciler.model.plan import Plan
from reconciler.model.recordings import AudioChoice, Recording, Recordings
from reconciler.model.survey import Survey
from reconciler.views.escape import HOSTILE as UNSEEN
from reconciler.views.formats.html import document
from reconciler.views.render_options import RenderOptions
from tests.views.formats.html.pages import CONTEXT, hostile_fleet, large_fleet, small_fleet, taken
from tests.views.hostile import HOSTILE
from tests.views.hostile_plan import hostile_plan

PLAIN = RenderOptions()
WORDS = (
    "html head meta link title style body a header main footer div section article h1 h2 h3 p span bdi dl dt dd ul li "
    "form label input select option table caption thead tbody tr th td code button audio script"
)
ELEMENTS = set(WORDS.split())


def fleet_page() -> str:
    fleet, heard = small_fleet()
    return document.fleet(fleet, replace(CONTEXT, recordings=heard), PLAIN)


def plan_page(plan: Plan) -> str:
    heard = Recordings(AudioChoice.LINK, declared={"hero": Recording("https://cdn.example.com/hero-2.mp3")})
    return document.plan(plan, replace(CONTEXT, recordings=heard, planfile="saved.plan"), PLAIN)


def hostile_pages() -> list[str]:
    fleet, heard = hostile_fleet()
    hostile, context = hostile_plan(), replace(CONTEXT, manifest=HOSTILE[0], recordings=heard)
    pages = [document.plan(hostile, context, PLAIN), document.drift(hostile, None, context, PLAIN)]
    return [*pages, document.fleet(fleet, context, PLAIN)]


def body(page: str) -> str:
    """The page without its style and script, which are the same for all."""
    short = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", page, flags=re.DOTALL)
    return re.sub(r"sha256-[^']*", "sha256-…", short)


def test_the_pages_are_as_written(plan: Plan, golden: Callable[[str, str], None]) -> None:
    golden("pages/fleet.html", body(fleet_page()))
    golden("pages/plan.html", body(plan_page(plan)))
    golden("pages/drift.html", body(document.drift(plan, None, CONTEXT, PLAIN)))


def test_a_page_is_the_same_every_time(plan: Plan) -> None:
    assert fleet_page() == fleet_page()
    assert plan_page(plan) == plan_page(plan)


def test_the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else() -> None:
    page = fleet_page()
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    allowed = dict(part.strip().split(" ", 1) for part in unescape(policy).split(";"))
    for element, rule in (("style", "style-src"), ("script", "script-src")):
        [source] = re.findall(rf"<{element}>(.*?)</{element}>", page, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert allowed.pop(rule) == f"'sha256-{digest}'"
    assert allowed == {
        "default-src": "'none'",
        "img-src": "data:",
        "media-src": "https:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert page.index("Content-Security-Policy") < page.index("<style>")


@pytest.mark.parametrize(
    ("heard", "sources"),
    [
        (Recordings(), "'none'"),
        (Recordings(AudioChoice.INLINE, {"a": Recording("data:audio/wav;base64,AA")}), "data:"),
        (Recordings(AudioChoice.LINK), "'none'"),
        (Recordings(AudioChoice.LINK, {"a": Recording("https://h/a"), "b": Recording("http://h/b")}), "http: https:"),
        (Recordings(AudioChoice.LINK, {"a": Recording("javascript:alert(1)")}), "'none'"),
    ],
)
def test_sound_comes_only_from_where_the_recordings_are(plan: Plan, heard: Recordings, sources: str) -> None:
    page = document.plan(plan, replace(CONTEXT, recordings=heard), PLAIN)
    assert f"media-src {sources};" in unescape(page)


def test_a_page_links_to_nothing_but_recordings() -> None:
    page = taken(fleet_page())
    assert set(page.values("href")) == {"#main", "data:,"}
    assert all(tag in ("audio",) for tag, attributes in page.elements if "src" in attributes)
    assert {attributes["preload"] for tag, attributes in page.elements if tag == "audio"} == {"none"}
    assert page.values("style") == []


def test_signed_links_come_with_a_warning() -> None:
    fleet, heard = small_fleet()
    unsigned = document.fleet(fleet, replace(CONTEXT, recordings=replace(heard, signed=False)), PLAIN)
    assert "Whoever has the page can play them" in fleet_page()
    assert "Whoever has the page can play them" not in unsigned


def test_hostile_text_makes_no_element_and_no_attribute() -> None:
    for page in map(taken, hostile_pages()):
        assert page.tags <= ELEMENTS
        assert sum(tag == "script" for tag, _ in page.elements) == 1
        assert [name for name in page.attributes if name.startswith("on")] == []
        assert [link for link in page.values("href") if link not in ("#main", "data:,")] == []


def test_text_that_hides_or_reorders_other_text_is_made_visible() -> None:
    for page in map(body, hostile_pages()):
        assert UNSEEN.findall(page.replace("\n", "")) == []
        assert r"\u202eevil" in page
        assert r"\x1b[31mred" in page


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_shown_as_it_is(text: str) -> None:
    from reconciler.views.escape import escape

    *_, fleet = hostile_pages()
    assert escape(text) in "".join(taken(fleet).texts)


def test_a_stream_without_utf8_gets_the_same_page_in_ascii(plan: Plan) -> None:
    ascii_only = document.plan(plan, CONTEXT, RenderOptions(encoding="ascii"))
    assert ascii_only.isascii()
    assert taken(ascii_only).elements == taken(document.plan(plan, CONTEXT, PLAIN)).elements


def test_a_page_of_drift_without_a_state_says_what_the_accounts_hold(plan: Plan) -> None:
    survey = Survey(stateless=True, absent={"kling": ["narrator"]}, unseen=("vod: no credentials",))
    page = document.drift(replace(plan, drift=()), survey, CONTEXT, PLAIN)
    assert "kling: 1 declared, but do not exist: narrator" in page
    assert "vod: no credentials" in page


def test_a_long_page_lays_out_what_is_in_view() -> None:
    fleet, heard = large_fleet(document.MANY + 1)
    long = document.fleet(fleet, replace(CONTEXT, recordings=heard), PLAIN)
    assert '<body class="many">' in long
    assert long.count("<noscript><audio") == 2 * (document.MANY + 1)  # for a reader without scripts, such as in mail
    assert '<body class="many">' not in fleet_page()

"""The page of drift: the voices by kind."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.plan import DriftKind, Plan
from reconciler.model.recordings import AudioChoice, Recording, Recordings
from reconciler.views.formats.html import drift_page
from reconciler.views.render_options import RenderOptions
from tests.views.formats.html.pages import CONTEXT

OPTIONS = RenderOptions(global_options="-f studio.yaml")


def test_drift_is_grouped_by_kind_the_worst_first(plan: Plan) -> None:
    page = drift_page.page(plan, None, CONTEXT, OPTIONS)
    assert [(group.heading, [card.address for card in group.cards]) for group in page.groups] == [
        ("Gone", ["lost"]),
        ("Renamed", ["mayor"]),
        ("Surplus", ["a voice"]),
    ]
    assert page.accept == "voicectl -f studio.yaml drift --accept ADDRESS"
    assert page.kinds == (("gone", "Gone"), ("renamed", "Renamed"), ("surplus", "Surplus"))


def test_every_kind_has_a_heading() -> None:
    assert set(drift_page._HEADINGS) == set(DriftKind)


def test_a_drifted_voice_is_heard_by_its_sample(plan: Plan) -> None:
    heard = Recordings(AudioChoice.LINK, declared={"lost": Recording("https://h/lost.mp3")})
    page = drift_page.page(plan, None, replace(CONTEXT, recordings=heard), OPTIONS)
    assert [each.title for each in page.groups[0].cards[0].players] == ["The declared sample"]

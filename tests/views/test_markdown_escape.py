"""Foreign text in Markdown is text, in a table and outside of one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.views.escape import escape
from reconciler.views.markdown_escape import code, mark, prose
from tests.views import gfm
from tests.views.hostile import HOSTILE

TABLE = "| A | B |\n| --- | --- |\n"
ACTIVE = re.compile(r"[@#*_~\[\]<>$^=]|\w/\w|www\.|://|\b[0-9a-f]{7,}\b")  # what GitHub or GitLab makes something of


def in_a_table(text: str) -> gfm.Read:
    return gfm.read(f"{TABLE}| {code(text)} | {prose(text)} |\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_as_it_is(text: str) -> None:
    found = in_a_table(text)
    [[as_code, as_prose]] = found.rows
    assert as_code == escape(text)
    assert as_prose == " ".join(escape(text).split()).replace("->", "→") or as_prose == " ".join(escape(text).split())
    assert found.html == []
    assert found.kinds <= {*["table_open", "thead_open", "tr_open", "th_open", "inline", "th_close", "tr_close"]} | {
        *["thead_close", "tbody_open", "td_open", "td_close", "tbody_close", "table_close", "text", "code_inline"]
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_forge_makes_links_or_mentions_of_is_outside_of_code(text: str) -> None:
    assert [plain for plain in in_a_table(text).plain if plain != "[" and ACTIVE.search(plain)] == []


@given(st.text(alphabet=st.sampled_from("`|\\ <>&;#[]()*_~@a1\n\u202e") | st.characters(codec="utf-8"), max_size=30))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    found = gfm.read(f"{TABLE}| x{code(text)}y | {prose(text)} |\n")
    [[as_code, as_prose]] = found.rows
    assert as_code == f"x{escape(text)}y"
    assert as_prose.replace("→", "->") == " ".join(escape(text).split()).replace("→", "->")
    assert (found.html, len(found.rows)) == ([], 1)


def test_a_sentence_stays_readable() -> None:
    assert prose("voice_name, voice_url differs (24h): it's 30 % of 1,000.") == (
        "`voice_name`, `voice_url` differs (`24h`): it's 30 % of 1,000."
    )


@pytest.mark.parametrize("name", ["voices.yaml", "studio/voices.yaml", *HOSTILE])
def test_a_mark_is_one_comment_that_no_name_ends(name: str) -> None:
    written = mark("plan", name)
    assert re.fullmatch(r"<!-- voicectl:plan:[\w./%-]* -->", written, re.ASCII)
    assert written.count("--") == 2
    assert gfm.read(f"{written}\n\nafter").words == "after\n"


def test_two_names_have_two_marks() -> None:
    assert len({mark("plan", name) for name in (*HOSTILE, "a--b", "a-%2Db", "voices.yaml", "x/voices.yaml")}) == (
        len(HOSTILE) + 4
    )

"""Text as wide as a terminal shows it, folded to fit a screen."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from reconciler.hints import command
from reconciler.views.hints import command_line
from reconciler.views.render_options import RenderOptions
from reconciler.views.screen import fitted
from reconciler.views.wrap import folded, padded, width


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("Narrator", 8),
        ("语音", 4),
        ("ナレーター", 10),
        ("ﾅﾚ", 2),
        ("한국", 4),
        ("Ｆ", 2),
        ("é", 1),
        ("e\u0301", 1),
        ("ก็", 1),
        ("🎙", 1),
        ("🎙\ufe0f", 2),
        ("❤\ufe0f", 2),
        ("🚀", 2),
        ("👨\u200d👩\u200d👧", 2),
        ("👍🏽", 2),
        ("→ …", 3),
    ],
)
def test_a_text_has_the_columns_that_a_terminal_gives_it(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    "text", ["语音 mixed", "ナレーター", "e\u0301te\u0301", "🚀 go", "한국어", "Ｆｕｌｌ", "plain"]
)
def test_rich_measures_the_same_width(text: str) -> None:
    assert width(text) == cell_len(text)


def test_padding_counts_columns() -> None:
    assert padded("语音", 6) == "语音  "
    assert padded("long", 2) == "long"


def test_a_line_that_fits_stays() -> None:
    assert folded("  two  columns", 14) == "  two  columns"


def test_a_line_that_does_not_is_broken_at_blanks_and_set_in() -> None:
    assert folded("  ! blocked hero (kling): its creation failed: two voices", 30) == (
        "  ! blocked hero (kling): its\n      creation failed: two\n      voices"
    )
    assert folded("-/+ replace hero (kling): voice_url differs", 30) == (
        "-/+ replace hero (kling):\n      voice_url differs"
    )
    assert folded("      a hint of some more words", 24) == "      a hint of some\n        more words"
    assert folded("Some prose without an end.", 12) == "Some prose\nwithout an\nend."


def test_columns_keep_their_blanks() -> None:
    assert folded('      voice_url  "https://a" -> "https://b"', 36) == (
        '      voice_url  "https://a" ->\n        "https://b"'
    )


def test_a_command_is_never_broken() -> None:
    options = RenderOptions(columns=40, global_options="-f studio.yaml")
    typed = command_line(command("--retry hero"), options)
    assert fitted(f"To pay for the same again: {typed}; or change its inputs.", options) == (
        "To pay for the same again:\n  voicectl -f studio.yaml apply --retry hero;\n  or change its inputs."
    )


def test_colours_have_no_width() -> None:
    assert folded("\x1b[1mone two\x1b[0m three", 14) == "\x1b[1mone two\x1b[0m three"
    assert folded("\x1b[1mone two\x1b[0m three", 8) == "\x1b[1mone two\x1b[0m\nthree"

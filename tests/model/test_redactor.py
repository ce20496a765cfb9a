"""A known secret is redacted in every encoding; an unknown secret is recognised by its form."""

from __future__ import annotations

import pytest

from reconciler.model.redactor import Redactor
from tests.support.writings import WRITINGS

SECRET = "s3cr3t-K3y/of+the=account&0123"
LETTERS = "".join(c for c in SECRET if c.isalnum())


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_known_secret_is_blanked_however_it_is_written(writing: str) -> None:
    written = WRITINGS[writing](SECRET)
    redacted = Redactor(lambda: [SECRET])(f"it said {written} / bye", limit=10_000)
    assert redacted.startswith("it said")
    assert redacted.endswith("bye")
    assert "***" in redacted
    letters = "".join(c for c in redacted if c.isalnum())
    shown = "".join(c for c in written if c.isalnum())
    assert not [i for i in range(len(LETTERS) - 7) if LETTERS[i : i + 8] in letters]
    assert len(letters) <= len("itsaidbye") + max(18, len(shown) // 4), redacted  # the edges of an encoding may stay


def test_nothing_else_is_blanked() -> None:
    words = "Task not found by id/external id: vc-0123abcd-narrator-deadbeef-1 (100 %, a && b, C:\\new)"
    assert Redactor(lambda: [SECRET, "key-of-32-characters-01234567890"])(words) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bearer abc.def, no", "bearer ***, no"),
        ('{"Authorization": "Basic dTpw"}', '{"Authorization": "***"}'),
        ("token eyJhbGciOi.eyJpc3Mi.c2ln end", "token *** end"),
        ("payload eyJpc3MiOiJBSyIsImV4cCI6MX0 end", "payload *** end"),
        ("https://user:pw@host/a.mp3 no", "https://***@host/a.mp3 no"),
        ("socks5://user:pw@host no", "socks5://***@host no"),
        ("https://host/a.mp3?sig=abc&x=1 no", "https://host/a.mp3?*** no"),
        ("https://host/a.mp3?sig=a\nbc\nd e", "https://host/a.mp3?*** e"),
        ("https://host/a.mp3#token=abc no", "https://host/a.mp3#*** no"),
        ("…/a.mp3?sig=abc no", "…/a.mp3?*** no"),
        (r"https:\/\/host\/a.mp3?sig=a\u0026b=c no", r"https:\/\/host\/a.mp3?*** no"),
        ("https%3A%2F%2Fhost%2Fa.mp3%3Fsig%3Dabc%26x%3D1 no", "https%3A%2F%2Fhost%2Fa.mp3%3F*** no"),
        ("https%3A%2F%2Fuser%3Apw%40host no", "https%3A%2F%2F***%40host no"),
        ("why? because a=b", "why? because a=b"),
        ("a\n\x1b[2Jb", "a [2Jb"),
    ],
)
def test_a_secret_is_recognized_by_its_form(text: str, shown: str) -> None:
    assert Redactor()(text) == shown


def test_a_short_secret_is_blanked_as_a_word_only() -> None:
    assert Redactor(lambda: ["pw1!"])("pw1! spw1!s") == "*** spw1!s"
    assert Redactor(lambda: ["abc"])("abc") == "abc"


def test_secrets_are_read_each_time_and_more_may_be_given_for_once() -> None:
    known: list[str] = []
    scrubber = Redactor(lambda: known)
    assert scrubber("first-token-1") == "first-token-1"
    known.append("first-token-1")
    assert scrubber("first-token-1 other-token-2") == "*** other-token-2"
    assert scrubber("first-token-1 other-token-2", also=["other-token-2"]) == "*** ***"


def test_words_are_cut_after_they_were_scrubbed() -> None:
    redacted = Redactor(lambda: [SECRET])("a" * 20 + SECRET, limit=25)
    assert redacted == "a" * 20 + "***"
    assert Redactor()("b" * 301) == "b" * 297 + "..."

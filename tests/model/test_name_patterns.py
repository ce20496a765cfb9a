"""Patterns of names: they fit like Python's expressions, and are quick for every text."""

from __future__ import annotations

import re
import time
from itertools import product

import pytest

from reconciler.model.name_patterns import fits

TEXTS = ["", *("".join(letters) for size in (1, 2, 3, 4) for letters in product("ab_1", repeat=size)), "ünïcode", "a.b"]


@pytest.mark.parametrize(
    "pattern",
    [
        "[a-z0-9_]+",
        "[a-z]+(_[a-z0-9]+)*",
        "^a.*$",
        "(a|b|ab)*1?",
        "a{2}",
        "a{1,}",
        "a{1,2}b",
        "(a{0,2}_){0,2}",
        r"\w+\.\w",
        r"[^_\d]*",
        r"\d|\D_",
        r"[\]a-]+",
        "(?:a?b?)+",
        "a||b",
        "()*",
        "(a*)*",
        r"a\$?",
    ],
)
def test_a_pattern_fits_what_pythons_own_fits(pattern: str) -> None:
    expected = [text for text in TEXTS if re.fullmatch(pattern, text)]
    assert [text for text in TEXTS if fits(pattern, text)] == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "(a|a)*b",
        "(a|aa)+b",
        "a*a*a*a*a*a*a*a*a*a*b",
        "((((((a*)*)*)*)*)*)*b",
        "((a{0,30}){0,30})b",
        "(.*.*)*b",
    ],
)
def test_no_pattern_is_slow(pattern: str) -> None:
    began = time.perf_counter()
    assert not fits(pattern, "a" * 1000)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("a)", "a ) without its ("),
        ("(a", "a ( without its )"),
        ("[a", "a [ without its ]"),
        ("[]", "not a set"),
        ("[z-a]", "not a set"),
        ("[[a]", "not a set"),
        ("[a--b]", "not a set"),
        ("*a", "nothing before *"),
        ("a**", "nothing before *"),
        ("a*?{2}", "nothing before"),
        ("{2}", "nothing before {"),
        ("a^b", "a ^ inside"),
        ("(?=a)", "a (?"),
        (r"(a)\1", "has no meaning here"),
        ("a\\", "has no meaning here"),
        ("a{3,2}", "the first number is the larger one"),
        ("((a{99}){99}){99}", "repeats too much"),
        ("(" * 11 + ")" * 11, "more than 10 groups"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str, what: str) -> None:
    with pytest.raises(ValueError, match=re.escape(what)):
        fits(pattern, "a")


def test_a_long_text_fits_no_pattern() -> None:
    assert fits(".*", "a" * 1000)
    assert not fits(".*", "a" * 1001)

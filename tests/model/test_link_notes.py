"""The notes about links in a state, and when a declared link is the same as the link that was sent."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.link_notes import Comparison, Verdict, compare, notes
from reconciler.model.signatures import OLDEST, TODAY, Rules
from reconciler.model.urls import shown

HOST = "https://cdn.example.com/a.mp3"
V = Rules(named=frozenset({"v"}))


def verdict(before: str, now: str, *, rules: Rules = TODAY, then: Rules = TODAY) -> Comparison:
    """A link that was sent under the rules of `then`, and one that is declared now."""
    return compare(shown(before, then), notes(before, then).get(shown(before, then)), now, rules)


def old(before: str, now: str, *, rules: Rules = TODAY) -> Comparison:
    """The same with a link that the version before kept, without a note."""
    return compare(shown(before, OLDEST), None, now, rules)


def test_a_note_names_the_parameters_and_reports_no_value() -> None:
    link = f"{HOST}?v=17&token=s3cr3t-of-many-letters&x%20y=%E6%97%81"
    assert notes({"a": ["see", link]}) == {
        shown(link): "rules=2 "
        + " ".join(f"{name}:{_four(text)}" for name, text in (("v", "v=17"), ("token", "token=s3cr3t-of-many-letters")))
        + f" :{_four('x y=旁')}"
    }
    assert notes(link, V)[shown(link, V)].startswith("rules=2 signing=v v:")


def _four(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:4]


@pytest.mark.parametrize("query", ["s3cr3t-token", "s3cr3t-token=", "c2VjcmV0==", "a=1&s3cr3t-token"])
def test_a_parameter_without_a_value_may_be_a_secret_and_is_not_named(query: str) -> None:
    (note,) = notes(f"{HOST}?{query}").values()
    assert "s3cr3t" not in note
    assert "c2VjcmV0" not in note


def test_a_link_without_a_query_needs_no_note() -> None:
    assert notes(["https://h/a.mp3", "no link", "https://[::1?broken=1"]) == {}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (f"{HOST}?a=1&b=2", f"{HOST}?b=2&a=1"),
        (f"{HOST}?a=1&a=2&b=3", f"{HOST}?b=3&a=1&a=2"),
        (f"{HOST}?a=x+y", f"{HOST}?a=x%20y"),
        (f"{HOST}?a=%2f%e6", f"{HOST}?a=%2F%E6"),
        (f"{HOST}?a=1#one", f"{HOST}?a=1#other"),
        (f"{HOST}?a=1", "HTTPS://CDN.Example.COM:443/a.mp3?a=1"),
        ("http://h.example.com:80?a=1", "http://h.example.com/?a=1"),
        ("https://h.example.com/%7ea%2fb.mp3", "https://h.example.com/~a%2Fb.mp3"),
        (f"{HOST}?sign=1&t=2", HOST),
        (HOST, f"{HOST}?sign=1&t=2"),
        (f"{HOST}?t=1&sign=2&take=3", f"{HOST}?take=3&sign=8&t=9"),
        ("https://u:one@h.example.com/a?a=1", "https://u:two@h.example.com/a?a=1"),
    ],
)
def test_one_link_written_in_two_ways(before: str, now: str) -> None:
    assert verdict(before, now).verdict is Verdict.SAME
    assert verdict(now, before).verdict is Verdict.SAME


@pytest.mark.parametrize(
    ("before", "now", "names"),
    [
        (f"{HOST}?v=1", f"{HOST}?v=2", ("v",)),
        (f"{HOST}?v=1&id=7", f"{HOST}?v=2&id=7", ("v",)),
        (f"{HOST}?v=1&id=7", f"{HOST}?id=8", ("id", "v")),
        (f"{HOST}?a=1&a=2", f"{HOST}?a=2&a=1", ("a",)),
        (f"{HOST}?a=1&a=1", f"{HOST}?a=1", ("a",)),
        (f"{HOST}?a=", f"{HOST}?a=1", ("a", "")),
        (f"{HOST}?a=A", f"{HOST}?a=a", ("a",)),
        (f"{HOST}?n=%C4%E3", f"{HOST}?n=%BA%C3", ("n",)),  # GBK: no UTF-8
        (HOST, f"{HOST}?v=2", ("v",)),
        (f"{HOST}?token=1", f"{HOST}?token=2", ("token",)),
        (f"{HOST}?one-secret", f"{HOST}?other-secret", ("",)),
        (f"{HOST}?sign=1&t=2&v=3", f"{HOST}?sign=4&t=5&v=6", ("v",)),
    ],
)
def test_another_query_names_what_differs(before: str, now: str, names: tuple[str, ...]) -> None:
    assert verdict(before, now) == Comparison(Verdict.OTHER_QUERY, names)


@pytest.mark.parametrize(
    "now",
    [
        "https://cdn.example.com/b.mp3?a=1",
        "https://cdn.example.com/A.mp3?a=1",
        "https://cdn2.example.com/a.mp3?a=1",
        "http://cdn.example.com/a.mp3?a=1",
        "https://cdn.example.com:8443/a.mp3?a=1",
        "https://cdn.example.com/a.mp3/?a=1",
        "https://[::1?a=1",
    ],
)
def test_another_address_is_another_link(now: str) -> None:
    assert verdict(f"{HOST}?a=1", now).verdict is Verdict.OTHER
    assert verdict(now, f"{HOST}?a=1").verdict is Verdict.OTHER


def test_a_parameter_that_is_named_later_only_signs() -> None:
    assert verdict(f"{HOST}?V=1&id=7", f"{HOST}?V=2&id=7", rules=V).verdict is Verdict.RENEWED
    assert verdict(f"{HOST}?V=1&id=7", f"{HOST}?V=2&id=8", rules=V) == Comparison(Verdict.OTHER_QUERY, ("id",))
    assert verdict(f"{HOST}?V=1&id=7", f"{HOST}?V=1&id=7", rules=V).verdict is Verdict.SAME


def test_a_parameter_that_is_not_named_any_more_is_compared_as_it_was() -> None:
    assert verdict(f"{HOST}?v=1&id=7", f"{HOST}?v=2&id=7", then=V).verdict is Verdict.SAME
    assert verdict(f"{HOST}?v=1&id=7", f"{HOST}?v=2&id=8", then=V).verdict is Verdict.OTHER_QUERY
    other = Rules(named=frozenset({"id"}))
    assert verdict(f"{HOST}?v=1&id=7", f"{HOST}?v=1&id=8", then=V, rules=other).verdict is Verdict.RENEWED


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (f"{HOST}?t=1&sign=2", f"{HOST}?t=1&sign=2", Verdict.SAME),  # unchanged: the oldest rules say so
        (f"{HOST}?t=1&sign=2", f"{HOST}?t=3&sign=4", Verdict.RENEWED),
        (f"{HOST}?x-oss-process=1&_upt=2", f"{HOST}?x-oss-process=1&_upt=3", Verdict.RENEWED),
        (f"{HOST}?Expires=1&Signature=2", f"{HOST}?Expires=3&Signature=4", Verdict.SAME),
        (f"{HOST}?Expires=1&Signature=2", HOST, Verdict.SAME),
        (f"{HOST}?v=1", f"{HOST}?v=1", Verdict.SAME),
        (f"{HOST}?v=1", f"{HOST}?v=2", Verdict.OTHER_QUERY),
        (f"{HOST}?token=1", f"{HOST}?token=2", Verdict.OTHER_QUERY),
        (f"{HOST}?t=1&sign=2", f"{HOST.replace('a.mp3', 'b.mp3')}?t=1&sign=2", Verdict.OTHER),
    ],
)
def test_a_link_without_a_note_is_compared_by_the_oldest_rules_first(before: str, now: str, expected: Verdict) -> None:
    assert old(before, now).verdict is expected


def test_what_is_named_keeps_an_old_link_too() -> None:
    assert old(f"{HOST}?v=1", f"{HOST}?v=2", rules=V).verdict is Verdict.RENEWED
    assert old(f"{HOST}?v=1", f"{HOST}?v=1", rules=V).verdict is Verdict.SAME


@pytest.mark.parametrize("note", ["", "rules=", "rules=99 v:1", "gibberish", "rules=2 :::", "~", "rules=2 signing= v"])
def test_a_note_that_was_spoilt_hides_no_difference(note: str) -> None:
    found = compare(shown(f"{HOST}?v=1"), note, f"{HOST}?v=2", TODAY)
    assert found.verdict is Verdict.OTHER_QUERY
    assert compare(shown(f"{HOST}?v=1"), note, f"{HOST}?v=1", TODAY).verdict is Verdict.SAME


TEXT = st.text(min_size=1, max_size=8)
QUERY = st.lists(st.tuples(st.sampled_from(["v", "id", "take", "a b", "é", "x"]), TEXT), max_size=4)
SIGNATURES = st.sampled_from(
    ["sign={0}&t={1}", "X-Amz-Date={0}&X-Amz-Signature={1}", "e={0}&token={1}", "hdnts={0}{1}", "sig={0}&se={1}"]
)
TOKENS = st.text("0123456789abcdef", min_size=4, max_size=8)


def _link(pairs: list[tuple[str, str]], signature: str = "") -> str:
    parameters = [f"{quote(name)}={quote(value)}" for name, value in pairs]
    return f"{HOST}?{'&'.join([*parameters, *filter(None, [signature])])}"


@given(QUERY, SIGNATURES, st.tuples(TOKENS, TOKENS), st.tuples(TOKENS, TOKENS))
def test_a_new_signature_never_differs(
    query: list[tuple[str, str]], signature: str, one: tuple[str, str], other: tuple[str, str]
) -> None:
    before, now = _link(query, signature.format(*one)), _link(query, signature.format(*other))
    assert verdict(before, now).verdict is Verdict.SAME
    assert old(before, now).verdict in {Verdict.SAME, Verdict.RENEWED}


@given(QUERY, QUERY, SIGNATURES, TOKENS)
def test_another_content_always_differs(
    query: list[tuple[str, str]], other: list[tuple[str, str]], signature: str, token: str
) -> None:
    before, now = (_link(each, signature.format(token, token)) for each in (query, other))
    same = [[v for n, v in query if n == name] for name, _ in query + other] == [
        [v for n, v in other if n == name] for name, _ in query + other
    ]
    assert (verdict(before, now).verdict is Verdict.SAME) == same

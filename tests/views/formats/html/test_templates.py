"""The templates: each text is escaped, whatever a template says, and a missing name is an error."""

from __future__ import annotations

import sys

import pytest

from reconciler.errors import UsageError
from reconciler.views.formats.html import templates


def rendered(template: str, **given: object) -> str:
    return str(templates._environment().from_string(template).render(**given))


def test_text_is_escaped_in_elements_and_in_attributes() -> None:
    assert rendered('<b title="{{ x }}">{{ x }}</b>', x='"<i>') == '<b title="&#34;&lt;i&gt;">&#34;&lt;i&gt;</b>'


def test_invisible_characters_are_made_visible() -> None:
    assert rendered("{{ x }}", x="a\u202eb\x00") == "a\\u202eb\\x00"


def test_a_name_that_is_not_given_is_an_error() -> None:
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        rendered("{{ missing }}")


def test_the_style_and_the_script_are_ascii_and_end_no_element() -> None:
    for source in map(templates._source, ("page.css", "page.js")):
        assert source.isascii()
        assert "</" not in source


def test_without_jinja2_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    templates._environment.cache_clear()
    with pytest.raises(UsageError) as refused:
        templates.check()
    assert "pip install 'voicectl[html]'" in str(refused.value.hint)
    templates._environment.cache_clear()

"""Renders the templates of this folder. The only place that calls jinja2, which is an extra.

Every text is escaped twice, whatever a template says: characters that hide or reorder text become visible, then HTML's
own signs become entities. A name that a template does not get is an error.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.views.escape import escape

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = "reconciler.views.formats.html"
_STYLE, _SCRIPT = "page.css", "page.js"


def check() -> None:
    """Raises UsageError if the extra is not installed, before a command calls anyone."""
    _environment()


def render(template: str, **given: object) -> str:
    """The page of this template, with its style, its script and their digests."""
    environment = _environment()
    style, script = _source(_STYLE), _source(_SCRIPT)
    return environment.get_template(template).render(
        **given, style=style, script=script, style_digest=_digest(style), script_digest=_digest(script)
    )


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise UsageError(
            "--format html needs the extra [html], which is not installed.", "pip install 'voicectl[html]'"
        ) from None

    def visible(given: object) -> object:
        return escape(given) if isinstance(given, str) and not isinstance(given, Markup) else given

    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["counted"] = _counted
    return environment


def _counted(number: int, noun: str) -> str:
    from reconciler.views.layout import counted

    return counted(number, noun)


@cache
def _source(name: str) -> str:
    """The style or the script, which is trusted: it stands in the page as it is."""
    from markupsafe import Markup

    environment = _environment()
    loader = environment.loader
    if loader is None:
        raise TypeError("the templates have no loader")
    return Markup(loader.get_source(environment, name)[0])  # noqa: S704 - a file of this package


def _digest(source: str) -> str:
    """The digest by which the page's policy knows it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode('ascii')}"

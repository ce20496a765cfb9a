"""The output formats by name. A new format needs its module, its name and its case here.

Imports no format: --help must not pay for one, and a command pays for the one that it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from reconciler.errors import ManifestError
    from reconciler.model.manifest import Manifest
    from reconciler.model.outputs import Row
    from reconciler.model.plan import Plan
    from reconciler.model.state import State
    from reconciler.model.survey import Survey
    from reconciler.model.voice_list import VoiceList
    from reconciler.views.document_context import DocumentContext
    from reconciler.views.render_options import RenderOptions

TEXT = "text"  # for people, who read problems on stderr
JSON = "json"  # for programs
MARKDOWN = "markdown"  # for a comment at a pull request
GITHUB = "github"  # annotations beside the lines of the manifest, in GitHub Actions
GITLAB = "gitlab"  # the same for GitLab: a code-quality report
HTML = "html"  # one page to read and to listen to, in a browser
NAMES = (TEXT, JSON)  # of every document
REVIEWS = (*NAMES, MARKDOWN, GITHUB, GITLAB, HTML)  # of a plan and of drift
CHECKS = (*NAMES, GITHUB, GITLAB)  # of a manifest that is checked


class Format(Protocol):
    """Satisfied by a module. Each function renders a whole document, without the last newline."""

    def plan(self, plan: Plan, options: RenderOptions, /) -> str: ...

    def drift(self, plan: Plan, survey: Survey | None, options: RenderOptions, /) -> str:
        """`survey`: what the accounts hold, if there is no state or no record."""
        ...

    def state(self, state: State, options: RenderOptions, /) -> str: ...

    def output(self, rows: Mapping[str, Row], address: str | None, options: RenderOptions, /) -> str:
        """All rows, or the row of one address. Raises KeyError for an unknown address."""
        ...

    def manifest(self, manifest: Manifest, options: RenderOptions, /) -> str:
        """A summary of a valid manifest."""
        ...

    def problems(self, error: ManifestError, options: RenderOptions, /) -> str:
        """The problems of an invalid manifest."""
        ...

    def voices(self, listed: VoiceList, options: RenderOptions, /) -> str: ...


class Review(Protocol):
    """Satisfied by a module that renders a plan and drift for a review."""

    def plan(self, plan: Plan, context: DocumentContext, options: RenderOptions, /) -> str: ...

    def drift(self, plan: Plan, survey: Survey | None, context: DocumentContext, options: RenderOptions, /) -> str: ...


class Annotations(Review, Protocol):
    """Satisfied by a module that writes annotations at lines of a manifest, for its problems too."""

    def manifest(self, manifest: Manifest, context: DocumentContext, options: RenderOptions, /) -> str:
        """The remarks on a valid manifest."""
        ...

    def problems(self, error: ManifestError, context: DocumentContext, options: RenderOptions, /) -> str: ...


def format_named(name: str) -> Format:
    """Raises KeyError for a name that is not in NAMES."""
    match name:
        case "text":
            from reconciler.views.formats import text

            return text
        case "json":
            from reconciler.views.formats import json

            return json
        case _:
            raise KeyError(name)


def review_named(name: str) -> Review:
    """Raises KeyError for another name than those of REVIEWS without NAMES."""
    if name == MARKDOWN:
        from reconciler.views.formats import markdown

        return markdown
    if name == HTML:
        from reconciler.views.formats.html import document

        return document
    return annotations_named(name)


def annotations_named(name: str) -> Annotations:
    """Raises KeyError for another name than those of CHECKS without NAMES."""
    match name:
        case "github":
            from reconciler.views.formats import github

            return github
        case "gitlab":
            from reconciler.views.formats import gitlab

            return gitlab
        case _:
            raise KeyError(name)

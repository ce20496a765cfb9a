"""Annotations for GitHub Actions: one workflow command on each line.

GitHub shows ten errors, ten warnings and ten notices of a step, so at most ten notices are written: the last one says
how many changes there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.errors import ManifestError
from reconciler.model.manifest import Manifest
from reconciler.model.plan import Plan
from reconciler.model.survey import Survey
from reconciler.views import review_annotations, text, text_plan, text_survey
from reconciler.views.document_context import DocumentContext
from reconciler.views.render_options import RenderOptions
from reconciler.views.review_annotations import Annotation, Level

_SHOWN = 10  # of each level, by GitHub
_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def plan(plan: Plan, context: DocumentContext, options: RenderOptions) -> str:
    found = review_annotations.of_plan(plan, context, options)
    return _written(found, text_plan.plan_verdict(plan), "Plan", options)


def drift(plan: Plan, survey: Survey | None, context: DocumentContext, options: RenderOptions) -> str:
    found = review_annotations.of_drift(plan, survey, context, options)
    verdict = text_plan.drift_verdict(plan)
    if survey is not None:
        verdict = "; ".join(part for part in (*text_survey.lines(survey), text_survey.verdict(survey)) if part)
    return _written(found, verdict, "Drift", options)


def manifest(manifest: Manifest, context: DocumentContext, options: RenderOptions) -> str:
    verdict = text.manifest_ok(manifest).rpartition("\n")[2]
    return _written(review_annotations.of_manifest(manifest, context), verdict, "Manifest", options)


def problems(error: ManifestError, context: DocumentContext, options: RenderOptions) -> str:  # noqa: ARG001 - a format's
    return "\n".join(map(_command, review_annotations.of_problems(error)))


def _written(found: Iterable[Annotation], verdict: str, title: str, options: RenderOptions) -> str:
    """All errors and warnings, a few notices, and the verdict as the last notice."""
    listed = list(found)
    notices = [each for each in listed if each.level is Level.NOTICE]
    kept = [each for each in listed if each.level is not Level.NOTICE] + notices[: _SHOWN - 1]
    last = " ".join([verdict, *_remarks(listed, len(notices) - (_SHOWN - 1))])
    lines = [*map(_command, kept), f"::notice title={_property(title)}::{_message(last)}"]
    words = "\n".join(lines)
    return words if options.utf8 else words.encode("ascii", "backslashreplace").decode()


def _remarks(listed: list[Annotation], left_out: int) -> Iterator[str]:
    if left_out > 0:
        yield f"{left_out} of these changes have no annotation."
    hidden = [
        f"{count - _SHOWN} {level}s"
        for level in (Level.ERROR, Level.WARNING)
        if (count := sum(each.level is level for each in listed)) > _SHOWN
    ]
    if hidden:
        yield f"GitHub shows {_SHOWN} annotations of a kind; {' and '.join(hidden)} more are in the log."


def _command(annotation: Annotation) -> str:
    place = annotation.place
    properties = {"file": place.file}
    if annotation.located:
        properties |= {"line": str(place.line), "col": str(place.column)}
    properties["title"] = annotation.title
    written = ",".join(f"{name}={_property(given)}" for name, given in properties.items())
    return f"::{annotation.level} {written}::{_message(annotation.message)}"


def _message(given: str) -> str:
    return given.translate(_MESSAGE)


def _property(given: str) -> str:
    return given.translate(_PROPERTY)

"""A code-quality report for GitLab: a JSON array with an object for each finding.

A fingerprint does not depend on lines, so GitLab recognises a finding again after an edit above it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from reconciler.errors import ManifestError
from reconciler.model.manifest import Manifest
from reconciler.model.plan import Plan
from reconciler.model.survey import Survey
from reconciler.views import review_annotations
from reconciler.views.document_context import DocumentContext
from reconciler.views.json_documents import dumps
from reconciler.views.render_options import RenderOptions
from reconciler.views.review_annotations import Annotation, Level


def plan(plan: Plan, context: DocumentContext, options: RenderOptions) -> str:
    return _written(review_annotations.of_plan(plan, context, options), options)


def drift(plan: Plan, survey: Survey | None, context: DocumentContext, options: RenderOptions) -> str:
    return _written(review_annotations.of_drift(plan, survey, context, options), options)


def manifest(manifest: Manifest, context: DocumentContext, options: RenderOptions) -> str:
    return _written(review_annotations.of_manifest(manifest, context), options)


def problems(error: ManifestError, context: DocumentContext, options: RenderOptions) -> str:  # noqa: ARG001 - a format's
    return _written(review_annotations.of_problems(error), options)


def _written(found: Iterable[Annotation], options: RenderOptions) -> str:
    seen: Counter[str] = Counter()
    report = []
    for each in found:
        identity = f"{each.check}\n{each.identity}"
        seen[identity] += 1
        report.append(
            {
                "description": f"{each.title}: {each.message}",
                "check_name": each.check,
                "fingerprint": hashlib.sha256(
                    f"{identity}\n{seen[identity]}".encode("utf-8", "backslashreplace")
                ).hexdigest(),
                "severity": _severity(each.level),
                "location": {"path": each.place.file, "lines": {"begin": each.place.line}},
            }
        )
    return dumps(report, ascii_only=not options.utf8)


def _severity(level: Level) -> str:
    match level:
        case Level.ERROR:
            return "critical"
        case Level.WARNING:
            return "major"
        case Level.NOTICE:
            return "info"

"""Documents for a review: what they need beside the plan, and the values of the environment that they do not show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.context import on_stdout, options, write
from reconciler.errors import ManifestError
from reconciler.views.formats.registry import GITHUB, GITLAB, NAMES, annotations_named, format_named, review_named

if TYPE_CHECKING:
    from reconciler.model.environment_values import EnvironmentValues
    from reconciler.model.manifest import Manifest
    from reconciler.model.plan import Plan
    from reconciler.model.recordings import Recordings
    from reconciler.model.survey import Survey
    from reconciler.views.document_context import DocumentContext

_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")  # the folder of the repository, in a job of GitHub or GitLab


def plan_document(
    plan: Plan, format_name: str, *, planfile: Path | None = None, recordings: Recordings | None = None
) -> str:
    if format_name in NAMES:
        return format_named(format_name).plan(plan, on_stdout())
    context = context_of(format_name, about=plan.manifest, planfile=planfile, recordings=recordings)
    return review_named(format_name).plan(environment_values().plan(plan), context, on_stdout())


def drift_document(plan: Plan, survey: Survey | None, format_name: str, *, recordings: Recordings | None = None) -> str:
    if format_name in NAMES:
        return format_named(format_name).drift(plan, survey, on_stdout())
    values = environment_values()
    shown = values.survey(survey) if survey is not None else None
    context = context_of(format_name, recordings=recordings)
    return review_named(format_name).drift(values.plan(plan), shown, context, on_stdout())


def manifest_document(manifest: Manifest, format_name: str) -> str:
    if format_name in NAMES:
        return format_named(format_name).manifest(manifest, on_stdout())
    return annotations_named(format_name).manifest(manifest, context_of(format_name), on_stdout())


def problems_document(error: ManifestError, format_name: str) -> str:
    if format_name in NAMES:
        return format_named(format_name).problems(error, on_stdout())
    values = environment_values()
    found = [
        replace(problem, file=_in_repository(problem.file), what=values.text(problem.what))
        for problem in error.problems
    ]
    return annotations_named(format_name).problems(ManifestError(found), context_of(format_name), on_stdout())


@contextmanager
def problems_annotated(format_name: str) -> Iterator[None]:
    """Also annotates the problems of an invalid manifest, for a format of annotations."""
    try:
        yield
    except ManifestError as error:
        if format_name in (GITHUB, GITLAB):
            write(problems_document(error, format_name))
        raise


def environment_values() -> EnvironmentValues:
    """The values of the variables that the manifest names."""
    from reconciler.loader.source_places import named_variables
    from reconciler.model.environment_values import EnvironmentValues

    names = named_variables(options().workspace().manifest, map(Path, options().variable_files))
    return EnvironmentValues({name: os.environ[name] for name in names if os.environ.get(name)})


def context_of(
    format_name: str,
    *,
    about: str | None = None,
    planfile: Path | None = None,
    recordings: Recordings | None = None,
) -> DocumentContext:
    """`about`: the name of the manifest in the plan; a saved plan may be about another manifest than the one of -f."""
    from reconciler.loader.file_names import shown
    from reconciler.loader.source_places import entry_positions
    from reconciler.views.document_context import DocumentContext, Place

    workspace = options().workspace()
    elsewhere = about is not None and about != workspace.name
    places = {}
    if format_name in (GITHUB, GITLAB) and not elsewhere:
        places = {
            address: Place(_in_repository(file), *position)
            for address, (file, position) in entry_positions(workspace.manifest).items()
        }
    path = Path(about) if about is not None and elsewhere else workspace.manifest
    named = next(iter(places.values())).file if places and workspace.manifest.is_dir() else _in_repository(shown(path))
    context = DocumentContext(named, str(planfile) if planfile is not None else None, places)
    return context if recordings is None else replace(context, recordings=recordings)


def _in_repository(file: str) -> str:
    """The path of a file in the repository: from its root where a pipeline names it, else as typed, after -C."""
    root = next((os.environ[name] for name in _ROOTS if os.environ.get(name)), None)
    if root is not None:
        folder, name = os.path.split(file)  # the file itself may be a link
        inside = Path(folder or ".").resolve()
        if inside.is_relative_to(Path(root).resolve()):
            return os.path.normpath(str(inside.relative_to(Path(root).resolve()) / name))
    return os.path.normpath(str(Path(options().directory or "", file)))

"""Describes a difference in words, as the beginning of a change's reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from reconciler.model.link_alignment import OtherQuery
from reconciler.model.plan import FieldChange
from reconciler.planning.diff import Difference, key_of

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def differ(fields: Sequence[FieldChange]) -> str:
    """The fields in one sentence, such as `voice_name and voice_url differ`."""
    for field in fields:
        if field.name == "method":
            return f"{field.after} instead of {field.before}"
    names = [field.name for field in fields]
    return f"{listed(names)} differ{'s' if len(names) == 1 else ''}" if names else ""


def listed(names: Iterable[str]) -> str:
    """The names as `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def only_queries(changed: Difference) -> tuple[str, str] | None:
    """If only the queries of links differ: this as a sentence, and how to keep the voice. Else None."""
    queries = [query for query in changed.queries if query.name in {field.name for field in changed.identity}]
    if not queries or len(queries) < len(changed.identity):
        return None
    if len(queries) == 1:
        what = f"only the query of {queries[0].name} differs {_parameters(queries[0])}"
    else:
        what = f"only the queries of {listed(f'{q.name} {_parameters(q)}' for q in queries)} differ"
    named = dict.fromkeys(name for query in queries for name in query.parameters)
    if named and "" not in named:
        way = f"signing_parameters: [{', '.join(map(_in_yaml, named))}] at the entry or at the provider"
    else:
        keys = dict.fromkeys(key_of(query.name) for query in queries)
        way = f"lifecycle: {{ignore_changes: [{', '.join(keys)}]}} at the entry"
    return what, f"if it only signs the link, write {way}"


def _parameters(query: OtherQuery) -> str:
    named = [f"?{name}=" for name in query.parameters if name]
    return f"({', '.join([*named, *(['a part without a name'] if '' in query.parameters else [])])})"


def _in_yaml(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else json.dumps(name)

"""Evaluates the expressions of GitHub Actions that our workflows use, and refuses all others.

Source: GitHub's page "Evaluate expressions in workflows and actions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

STATUS = ("success", "failure", "cancelled", "always")
_IN_TEXT = re.compile(r"\$\{\{(.*?)\}\}")
_TOKEN = re.compile(r"\s*(==|!=|&&|\|\||[!()]|'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_.-]*)")
_CONTEXTS = ("github", "env", "vars", "secrets", "inputs", "steps", "needs")


class UnknownExpression(Exception):
    """An expression that this evaluator does not know. The real one may know it."""


def text(value: object, contexts: Mapping[str, Any], status: str = "success") -> str:
    """A value of YAML as a string, with its expressions replaced."""
    if isinstance(value, bool):
        return str(value).lower()
    return _IN_TEXT.sub(lambda found: _shown(evaluate(found[1], contexts, status)), str(value))


def holds(condition: object, contexts: Mapping[str, Any], status: str) -> bool:
    """Whether a step or a job with this `if` runs. Without a status function, it needs success."""
    inside = "" if condition is None else str(condition).strip()
    if whole := _IN_TEXT.fullmatch(inside):
        inside = whole[1]
    named = any(re.search(rf"\b{name}\(\)", inside) for name in STATUS)
    if not named and status != "success":
        return False
    return not inside or bool(evaluate(inside, contexts, status))


def evaluate(expression: str, contexts: Mapping[str, Any], status: str = "success") -> Any:
    """The value of one expression. Raises UnknownExpression."""
    tokens = _tokens(expression)
    value = _or(tokens, contexts, status)
    if tokens:
        raise UnknownExpression(f"{expression}: {tokens[0]}")
    return value


def _tokens(expression: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    while expression[at:].strip():
        found = _TOKEN.match(expression, at)
        if found is None:
            raise UnknownExpression(f"{expression}: {expression[at:]}")
        tokens.append(found[1])
        at = found.end()
    return tokens


def _or(tokens: list[str], contexts: Mapping[str, Any], status: str) -> Any:
    return _chain(tokens, "||", lambda: _and(tokens, contexts, status))


def _and(tokens: list[str], contexts: Mapping[str, Any], status: str) -> Any:
    return _chain(tokens, "&&", lambda: _equal(tokens, contexts, status))


def _chain(tokens: list[str], sign: str, operand: Callable[[], Any]) -> Any:
    value = operand()
    while tokens[:1] == [sign]:
        tokens.pop(0)
        other = operand()
        value = (value or other) if sign == "||" else (value and other)
    return value


def _equal(tokens: list[str], contexts: Mapping[str, Any], status: str) -> Any:
    value = _single(tokens, contexts, status)
    while tokens[:1] in (["=="], ["!="]):
        equal = tokens.pop(0) == "=="
        value = (_comparable(value) == _comparable(_single(tokens, contexts, status))) is equal
    return value


def _comparable(value: Any) -> str:
    if value is None or isinstance(value, str):
        return (value or "").lower()  # strings are compared without their case
    raise UnknownExpression(f"a comparison with {value!r}")


def _single(tokens: list[str], contexts: Mapping[str, Any], status: str) -> Any:
    token = tokens.pop(0) if tokens else ""
    if token == "!":
        return not _single(tokens, contexts, status)
    if token == "(":
        value = _or(tokens, contexts, status)
        if tokens[:1] != [")"]:
            raise UnknownExpression("a parenthesis that is not closed")
        tokens.pop(0)
        return value
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if token in STATUS and tokens[:2] == ["(", ")"]:
        del tokens[:2]
        return token == "always" or status == {"cancelled": "cancelled"}.get(token, token)
    return _looked_up(token, contexts)


def _looked_up(path: str, contexts: Mapping[str, Any]) -> Any:
    root, *names = path.split(".")
    if root not in _CONTEXTS or root not in contexts or not names:
        raise UnknownExpression(path)
    if root in ("github", "inputs", "steps", "needs") and names[0] not in contexts[root]:
        raise UnknownExpression(f"{path}: {names[0]} does not exist")
    value = contexts[root]
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)

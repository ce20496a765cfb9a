"""The evaluator of expressions that the tests use: it says what GitHub says, or that it does not know."""

from __future__ import annotations

import pytest

from tests.gitops.expressions import UnknownExpression, evaluate, holds, text

CONTEXTS = {
    "github": {"event_name": "push", "event": {}},
    "steps": {"plan": {"outputs": {"code": "0"}}},
    "secrets": {},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("github.event_name == 'PUSH'", True),  # without the case
        ("github.event.pull_request.number", None),
        ("steps.plan.outputs.code != '0' || !cancelled()", True),
        ("(github.event_name == 'x' || github.event_name == 'push') && steps.plan.outputs.none", None),
        ("'it''s'", "it's"),
    ],
)
def test_an_expression_has_the_value_that_github_gives_it(expression: str, value: object) -> None:
    assert evaluate(expression, CONTEXTS) == value


@pytest.mark.parametrize(
    "expression",
    ["runner.os", "steps.apply.outputs.code", "hashFiles('x')", "github.sha", "inputs.a", "1 + 1", "'a' &&"],
)
def test_an_expression_that_is_not_known_is_an_error(expression: str) -> None:
    with pytest.raises(UnknownExpression):
        evaluate(expression, CONTEXTS)


@pytest.mark.parametrize(
    ("condition", "status", "runs"),
    [
        (None, "success", True),
        (None, "failure", False),
        ("github.event_name == 'push'", "failure", False),
        ("${{ !cancelled() }}", "failure", True),
        ("${{ !cancelled() }}", "cancelled", False),
        ("always()", "cancelled", True),
    ],
)
def test_a_step_runs_after_success_unless_it_names_a_status(condition: str | None, status: str, runs: bool) -> None:
    assert holds(condition, CONTEXTS, status) is runs


def test_a_secret_that_does_not_exist_is_empty() -> None:
    assert text("key=${{ secrets.NONE }}", CONTEXTS) == "key="

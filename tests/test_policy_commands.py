"""Commands of `policy:`: what they get, which answers count, and what happens without a usable one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reconciler.errors import CommandNotAllowed
from reconciler.model.finding import Finding, Level
from reconciler.model.manifest import Manifest
from reconciler.model.plan import Plan
from reconciler.model.policy import Rule
from reconciler.policy_commands import findings
from reconciler.providers.kling.account import KlingAccount

PLAN = Plan(plan_id="p", lineage="l", serial=3, manifest="voices.yaml")


def ran(
    folder: Path, script: str, *, level: str = "deny", environ: dict[str, str] | None = None, timeout: float = 20
) -> list[Finding]:
    rule = Rule.model_validate({"name": "own", "level": level, "command": [sys.executable, "-c", script]})
    kling = KlingAccount.model_validate({"type": "kling", "credentials": {"api_key_env": "OURS"}})
    manifest = Manifest(name="voices.yaml", policy=(rule,), providers={"kling": kling})
    return list(findings(manifest, PLAN, folder=folder, environ=environ or {}, allowed=True, timeout=timeout))


def answered(folder: Path, answer: str, code: int = 0, level: str = "deny") -> list[tuple[str, str | None, str]]:
    script = f"import sys; print({answer!r}); sys.exit({code})"
    return [(str(each.level), each.address, each.message) for each in ran(folder, script, level=level)]


def test_it_reads_the_plan_and_answers_with_findings(tmp_path: Path) -> None:
    script = (
        "import json, sys; plan = json.load(sys.stdin); "
        "print(json.dumps([{'level': 'warn', 'address': 'hero', 'message': f\"serial {plan['serial']}\"}]))"
    )
    assert ran(tmp_path, script) == [Finding("own", Level.WARN, "serial 3", "hero")]


def test_what_conftest_prints_counts_too(tmp_path: Path) -> None:
    answer = (
        '[{"filename": "-", "namespace": "main", "successes": 1, "failures": [{"msg": "no", "metadata": {}}], '
        '"warnings": [{"msg": "hm"}]}]'
    )
    assert answered(tmp_path, answer, code=1) == [("deny", None, "no"), ("warn", None, "hm")]
    assert answered(tmp_path, '[{"filename": "-", "successes": 3}]') == []
    assert answered(tmp_path, "[]") == []


def test_a_rule_that_warns_denies_nothing(tmp_path: Path) -> None:
    assert answered(tmp_path, '[{"level": "deny", "message": "no"}]', level="warn") == [("warn", None, "no")]


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "all is well",
        "{}",
        "null",
        '[{"level": "maybe", "message": "x"}]',
        '["x"]',
        '[{"message": "x"}]',
        "[" * 9999,
    ],
)
def test_an_answer_that_is_none_denies_the_plan(tmp_path: Path, answer: str) -> None:
    [(level, address, message)] = answered(tmp_path, answer)
    assert (level, address) == ("deny", None)
    assert message.endswith("did not answer with a list of findings")


def test_a_command_that_fails_denies_the_plan_whatever_it_says(tmp_path: Path) -> None:
    assert [level for level, _, _ in answered(tmp_path, '[{"level": "warn", "message": "x"}]', 3)] == ["warn", "deny"]
    [found] = ran(tmp_path, "import sys; sys.stderr.write('no rules here'); sys.exit(2)")
    assert found.message.endswith("ended with 2: no rules here")


def test_a_command_that_hangs_or_never_stops_printing_denies_the_plan(tmp_path: Path) -> None:
    [hung] = ran(tmp_path, "import time; time.sleep(60)", timeout=0.5)
    [endless] = ran(tmp_path, "while True: print('x' * 9999)")
    assert hung.message.endswith("did not end within 0.5 s")
    assert endless.message.endswith("printed more than 1,000,000 bytes")
    assert {hung.level, endless.level} == {Level.DENY}


def test_a_program_that_is_not_there_denies_the_plan(tmp_path: Path) -> None:
    manifest = Manifest(name="voices.yaml", policy=(Rule.model_validate({"command": ["no-such-program"]}),))
    [found] = findings(manifest, PLAN, folder=tmp_path, environ={}, allowed=True)
    assert (found.rule, found.level) == ("no-such-program", Level.DENY)
    assert "could not be started" in found.message


def test_it_gets_no_credentials(tmp_path: Path) -> None:
    hidden = ("KLING_API_KEY", "TENCENTCLOUD_SECRET_ID", "AWS_PROFILE", "TF_HTTP_PASSWORD", "CI_JOB_TOKEN", "PGHOST")
    environ = dict.fromkeys((*hidden, "OURS", "PATH", "LANG"), "x")
    script = "import json, os; print(json.dumps([{'level': 'warn', 'message': ' '.join(sorted(os.environ))}]))"
    [found] = ran(tmp_path, script, environ=environ)
    assert set(found.message.split()) & {*hidden, "OURS"} == set()
    assert {"PATH", "LANG"} <= set(found.message.split())


def test_nothing_is_started_that_is_not_allowed(tmp_path: Path) -> None:
    rules = tuple(Rule.model_validate({"command": ["touch", name]}) for name in ("one", "two"))
    with pytest.raises(CommandNotAllowed, match="policy touch would start: touch one"):
        findings(Manifest(name="x", policy=rules), PLAN, folder=tmp_path, environ={}, allowed=False)
    assert list(tmp_path.iterdir()) == []

"""The files of examples/watch are valid by the schemas of those who read them, and true."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.main import COMMANDS
from reconciler.loader.build import load
from reconciler.model.watch import WatchKind
from reconciler.watch.latest_status import LatestStatus
from reconciler.watch.monitor_pages import pages
from tests.support.clock import FakeClock
from tests.test_readme import flaw
from tests.watch.statuses import GOOD, event

EXAMPLES = Path(__file__).parents[2] / "examples/watch"
KUBERNETES = sorted((EXAMPLES / "kubernetes").glob("*.yaml"))
UNIT = EXAMPLES / "voicectl-watch.service"
VERSION = "1.37"  # of Kubernetes
Resource = dict[str, Any]  # a document of Kubernetes


def resources() -> list[Resource]:
    return [each for file in KUBERNETES for each in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


def pods() -> list[Resource]:
    """The specs of pods, in a Deployment and in a CronJob."""
    specs = [each["spec"] for each in resources() if "spec" in each]
    return [
        *[spec["template"]["spec"] for spec in specs if "template" in spec],
        *[spec["jobTemplate"]["spec"]["template"]["spec"] for spec in specs if "jobTemplate" in spec],
    ]


# -- Kubernetes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", resources(), ids=lambda each: str(each["kind"]))
def test_each_resource_is_valid_by_the_schema_of_kubernetes(resource: Resource) -> None:
    kubernetes = pytest.importorskip("kubernetes_validate", reason="needs the extra [dev]")
    assert kubernetes.validate(resource, VERSION, strict=True) == VERSION


def test_the_schema_finds_a_misspelt_key() -> None:
    kubernetes = pytest.importorskip("kubernetes_validate", reason="needs the extra [dev]")
    deployment = next(each for each in resources() if each["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate(deployment, VERSION, strict=True)


def test_there_is_a_deployment_and_a_job_for_drift_only() -> None:
    kinds = [each["kind"] for each in resources()]
    assert sorted(kinds) == ["ConfigMap", "CronJob", "Deployment", "NetworkPolicy", "Service"]
    deployment = next(each["spec"] for each in resources() if each["kind"] == "Deployment")
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    job = next(each["spec"] for each in resources() if each["kind"] == "CronJob")
    assert job["concurrencyPolicy"] == "Forbid"
    assert job["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert job["jobTemplate"]["spec"]["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [2]


@pytest.mark.parametrize("pod", pods(), ids=lambda each: str(each["containers"][0]["name"]))
def test_each_pod_has_no_right_that_it_does_not_need(pod: Resource) -> None:
    container = pod["containers"][0]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert not [mount for mount in container["volumeMounts"] if "subPath" in mount]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_the_probes_ask_for_pages_that_exist_on_the_port_that_is_served() -> None:
    container = next(each for pod in pods() for each in pod["containers"] if "livenessProbe" in each)
    asked = {container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")}
    assert asked <= set(pages(LatestStatus(FakeClock()).snapshot, 300.0))
    port = container["ports"][0]["containerPort"]
    assert f"0.0.0.0:{port}" in container["args"]


def test_the_manifest_of_the_configmap_is_valid(tmp_path: Path) -> None:
    config = next(each for each in resources() if each["kind"] == "ConfigMap")
    for name, text in config["data"].items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(load(tmp_path / "voices.yaml", environ={}).voices) == ["narrator"]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Where a command is, and its words."""
    for pod in pods():
        yield pod["containers"][0]["name"], [*map(str, pod["containers"][0]["args"])]
    started = re.search(r"^ExecStart=\S+ (.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert started is not None
    yield UNIT.name, started[1].split()


@pytest.mark.parametrize("words", [pytest.param(words, id=name) for name, words in commands()])
def test_each_command_and_its_options_exist(words: list[str]) -> None:
    if "watch" in words and "watch" not in COMMANDS:
        pytest.skip("there is no command watch yet")
    assert flaw(shlex.join(["voicectl", *words])) == ""


# -- systemd -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists here."""
    text = UNIT.read_text(encoding="utf-8").replace("/opt/voicectl/bin/voicectl", str(shutil.which("true")))
    (tmp_path / UNIT.name).write_text(text, encoding="utf-8")
    return tmp_path / UNIT.name


def analyzed(*words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False, timeout=30)


def test_systemd_understands_each_line_of_the_unit(unit: Path) -> None:
    verified = analyzed("verify", str(unit))
    assert (verified.returncode, verified.stderr) == (0, "")


def test_systemd_finds_a_misspelt_directive(unit: Path) -> None:
    unit.write_text(unit.read_text(encoding="utf-8").replace("ProtectHome=", "ProtectHomes="), encoding="utf-8")
    assert "ProtectHomes" in analyzed("verify", str(unit)).stderr


def test_the_unit_is_well_shielded(unit: Path) -> None:
    rated = analyzed("security", "--offline=true", "--threshold=20", str(unit))  # 0 to 100: 96 without any shield
    assert rated.returncode == 0, rated.stdout[-300:]


# -- Prometheus --------------------------------------------------------------------------------------------------------


def exported() -> set[str]:
    metrics = pytest.importorskip("reconciler.watch.metrics", reason="needs the extra [metrics]")
    latest = LatestStatus(FakeClock())
    latest(event(WatchKind.LOOKED), GOOD)
    _, body = metrics.Metrics(latest.snapshot, "1.2.3", lambda: {"delivered": 0}).page("")
    return set(re.findall(r"^# TYPE (voicectl_\w+) ", body.decode(), re.MULTILINE))


def test_each_alert_asks_for_metrics_that_exist() -> None:
    rules = (EXAMPLES / "alerts.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\bvoicectl_\w+", rules))
    assert asked - exported() == set()


def test_promtool_takes_the_alerts() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool, of Debian's package prometheus, is not installed")
    checked = subprocess.run(
        ["promtool", "check", "rules", str(EXAMPLES / "alerts.yaml")], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_page_lists_exactly_the_metrics_that_are_exported() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| `voicectl_")]
    assert set(re.findall(r"voicectl_\w+", " ".join(rows))) == exported()

"""TLS: nothing is sent to a server without a trusted certificate."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.network.place import NetworkHarness
from tests.support.hostile_wire import HostileWire
from tests.support.kling_service import KlingService

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command makes the certificates")

QUICK = {"connect": "1s", "read": "1s", "operation": "0.4s"}  # enough for one attempt


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates: `here.pem` is for 127.0.0.1, `other.pem` for another host; both are self-signed."""
    folder = tmp_path_factory.mktemp("certificates")
    for name, host in {"here": "IP:127.0.0.1", "other": "DNS:other.example.com"}.items():
        made = [
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.pem",
            "-subj",
            "/CN=test",
            "-addext",
            f"subjectAltName={host}",
        ]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *made],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return folder


def server(certificates: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


def test_a_certificate_that_signs_itself_is_not_trusted(
    tmp_path: Path, kling: KlingService, certificates: Path
) -> None:
    with HostileWire(kling.url, tls=server(certificates, "here")) as wire:
        harness = NetworkHarness(tmp_path, kling, wire.url, timeouts=QUICK)
        harness.declare("narrator")
        ran = harness.apply(code=1)
        message = f"no connection to {wire.host}: its certificate is not trusted (self-signed certificate)"
        assert f"GET /v1/general/custom-voices: {message}; nothing was sent" in ran.err
        assert "export SSL_CERT_FILE=" in ran.err
        assert wire.seen == []
    assert kling.calls == []


def test_a_certificate_of_a_trusted_authority_is_trusted(
    tmp_path: Path, kling: KlingService, certificates: Path
) -> None:
    with HostileWire(kling.url, tls=server(certificates, "here")) as wire:
        harness = NetworkHarness(tmp_path, kling, wire.url, env={"SSL_CERT_FILE": str(certificates / "here.pem")})
        harness.declare("narrator")
        harness.apply(code=0)
        assert harness.bought == ["narrator"]


def test_a_certificate_of_another_host_is_not_trusted(tmp_path: Path, kling: KlingService, certificates: Path) -> None:
    with HostileWire(kling.url, tls=server(certificates, "other")) as wire:
        env = {"SSL_CERT_FILE": str(certificates / "other.pem")}
        harness = NetworkHarness(tmp_path, kling, wire.url, timeouts=QUICK, env=env)
        harness.declare("narrator")
        ran = harness.run("plan", code=1)
        assert "its certificate is not trusted (IP address mismatch" in ran.err
        assert wire.seen == []


def test_plain_http_where_tls_is_expected_is_reported(tmp_path: Path, kling: KlingService) -> None:
    harness = NetworkHarness(tmp_path, kling, kling.url.replace("http:", "https:"), timeouts=QUICK)
    harness.declare("narrator")
    ran = harness.run("plan", code=1)
    assert f"no connection to {kling.url.removeprefix('http://')}: it does not speak TLS as it should" in ran.err
    assert "; nothing was sent" in ran.err
    assert "Is the endpoint right?" in ran.err
    assert kling.calls == []


def test_tls_where_plain_http_is_expected_is_not_an_answer(
    tmp_path: Path, kling: KlingService, certificates: Path
) -> None:
    with HostileWire(kling.url, tls=server(certificates, "here")) as wire:
        harness = NetworkHarness(tmp_path, kling, wire.url.replace("https:", "http:"), timeouts=QUICK)
        harness.declare("narrator")
        ran = harness.run("plan", code=1)
        assert "GET /v1/general/custom-voices: no answer: " in ran.err
        assert kling.calls == []


def test_a_server_that_never_shakes_hands_ends_by_timeouts_connect(tmp_path: Path, kling: KlingService) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        timeouts = {"connect": "0.3s", "read": "9s", "operation": "0.5s"}
        harness = NetworkHarness(tmp_path, kling, f"https://{host}", timeouts=timeouts)
        harness.declare("narrator")
        ran = harness.run("plan", code=1)
        assert f"no connection to {host} within 0.3 s (timeouts.connect); nothing was sent" in ran.err


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "not one"])
def test_certificates_that_can_t_be_read_are_reported(
    harness: NetworkHarness, tmp_path: Path, content: str | None
) -> None:
    named = tmp_path / "company.pem"
    if content is not None:
        named.write_text(content)
    harness.cli.env["SSL_CERT_FILE"] = str(named)
    harness.declare("narrator")
    ran = harness.run("plan", code=1)
    assert "The certificates to trust can't be read: " in ran.err
    assert "See SSL_CERT_FILE and SSL_CERT_DIR in the environment." in ran.err


@pytest.mark.parametrize("kind", ["a folder", "in no folder"])
def test_a_log_of_keys_that_can_t_be_written_is_named_in_the_error(
    harness: NetworkHarness, tmp_path: Path, kind: str
) -> None:
    named = tmp_path if kind == "a folder" else tmp_path / "missing" / "keys.log"
    harness.cli.env["SSLKEYLOGFILE"] = str(named)
    harness.declare("narrator")
    ran = harness.run("plan", code=1)
    assert f"SSLKEYLOGFILE names {named}, which can't be written: " in ran.err
    assert "unset SSLKEYLOGFILE" in ran.err
    assert "certificate" not in ran.err
    if kind == "in no folder":
        named.parent.mkdir()
        harness.run("plan", code=0)

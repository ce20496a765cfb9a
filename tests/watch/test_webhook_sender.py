"""One webhook over real sockets: what arrives, what is refused, and what a failure is called."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpcore
import pytest

from reconciler.errors import UsageError
from reconciler.providers.http.sockets import Resolve
from reconciler.watch.webhook_retries import Reply
from reconciler.watch.webhook_sender import WebhookSender
from reconciler.watch.webhook_url import parse
from tests.support.forward_proxy import ForwardProxy
from tests.watch.receiver import receiver

HEADERS = {"Content-Type": "application/json", "webhook-id": "msg_1"}


@contextmanager
def sender(
    url: str, *, resolve: Resolve | None = None, proxies: dict[str, str] | None = None
) -> Iterator[WebhookSender]:
    proxies = proxies or {}
    made = WebhookSender(parse(url), resolve=resolve, proxies=proxies) if resolve else None
    made = made or WebhookSender(parse(url), proxies=proxies)
    try:
        yield made
    finally:
        made.close()


def sent(url: str, *, resolve: Resolve | None = None, within: float = 5.0) -> Reply:
    with sender(url, resolve=resolve) as made:
        return made.send(HEADERS, b"{}", within=within)


def test_a_webhook_arrives_with_its_headers_and_its_body() -> None:
    with receiver() as received:
        assert sent(received.url) == Reply(204)
    headers, body = received.got[0]
    assert body == b"{}"
    assert headers["webhook-id"] == "msg_1"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "voicectl"
    assert headers["host"] == received.url.split("/")[2]


def test_a_redirect_is_not_followed() -> None:
    with receiver() as elsewhere, receiver((307, {"Location": elsewhere.url})) as received:
        assert sent(received.url) == Reply(307)
        assert elsewhere.got == []


def test_retry_after_is_read() -> None:
    with receiver((429, {"Retry-After": "7"})) as received:
        assert sent(received.url) == Reply(429, retry_after=7.0)


def test_a_name_that_leads_to_a_metadata_service_gets_nothing() -> None:
    reply = sent(
        "https://hooks.example.com/", resolve=lambda _, port: [("93.184.215.14", port), ("169.254.0.23", port)]
    )
    assert reply == Reply(why="it is not sent to hooks.example.com: 169.254.0.23 is a link-local address", refused=True)


def test_a_name_that_leads_elsewhere_at_the_second_look_up_is_looked_up_once() -> None:
    with receiver() as received:
        port = parse(received.url).port
        answers = [[("127.0.0.1", port)], [("169.254.169.254", port)]]
        assert sent(f"http://rebinding.example.com:{port}/", resolve=lambda *_: answers.pop(0)) == Reply(204)
        assert len(answers) == 1
        assert received.got[0][0]["host"] == f"rebinding.example.com:{port}"
        refused = sent(f"http://rebinding.example.com:{port}/", resolve=lambda *_: answers.pop(0))
        assert refused.refused
        assert len(received.got) == 1


def test_without_tls_a_name_may_lead_into_a_private_network_only() -> None:
    reply = sent("http://hooks.example.com/", resolve=lambda _, port: [("93.184.215.14", port)])
    assert reply.refused
    assert reply.why.endswith("use https://")


def test_a_port_that_nobody_serves_is_said_plainly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert sent(f"http://127.0.0.1:{port}/S3CRET") == Reply(why="no connection to 127.0.0.1: connection refused")


def test_a_receiver_that_hangs_is_left_after_its_time() -> None:
    with receiver(hanging=True) as received:
        assert sent(received.url, within=0.1) == Reply(why="no answer within 0.1 s")


@pytest.mark.parametrize("name", ["a" * 64 + ".example.com", "a..b"])
def test_a_name_that_no_resolver_takes_is_refused_at_once(name: str) -> None:
    with pytest.raises(UsageError, match="The host name of the webhook's address is not valid"):
        sent(f"https://{name}/")


def test_a_proxy_of_the_environment_is_used_after_the_same_checks() -> None:
    with receiver() as received, ForwardProxy() as proxy:
        port = parse(received.url).port
        proxies = {"http": proxy.url, "https": proxy.url}
        with sender(f"http://127.0.0.1:{port}/", proxies=proxies) as made:
            assert made.send(HEADERS, b"{}") == Reply(204)
        assert proxy.seen

        def metadata(_: str, port: int) -> list[tuple[str, int]]:
            return [("169.254.169.254", port)]

        def nowhere(host: str, _: int) -> list[tuple[str, int]]:
            raise httpcore.ConnectError(host)

        seen = len(proxy.seen)
        with sender("https://hooks.example.com/", proxies=proxies, resolve=metadata) as made:
            assert made.send(HEADERS, b"{}").refused
        with sender("http://hooks.example.com/", proxies=proxies, resolve=nowhere) as made:
            assert made.send(HEADERS, b"{}").refused
        assert len(proxy.seen) == seen


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command makes the certificate")
def test_a_certificate_is_checked_against_the_name_and_not_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = tmp_path / "hooks.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=test", "-addext", "subjectAltName=DNS:hooks.example.com"]
    subprocess.run([*made, *named, "-keyout", str(pem), "-out", f"{pem}.c"], check=True, capture_output=True)
    certificate = Path(f"{pem}.c")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, pem)

    def resolve(_: str, port: int) -> list[tuple[str, int]]:
        return [("127.0.0.1", port)]

    with receiver(tls=context) as received:
        port = parse(received.url).port
        reply = sent(f"https://hooks.example.com:{port}/", resolve=resolve)
        assert reply.why.startswith("no connection to hooks.example.com: its certificate is not trusted")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert sent(f"https://hooks.example.com:{port}/", resolve=resolve) == Reply(204)
        assert "not trusted" in sent(f"https://other.example.com:{port}/", resolve=resolve).why

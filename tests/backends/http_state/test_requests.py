from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import MappingProxyType

import pytest

from reconciler.backends.http_state.address import address, with_lock_id
from reconciler.backends.http_state.requests import Answer, Connection, failed, tries
from reconciler.errors import UsageError
from tests.support.clock import FakeClock
from tests.support.engines.http_state import HttpSite
from tests.support.engines.http_state_server import Fault
from tests.support.hints import in_words

NO_ENVIRON: Mapping[str, str] = MappingProxyType({})


def connection(url: str, environ: Mapping[str, str] = NO_ENVIRON, clock: FakeClock | None = None) -> Connection:
    return Connection(address(url, environ), clock or FakeClock())


# -- what an answer means ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_is_plain(status: int) -> None:
    assert Answer(status).ok


@pytest.mark.parametrize("status", [0, 408, 429, 500, 502, 503, 504])
def test_an_unclear_answer_is_not_final(status: int) -> None:
    assert not Answer(status).ok
    assert not Answer(status).final


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 409, 413, 422, 423, 501])
def test_a_refusal_is_final(status: int) -> None:
    assert Answer(status).final
    assert f"({status})" in Answer(status).words


def test_a_request_is_tried_eight_times_in_a_minute_at_most() -> None:
    clock = FakeClock()
    assert list(tries(clock)) == list(range(8))
    assert clock.slept[:5] == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2])
    slow = FakeClock()
    for count, _ in enumerate(tries(slow), 1):  # noqa: B007 - the last count is what is asked for
        slow.pass_(25)
    assert count == 3
    assert slow.monotonic() < 90


def test_a_forbidden_read_asks_for_the_right_to_read() -> None:
    assert "the right to read the state" in in_words(failed("It could not be read", Answer(403), reads=True).hint)
    assert "the right to write the state" in in_words(failed("It could not be written", Answer(403)).hint)


def test_a_port_without_https_is_named_at_once(http_site: HttpSite) -> None:
    url = http_site.url.replace("http:", "https:")
    clock = FakeClock()
    answer = connection(url, clock=clock).read(url)
    assert answer.words == "the server does not speak https at this port, but probably http"
    assert answer.final
    assert clock.slept == []
    error = failed("It could not be read", answer, reads=True)
    assert "If this server has no https, write http://, which needs VOICECTL_ALLOW_HTTP=true" in in_words(error.hint)


# -- reading -----------------------------------------------------------------------------------------------------------


def test_a_read_is_tried_again_as_often_as_the_settings_say(http_site: HttpSite) -> None:
    http_site.place.body = b"{}"
    clock = FakeClock()
    http_site.server.fail("get", Fault.FAIL_BEFORE, Fault.DROP_BEFORE)
    reader = connection(
        http_site.url, {"TF_HTTP_RETRY_MAX": "2", "TF_HTTP_RETRY_WAIT_MIN": "3", "TF_HTTP_RETRY_WAIT_MAX": "4"}, clock
    )
    assert reader.read(http_site.url).body == b"{}"
    assert clock.slept == [3, 4]
    http_site.server.fail("get", *[Fault.FAIL_BEFORE] * 3)
    assert reader.read(http_site.url).status == 500


def test_a_write_is_sent_once(http_site: HttpSite) -> None:
    http_site.server.fail("write", Fault.FAIL_AFTER)
    assert connection(http_site.url).send("POST", http_site.url, b"{}").status == 500
    assert len(http_site.server.received) == 1


def test_the_server_s_clock_is_read(http_site: HttpSite) -> None:
    http_site.server.ahead = dt.timedelta(days=400)
    date = connection(http_site.url).send("GET", http_site.url).date
    assert date is not None
    assert abs((date - dt.datetime.now(dt.UTC)).days - 400) <= 1


def test_the_password_is_sent(http_site: HttpSite) -> None:
    http_site.server.password = "secret"
    assert connection(http_site.url).send("GET", http_site.url).status == 401
    known = connection(http_site.url, {"TF_HTTP_USERNAME": "ann", "TF_HTTP_PASSWORD": "secret"})
    assert known.send("GET", http_site.url).status == 404


# -- words -------------------------------------------------------------------------------------------------------------


def test_no_word_of_the_server_and_no_secret_gets_into_an_error(http_site: HttpSite) -> None:
    http_site.server.fail("get", Fault.FAIL_BEFORE)
    reader = connection(f"{http_site.url}?key=secret", {"TF_HTTP_PASSWORD": "secret", "TF_HTTP_RETRY_MAX": "0"})
    error = failed("The state could not be read", reader.read(f"{http_site.url}?key=secret"))
    assert str(error) == "The state could not be read: the server failed (500)."
    assert "secret" not in f"{error} {error.hint}"


def test_a_server_that_is_not_there_is_said_so() -> None:
    answer = connection("http://127.0.0.1:9/x").send("GET", "http://127.0.0.1:9/x?key=secret")
    assert (answer.status, answer.words) == (0, "the server could not be reached")


def test_a_redirect_is_not_followed() -> None:
    assert Answer(302).final
    assert "redirect (302)" in Answer(302).words


def test_an_address_is_sent_as_it_is_written(http_site: HttpSite) -> None:
    url = f"{http_site.server.url}/state/group%2Fvoices?key=a%20b"
    connection(url).send("GET", with_lock_id(url, "1~a@b:c~https://d/?e=f&g"))
    (got,) = http_site.server.received
    assert got.target == "/state/group%2Fvoices?key=a%20b&ID=1~a%40b%3Ac~https%3A%2F%2Fd%2F%3Fe%3Df%26g"


@pytest.mark.parametrize("proxy", ["ftp://user:secret@proxy", "http://user:secret@proxy:port"])
def test_a_proxy_that_is_none_is_refused_without_its_text(proxy: str) -> None:
    url = "https://state.example.com/voices"
    with pytest.raises(UsageError) as caught:
        connection(url, {"HTTPS_PROXY": proxy}).send("GET", url)
    assert "names a proxy" in str(caught.value)
    assert "secret" not in str(caught.value)


# -- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key in the same file."""
    pytest.importorskip("cryptography", reason="needs cryptography, to make a certificate")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "pair.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


class _Empty(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


setattr(_Empty, "do_GET", _Empty._answer)  # noqa: B010 - http.server's own name


class _Tls(HTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that refuses the certificate is not worth a traceback."""


@pytest.fixture
def tls_url(certificate: Path) -> Iterator[str]:
    """A server that wants a client's certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificate))
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    with _Tls(("127.0.0.1", 0), _Empty) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"https://localhost:{server.server_address[1]}/x"
        server.shutdown()


def test_certificates_are_taken_from_the_environment(tls_url: str, certificate: Path) -> None:
    pair = certificate.read_text()
    own = {"TF_HTTP_CLIENT_CERTIFICATE_PEM": pair, "TF_HTTP_CLIENT_PRIVATE_KEY_PEM": pair}
    trusting = connection(tls_url, own | {"TF_HTTP_CLIENT_CA_CERTIFICATE_PEM": pair})
    assert trusting.send("GET", tls_url).status == 204
    assert connection(tls_url, own | {"TF_HTTP_SKIP_CERT_VERIFICATION": "true"}).send("GET", tls_url).status == 204
    assert connection(tls_url, own).send("GET", tls_url).words == "the server's certificate is not trusted"


def test_a_certificate_that_is_none_is_refused_without_its_text(tls_url: str) -> None:
    wrong = connection(
        tls_url, {"TF_HTTP_CLIENT_CERTIFICATE_PEM": "secret", "TF_HTTP_CLIENT_PRIVATE_KEY_PEM": "secret"}
    )
    with pytest.raises(UsageError) as caught:
        wrong.send("GET", tls_url)
    assert "TF_HTTP_CLIENT_CERTIFICATE_PEM" in str(caught.value)
    assert "secret" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("status", [409, 423])
def test_a_lock_is_no_answer_to_a_reader(status: int) -> None:
    """A proxy or a server under load may answer so; a lock does not hinder reading."""
    clock = FakeClock()
    connection = Connection(address("http://127.0.0.1:1/state", {}), clock)
    answers = [Answer(status), Answer(status), Answer(200, b"{}")]
    connection.send = lambda *_: answers.pop(0)  # type: ignore[method-assign]  # a server's answers, without a server
    assert connection.read("http://127.0.0.1:1/state") == Answer(200, b"{}")
    assert len(clock.slept) == 2

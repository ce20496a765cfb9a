"""A call of Tencent: its content, its clock and its repetition. With a server on a socket that checks signatures."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import httpx
import pytest

from reconciler.errors import CloudError, OutcomeUnknown, Rejected
from reconciler.model.account import Timeouts
from reconciler.providers.tencent.auth import Credentials
from reconciler.providers.tencent.client import TRTC, VOD, Client, Product
from tests.providers.tencent.support import CREDENTIALS, PAID, Came, Cloud, Ticket, body, refusal, scripted
from tests.support.clock import START, FakeClock
from tests.support.hints import in_words

TASK = "221073-CreateAigcCustomVoice-d5cd48945834b441e6e2db3966d4c954t"
EXPIRED = "AuthFailure.SignatureExpire"
DATE = "%a, %d %b %Y %H:%M:%S GMT"


class Checking:
    """Tencent's checks: first the time, within 5 minutes, then the signature of the received request."""

    def __init__(self, *, secret_key: str = CREDENTIALS.secret_key) -> None:
        self.now = START
        self.dated = True
        self._secret_key = secret_key
        self.codes: list[str] = []

    def __call__(self, came: Came) -> httpx.Response:
        code = self._refused(came)
        self.codes.append(code)
        date = {"Date": self.now.strftime(DATE)} if self.dated else {}
        return answered(refusal(code) if code else body(TaskId=TASK), **date)

    def _refused(self, came: Came) -> str:
        timestamp = int(came.headers["X-TC-Timestamp"])
        if abs(self.now.timestamp() - timestamp) > 300:
            return EXPIRED
        authorization = re.fullmatch(
            r"TC3-HMAC-SHA256 Credential=([^/]+)/([0-9-]+)/(\w+)/tc3_request, SignedHeaders=([a-z;-]+), "
            r"Signature=([0-9a-f]{64})",
            came.headers["Authorization"],
        )
        assert authorization is not None
        _, date, product, names, signature = authorization.groups()
        lower = {name.lower(): value for name, value in came.headers.items()}
        signed = "".join(f"{name}:{lower[name].strip().lower()}\n" for name in names.split(";"))
        request = f"POST\n/\n\n{signed}\n{names}\n{hashlib.sha256(came.content).hexdigest()}"
        scope = f"{date}/{product}/tc3_request"
        text = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = b"TC3" + self._secret_key.encode()
        for part in (date, product, "tc3_request", text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return "" if key.hex() == signature else "AuthFailure.SignatureFailure"


def answered(content: bytes, **headers: str) -> httpx.Response:
    whole = {"Content-Type": "application/json", "Content-Length": str(len(content))} | headers
    return httpx.Response(200, headers=whole, content=content)


@pytest.fixture
def checking() -> Checking:
    return Checking()


@pytest.fixture
def cloud(checking: Checking) -> Iterator[Cloud]:
    with Cloud(checking) as cloud:
        yield cloud


class CliHarness:
    """Clients that are closed at the end of the test."""

    def __init__(self, cloud: Cloud, clock: FakeClock) -> None:
        self.cloud, self.clock = cloud, clock
        self.opened: list[Client] = []

    def client(
        self,
        product: Product = VOD,
        credentials: Credentials = CREDENTIALS,
        *,
        prefix: str = "",
        region: str | None = None,
    ) -> Client:
        url = f"http://{self.cloud.host}{prefix}"
        client = Client(product, credentials, clock=self.clock, timeouts=Timeouts(), endpoint=url, region=region)
        self.opened.append(client)
        return client


@pytest.fixture
def cli(cloud: Cloud, clock: FakeClock) -> Iterator[CliHarness]:
    cli = CliHarness(cloud, clock)
    yield cli
    for client in cli.opened:
        client.close()


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_a_call_is_signed_as_it_arrives(cli: CliHarness, checking: Checking) -> None:
    client = cli.client()
    assert client.call(PAID, {"VoiceName": "Schönes 你好"}, shape=Ticket).task_id == TASK
    assert (checking.codes, client.calls) == ([""], 1)


def test_the_headers_are_the_sdk_s(cli: CliHarness, cloud: Cloud) -> None:
    cli.client().call(PAID, {"SubAppId": 221073}, shape=Ticket)
    came = cloud.came[0]
    assert came.headers["Authorization"].startswith(
        f"TC3-HMAC-SHA256 Credential={CREDENTIALS.secret_id}/2026-01-02/vod/tc3_request, "
        "SignedHeaders=content-type;host, Signature="
    )
    assert {name: value for name, value in came.headers.items() if name.startswith(("X-TC", "Content", "Host"))} == {
        "Host": cloud.host,
        "Content-Length": str(len(came.content)),
        "Content-Type": "application/json",
        "X-TC-Action": PAID,
        "X-TC-Version": "2018-07-17",
        "X-TC-Timestamp": str(int(START.timestamp())),
        "X-TC-Language": "en-US",
        "X-TC-Token": CREDENTIALS.token,
    }
    assert (came.path, json.loads(came.content)) == ("/", {"SubAppId": 221073})


def test_region_and_token_are_sent_only_where_they_are_set(cli: CliHarness, cloud: Cloud) -> None:
    lasting = Credentials(CREDENTIALS.secret_id, CREDENTIALS.secret_key)
    cli.client(TRTC, lasting, region="ap-singapore").call("VoiceClone", {}, shape=Ticket)
    headers = cloud.came[0].headers
    assert (headers["X-TC-Region"], headers["X-TC-Version"]) == ("ap-singapore", "2019-07-22")
    assert "X-TC-Token" not in headers
    assert "/trtc/tc3_request" in headers["Authorization"]


def test_under_a_path_prefix_the_signed_path_is_still_the_root(
    cli: CliHarness, cloud: Cloud, checking: Checking
) -> None:
    cli.client(prefix="/gate way").call(PAID, {}, shape=Ticket)
    assert [c.path for c in cloud.came] == ["/gate%20way/"]
    assert checking.codes == [""]


def test_the_whole_call_has_the_signature_of_the_sdk_s_first_vector(clock: FakeClock) -> None:
    clock.ahead += (datetime(2026, 1, 1, tzinfo=UTC) - START).total_seconds()
    example = Credentials("AKIDEXAMPLE", "SECRETEXAMPLE")
    script = scripted(body(TaskId=TASK))[1]
    endpoint = "http://127.0.0.1:18931"
    client = Client(VOD, example, clock=clock, timeouts=Timeouts(), endpoint=endpoint, transport=script)
    inputs = {
        "SubAppId": 221073,
        "AudioFileInfo": {"Type": "Url", "Url": "https://example.com/ref.wav"},
        "VoiceId": "narrator01",
        "Text": "Hello, 你好.",
        "SessionId": "sess-1",
        "SessionContext": "ctx",
    }
    client.call("CreateAigcAudioClone", inputs, shape=Ticket)
    assert (
        script.requests[0]
        .headers["Authorization"]
        .endswith("Signature=ecdc3372be424aed87b74c621258a13bc5f8b19948d8dfec01f3d4c0e4cab155")
    )


# -- by whose clock ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong_by", [-86400, -301, 301, 86400])
def test_a_machine_with_a_wrong_clock_signs_with_the_cloud_s_time(
    cli: CliHarness, checking: Checking, wrong_by: int
) -> None:
    cli.clock.ahead += wrong_by
    client = cli.client()
    for _ in range(3):
        client.call(PAID, {}, shape=Ticket)
    assert checking.codes == [EXPIRED, "", "", ""]
    assert client.calls == 4


def test_a_clock_that_jumps_under_a_run_is_followed(cli: CliHarness, checking: Checking) -> None:
    client = cli.client()
    for jump in (0, 7200, -7200):
        cli.clock.ahead += jump
        client.call(PAID, {}, shape=Ticket)
    assert checking.codes == ["", EXPIRED, "", EXPIRED, ""]


def test_the_cloud_s_time_continues_with_ours(cli: CliHarness, checking: Checking, cloud: Cloud) -> None:
    cli.clock.ahead += -3600
    client = cli.client()
    client.call(PAID, {}, shape=Ticket)
    cli.clock.pass_(1000)
    checking.now += timedelta(seconds=1000)
    client.call(PAID, {}, shape=Ticket)
    assert int(cloud.came[-1].headers["X-TC-Timestamp"]) == int(START.timestamp()) + 1000


def test_threads_that_are_all_refused_the_time_all_come_through(cli: CliHarness, checking: Checking) -> None:
    cli.clock.ahead += -3600
    client, start, got = cli.client(), Barrier(4), list[str]()

    def one() -> None:
        start.wait()
        got.append(client.call(PAID, {}, shape=Ticket).task_id)

    threads = [Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [TASK] * 4
    assert checking.codes.count("") == 4


@pytest.mark.parametrize(("wrong_by", "skew"), [(-3600, "3600 s behind"), (600, "600 s ahead of")])
def test_a_time_that_is_refused_twice_stops_everything_and_names_the_skew(wrong_by: int, skew: str) -> None:
    clock = FakeClock()
    clock.ahead += wrong_by
    client, script = scripted(answered(refusal(EXPIRED), Date=START.strftime(DATE)), clock=clock)
    with pytest.raises(Rejected) as caught:
        client.call(PAID, {}, shape=Ticket)
    error = caught.value
    assert (error.systemic, error.code, len(script.requests)) == (True, EXPIRED, 2)
    assert error.detail.endswith(f"; this machine's clock is {skew} the cloud's")
    assert in_words(error.hint) == "Set this machine's clock: it may be 5 minutes wrong, no more."


def test_a_date_that_did_not_help_is_not_kept(clock: FakeClock) -> None:
    far = (START + timedelta(days=1000)).strftime(DATE)
    client, script = scripted(answered(refusal(EXPIRED), Date=far), clock=clock)
    for _ in range(2):
        with pytest.raises(Rejected):
            client.call(PAID, {}, shape=Ticket)
    sent = [int(r.headers["X-TC-Timestamp"]) - int(START.timestamp()) for r in script.requests]
    assert sent == [0, 86_400_000, 0, 86_400_000]


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 99 Foo 2026 99:99:99 GMT"])
def test_without_a_usable_date_there_is_no_second_try(date: str) -> None:
    client, script = scripted(answered(refusal(EXPIRED), Date=date))
    with pytest.raises(Rejected) as caught:
        client.call(PAID, {}, shape=Ticket)
    assert (caught.value.systemic, len(script.requests)) == (True, 1)
    assert "has no date" in caught.value.detail


@pytest.mark.parametrize(("status", "requests"), [(200, 2), (401, 2), (302, 1), (500, 1)])
def test_a_refused_time_is_believed_where_it_proves_that_nothing_happened(status: int, requests: int) -> None:
    refused = answered(refusal(EXPIRED), Date=START.strftime(DATE))
    client, script = scripted(httpx.Response(status, headers=refused.headers, content=refused.content))
    with pytest.raises(CloudError):
        client.call(PAID, {}, shape=Ticket)
    assert len(script.requests) == requests


def test_a_reply_that_is_lost_after_the_time_was_refused_leaves_it_unknown() -> None:
    client, script = scripted(answered(refusal(EXPIRED), Date=START.strftime(DATE)), httpx.ReadError("reset"))
    with pytest.raises(OutcomeUnknown):
        client.call(PAID, {}, shape=Ticket)
    assert len(script.requests) == 2


@pytest.mark.parametrize("code", ["AuthFailure.SignatureFailure", "AuthFailure.TokenFailure", "RequestLimitExceeded"])
def test_nothing_else_is_tried_twice(code: str) -> None:
    client, script = scripted(answered(refusal(code), Date=(START + timedelta(hours=1)).strftime(DATE)))
    with pytest.raises(CloudError, match=code):
        client.call(PAID, {}, shape=Ticket)
    assert len(script.requests) == 1


def test_a_wrong_secret_key_stops_everything(cli: CliHarness, checking: Checking) -> None:
    wrong = Credentials(CREDENTIALS.secret_id, "another-key-of-somebody")
    with pytest.raises(Rejected) as caught:
        cli.client(VOD, wrong).call(PAID, {}, shape=Ticket)
    assert (caught.value.systemic, caught.value.code) == (True, "AuthFailure.SignatureFailure")
    assert in_words(caught.value.hint) == "Check the secret key: it does not fit the secret id."
    assert checking.codes == ["AuthFailure.SignatureFailure"]

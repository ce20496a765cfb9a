"""Both ways to authenticate, against a server that checks them, and with wrong clocks."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import pytest

from reconciler.errors import CredentialsMissing, Rejected
from reconciler.providers.kling.account import KlingAccount, KlingCredentials
from reconciler.providers.kling.auth import ApiKey, KeyPair, Signer, credentials, endpoint
from tests.providers.conftest import Connect
from tests.providers.support import KEY, answer, kling_body, scripted, voice
from tests.support.clock import START, FakeClock
from tests.support.kling_service import KlingService

ACCOUNT = KlingAccount(type="kling")
NAMED = KlingAccount(type="kling", credentials=KlingCredentials(api_key_env="PROD_KEY"))
NAMED_PAIR = KlingAccount(
    type="kling", credentials=KlingCredentials(access_key_env="PROD_AK", secret_key_env="PROD_SK")
)


# -- which credentials -------------------------------------------------------------------------------------------------


def test_the_api_key_comes_first() -> None:
    environ = {"KLING_API_KEY": "k", "KLING_ACCESS_KEY": "a", "KLING_SECRET_KEY": "s"}
    assert credentials(ACCOUNT, environ) == ApiKey("k")


def test_an_empty_api_key_counts_as_unset() -> None:
    environ = {"KLING_API_KEY": " ", "KLING_ACCESS_KEY": "a", "KLING_SECRET_KEY": "s"}
    assert credentials(ACCOUNT, environ) == KeyPair("a", "s")


def test_a_line_break_at_the_end_of_a_key_is_no_part_of_it() -> None:
    assert credentials(ACCOUNT, {"KLING_API_KEY": "k\n"}) == ApiKey("k")


def test_nothing_set_names_every_variable() -> None:
    with pytest.raises(CredentialsMissing, match="KLING_API_KEY or KLING_ACCESS_KEY and KLING_SECRET_KEY"):
        credentials(ACCOUNT, {})


@pytest.mark.parametrize(
    ("there", "missing"), [("KLING_ACCESS_KEY", "KLING_SECRET_KEY"), ("KLING_SECRET_KEY", "KLING_ACCESS_KEY")]
)
def test_half_a_pair_says_which_half_is_missing(there: str, missing: str) -> None:
    with pytest.raises(CredentialsMissing, match=f"{there} is set, but {missing} is not"):
        credentials(ACCOUNT, {there: "x", missing: ""})


def test_an_account_may_name_its_own_variable() -> None:
    assert credentials(NAMED, {"PROD_KEY": "p", "KLING_API_KEY": "k"}) == ApiKey("p")
    assert credentials(NAMED_PAIR, {"PROD_AK": "a", "PROD_SK": "s"}) == KeyPair("a", "s")


def test_another_account_s_key_is_never_used_instead() -> None:
    with pytest.raises(CredentialsMissing, match="Kling needs PROD_KEY in"):
        credentials(NAMED, {"KLING_API_KEY": "k"})


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "schlüssel", "nul\x00"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(CredentialsMissing, match="KLING_API_KEY holds characters that no key has") as caught:
        credentials(ACCOUNT, {"KLING_API_KEY": value})
    assert value not in str(caught.value)


# -- which account -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "base"),
    [
        (ACCOUNT, "https://api-singapore.klingai.com"),
        (KlingAccount(type="kling", region="beijing"), "https://api-beijing.klingai.com"),
        (KlingAccount(type="kling", endpoint="http://127.0.0.1:8080/kling/"), "http://127.0.0.1:8080/kling"),
    ],
)
def test_an_account_is_at_its_region_or_at_the_endpoint_it_names(account: KlingAccount, base: str) -> None:
    assert endpoint(account) == base


# -- on the socket -----------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(kling: KlingService) -> KeyPair:
    return KeyPair(kling.access_key, kling.secret_key)


def codes(kling: KlingService) -> list[int]:
    return [c.code for c in kling.calls]


def test_an_api_key_is_accepted_under_a_path_prefix(kling: KlingService, connect: Connect) -> None:
    connect(ApiKey(kling.api_key)).voices()
    assert codes(kling) == [0]
    assert kling.url.endswith("/gateway")


def test_a_wrong_api_key_stops_everything(connect: Connect) -> None:
    with pytest.raises(Rejected) as caught:
        connect(ApiKey("wrong")).voices()
    assert (caught.value.systemic, caught.value.code) == (True, "1002")


def test_a_key_pair_signs_what_the_cloud_accepts(kling: KlingService, connect: Connect, pair: KeyPair) -> None:
    connect(pair).submit(voice(), KEY)
    assert codes(kling) == [0]


def test_a_wrong_secret_key_stops_everything(kling: KlingService, connect: Connect) -> None:
    with pytest.raises(Rejected) as caught:
        connect(KeyPair(kling.access_key, "x" * 32)).voices()
    assert (caught.value.systemic, kling.count("list")) == (True, 1)


def test_a_token_says_what_the_vendor_asks_for(pair: KeyPair) -> None:
    header = Signer(pair, clock=FakeClock()).authorization()
    head, claims = (json.loads(base64.urlsafe_b64decode(p + "==")) for p in header.split(" ")[1].split(".")[:2])
    now = int(START.timestamp())
    assert head == {"alg": "HS256", "typ": "JWT"}
    assert claims == {"iss": pair.access_key, "exp": now + 1800, "nbf": now - 5}


def test_a_token_is_kept_while_it_is_young(pair: KeyPair, clock: FakeClock) -> None:
    signer = Signer(pair, clock=clock)
    first = signer.authorization()
    clock.pass_(1100)
    assert signer.authorization() == first


def test_a_token_is_signed_again_well_before_it_expires(
    kling: KlingService, connect: Connect, pair: KeyPair, clock: FakeClock
) -> None:
    provider = connect(pair)
    for _ in range(4):
        provider.voices()
        clock.pass_(1500)
    assert codes(kling) == [0, 0, 0, 0]


@pytest.mark.parametrize("wrong_by", [-86400, -3600, 3600, 86400])
def test_a_machine_with_a_wrong_clock_signs_with_the_server_s_time(
    kling: KlingService, connect: Connect, pair: KeyPair, wrong_by: int
) -> None:
    wrong = FakeClock()
    wrong.ahead += wrong_by
    provider = connect(pair, its_clock=wrong)
    provider.submit(voice(), KEY)
    provider.voices()
    assert codes(kling) == [1003 if wrong_by > 0 else 1004, 0, 0, 0]  # the list takes one more call, to confirm its end
    assert kling.bought == 1


def test_a_clock_that_jumps_under_a_run_is_followed(kling: KlingService, connect: Connect, pair: KeyPair) -> None:
    ours = FakeClock()
    provider = connect(pair, its_clock=ours)
    provider.voices()
    ours.ahead += 7200
    provider.voices()
    ours.ahead += -7200
    provider.voices()
    assert [c for c in codes(kling) if c == 0] == [0, 0, 0]
    assert len(kling.calls) <= 5


def test_a_time_that_is_refused_twice_stops_everything(pair: KeyPair) -> None:
    provider, script = scripted(answer(401, kling_body(1004), Date="Fri, 02 Jan 2026 05:04:05 GMT"), credentials=pair)
    with pytest.raises(Rejected) as caught:
        provider.submit(voice(), KEY)
    assert (caught.value.systemic, len(script.requests)) == (True, 2)


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 99 Foo 2026 99:99:99 GMT"])
def test_a_server_without_a_usable_date_is_asked_once_more_by_our_clock(pair: KeyPair, date: str) -> None:
    provider, script = scripted(answer(401, kling_body(1003), Date=date), credentials=pair)
    with pytest.raises(Rejected):
        provider.voices()
    assert len(script.requests) == 2


def test_an_api_key_is_not_tried_again(kling: KlingService, connect: Connect) -> None:
    kling.refuse("list", 401, 1004, times=2)
    with pytest.raises(Rejected):
        connect(ApiKey(kling.api_key)).voices()
    assert kling.count("list") == 1


def test_a_short_secret_key_gives_no_warning(clock: FakeClock) -> None:
    assert Signer(KeyPair("ak", "sk"), clock=clock).authorization().startswith("Bearer ey")


def test_an_api_key_needs_no_token_library() -> None:
    code = (
        "import sys\n"
        "from reconciler.providers.kling.provider import KlingProvider\n"
        "print([m for m in ('jwt', 'rich', 'pygments', 'httpx._main') if m in sys.modules])"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout == "[]\n"

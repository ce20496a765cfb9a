"""Which hosts may receive credentials, and which spellings of a host are never trusted."""

from __future__ import annotations

import pytest

from reconciler.errors import HostNotTrusted
from reconciler.model.trusted_hosts import ALLOWED_HOSTS, in_pipeline, is_loopback, may_receive, refuse_state_host

VENDOR = (".klingai.com", "kling.example")


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://api-singapore.klingai.com", True),
        ("https://API-Singapore.KlingAI.com:443/gateway", True),
        ("https://kling.example", True),
        ("http://api-singapore.klingai.com", False),  # anybody on the way could read the key
        ("https://klingai.com", False),  # `.klingai.com` means what is below it
        ("https://evilklingai.com", False),
        ("https://api.klingai.com.evil.example", False),
        ("https://evil.example/api.klingai.com", False),
        ("https://evil.example\\.klingai.com", False),  # some libraries read a backslash as a slash
        ("https://evil.example%2f.klingai.com", False),
        ("https://evil.example。klingai.com", False),  # an ideographic full stop is a dot in IDNA
        ("https://api..klingai.com", False),
        ("https://", False),
        ("https://[", False),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost", True),
        ("http://127.0.0.1.evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://0.0.0.0", False),
        ("http://2130706433", False),  # 127.0.0.1 for some resolvers
    ],
)
def test_a_host_is_trusted_if_the_vendor_runs_it_or_it_is_this_machine(url: str, trusted: bool) -> None:
    assert may_receive(url, {}, vendor=VENDOR) is trusted


@pytest.mark.parametrize(
    ("allowed", "url", "trusted"),
    [
        ("proxy.example.com", "https://proxy.example.com/kling", True),
        ("a.example, Proxy.Example.com ,", "https://proxy.example.com", True),
        ("proxy.example.com", "https://other.proxy.example.com", False),
        (".example.com", "https://other.proxy.example.com", True),
        ("proxy.example.com", "http://proxy.example.com", False),
        ("http://proxy.example.com", "http://proxy.example.com", True),
        ("10.1.2.3", "https://10.1.2.3:8443", True),
        ("fd00::1", "https://[fd00::1]", True),
        ("", "https://evil.example", False),
        ("*", "https://evil.example", False),
    ],
)
def test_the_environment_may_name_more_hosts(allowed: str, url: str, trusted: bool) -> None:
    assert may_receive(url, {ALLOWED_HOSTS: allowed}, vendor=()) is trusted


@pytest.mark.parametrize(
    ("value", "means"), [("true", True), ("1", True), ("yes", True), ("false", False), ("", False)]
)
def test_ci_marks_a_pipeline(value: str, means: bool) -> None:
    assert in_pipeline({"CI": value}) is means


def test_a_host_of_a_state_is_refused_only_in_a_pipeline() -> None:
    where = "the host evil.example"
    refuse_state_host("evil.example", {}, where=where)
    refuse_state_host("127.0.0.1", {"CI": "true"}, where=where)
    refuse_state_host("evil.example", {"CI": "true"}, where=where, named=("evil.example",))
    refuse_state_host("evil.example", {"CI": "true", ALLOWED_HOSTS: "evil.example"}, where=where)
    with pytest.raises(HostNotTrusted, match=r"Only the manifest names the host evil\.example") as refused:
        refuse_state_host("evil.example", {"CI": "true"}, where=where)
    assert f"{ALLOWED_HOSTS}=evil.example" in str(refused.value.hint)


def test_names_that_end_in_localhost_are_other_machines() -> None:
    assert not is_loopback("evil.localhost")

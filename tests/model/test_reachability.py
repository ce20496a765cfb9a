"""Hosts that no public cloud can reach, recognised from the URL alone."""

from __future__ import annotations

import pytest

from reconciler.model.reachability import not_public

LOCAL = "which always means the local machine"
LOOPBACK, PRIVATE, LINK_LOCAL = "a loopback address", "a private address", "a link-local address"
NOWHERE, NOT_PUBLIC = "which is not the address of a machine", "which is not a public address"
NO_DOT = "a name without a dot, which is known in its own network only"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", f"localhost, {LOCAL}"),
        ("LocalHost", f"localhost, {LOCAL}"),
        ("localhost.", f"localhost, {LOCAL}"),
        ("localhost:8000", f"localhost, {LOCAL}"),
        ("me:pw@localhost:8000", f"localhost, {LOCAL}"),
        ("media.localhost", f"media.localhost, {LOCAL}"),
        ("ip6-localhost", f"ip6-localhost, {LOCAL}"),
        ("l%6Fcalhost", f"localhost, {LOCAL}"),
        ("127.0.0.1", f"127.0.0.1, {LOOPBACK}"),
        ("127.255.0.9", f"127.255.0.9, {LOOPBACK}"),
        ("127.0.0.1.", f"127.0.0.1, {LOOPBACK}"),
        ("127.1", f"127.1 (127.0.0.1), {LOOPBACK}"),
        ("2130706433", f"2130706433 (127.0.0.1), {LOOPBACK}"),
        ("0x7f000001", f"0x7f000001 (127.0.0.1), {LOOPBACK}"),
        ("0X7F.1", f"0x7f.1 (127.0.0.1), {LOOPBACK}"),
        ("0177.0.0.1", f"0177.0.0.1 (127.0.0.1), {LOOPBACK}"),
        ("017700000001", f"017700000001 (127.0.0.1), {LOOPBACK}"),
        ("１２７.0.0.1", f"127.0.0.1, {LOOPBACK}"),
        ("127。0。0。1", f"127.0.0.1, {LOOPBACK}"),
        ("10.0.0.5", f"10.0.0.5, {PRIVATE}"),
        ("010.0.0.5", f"010.0.0.5 (10.0.0.5), {PRIVATE}"),
        ("172.16.0.1", f"172.16.0.1, {PRIVATE}"),
        ("172.31.255.254", f"172.31.255.254, {PRIVATE}"),
        ("192.168.1.10:9000", f"192.168.1.10, {PRIVATE}"),
        ("3232235786", f"3232235786 (192.168.1.10), {PRIVATE}"),
        ("100.64.0.1", "100.64.0.1, an address inside a carrier's network"),
        ("100.127.255.255", "100.127.255.255, an address inside a carrier's network"),
        ("169.254.169.254", f"169.254.169.254, {LINK_LOCAL}"),
        ("0.0.0.0", f"0.0.0.0, {NOWHERE}"),
        ("0", f"0 (0.0.0.0), {NOWHERE}"),
        ("0.0.0.7", f"0.0.0.7, {NOT_PUBLIC}"),
        ("255.255.255.255", f"255.255.255.255, {NOT_PUBLIC}"),
        ("224.0.0.251", f"224.0.0.251, {NOT_PUBLIC}"),
        ("192.0.2.7", f"192.0.2.7, {NOT_PUBLIC}"),
        ("[::1]", f"::1, {LOOPBACK}"),
        ("[::1]:8000", f"::1, {LOOPBACK}"),
        ("[::]", f"::, {NOWHERE}"),
        ("[fd12:3456::1]", f"fd12:3456::1, {PRIVATE}"),
        ("[fc00::1]", f"fc00::1, {PRIVATE}"),
        ("[fe80::1]", f"fe80::1, {LINK_LOCAL}"),
        ("[fe80::1%25eth0]", f"fe80::1%eth0, {LINK_LOCAL}"),
        ("[fec0::1]", f"fec0::1, {PRIVATE}"),
        ("[::ffff:10.0.0.5]", f"::ffff:10.0.0.5, {PRIVATE}"),
        ("[::ffff:7f00:1]", f"::ffff:7f00:1, {LOOPBACK}"),
        ("[::127.0.0.1]", f"::127.0.0.1, {LOOPBACK}"),
        ("[64:ff9b::10.0.0.5]", f"64:ff9b::10.0.0.5, {PRIVATE}"),
        ("[2002:c0a8:101::1]", f"2002:c0a8:101::1, {PRIVATE}"),
        ("[2001:db8::1]", f"2001:db8::1, {NOT_PUBLIC}"),
        ("[ff02::fb]", f"ff02::fb, {NOT_PUBLIC}"),
        ("minio", f"minio, {NO_DOT}"),
        ("media_server:9000", f"media_server, {NO_DOT}"),
        ("nas.local", "nas.local, a name in .local, which is never public"),
        ("NAS.Local.", "nas.local, a name in .local, which is never public"),
        ("minio.media.svc.cluster.local", "minio.media.svc.cluster.local, a name in .local, which is never public"),
        ("host.docker.internal", "host.docker.internal, a name in .internal, which is never public"),
        ("ip-10-0-0-5.ec2.internal", "ip-10-0-0-5.ec2.internal, a name in .internal, which is never public"),
        ("nas.lan", "nas.lan, a name in .lan, which is never public"),
        ("nas.home.arpa", "nas.home.arpa, a name in .home.arpa, which is never public"),
        ("cdn.test", "cdn.test, a name in .test, which is never public"),
        ("cdn.invalid", "cdn.invalid, a name in .invalid, which is never public"),
        ("localhost.localdomain", "localhost.localdomain, a name in .localdomain, which is never public"),
        (
            "voices.oss-cn-hangzhou-internal.aliyuncs.com",
            "voices.oss-cn-hangzhou-internal.aliyuncs.com, an internal name of an object store",
        ),
        ("300.1.2.3", "300.1.2.3, which is not a valid address"),
        ("1.2.3.4.5", "1.2.3.4.5, which is not a valid address"),
    ],
)  # fmt: skip
def test_a_host_that_only_its_own_network_reaches_is_named_with_the_reason(host: str, expected: str) -> None:
    assert not_public(f"http://{host}/a/b.mp3?sig=SECRET#x") == expected
    assert not_public(f"HTTPS://{host}") == expected


@pytest.mark.parametrize(
    "host",
    [
        "cdn.example.com", "x.example", "example.com.", "8.8.8.8", "8.8.8.8:443", "134744072", "9.255.255.255",
        "11.0.0.1", "172.15.255.255", "172.32.0.1", "192.167.1.1", "192.169.1.1", "100.63.255.255", "100.128.0.1",
        "169.253.1.1", "126.255.255.255", "128.0.0.1", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "[64:ff9b::8.8.8.8]",
        "localhost.example.com", "local.com", "internal.example.com", "10.0.0.5.example.com", "lan.de", "test.com",
        "voices.oss-cn-hangzhou.aliyuncs.com", "声音.中国", "xn--fiqs8s.xn--fiqs8s", "a-b.co", "home.arpa.com",
        "myhome.arpa", "localhost@cdn.example.com", "1e100.net", "123.com", "0x7f.example.com",
    ],
)  # fmt: skip
def test_a_host_that_may_be_public_is_left_alone(host: str) -> None:
    assert not_public(f"https://{host}/127.0.0.1/localhost?host=localhost") is None


@pytest.mark.parametrize("url", ["https://[::1", "https://", "no url", "", "https://h:99999999/"])
def test_what_is_not_a_url_is_left_to_others(url: str) -> None:
    assert not_public(url) in (None, f"h, {NO_DOT}")

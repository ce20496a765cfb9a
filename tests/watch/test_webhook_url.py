"""Which addresses a webhook may be sent to, by tables."""

from __future__ import annotations

import pytest

from reconciler.errors import UsageError
from reconciler.watch.webhook_sender import WebhookSender
from reconciler.watch.webhook_url import address_refusal, parse

LINK_LOCAL = "is a link-local address"
METADATA = "is the metadata service of a cloud"
NO_MACHINE = "is not the address of one machine"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("169.254.169.254", f"169.254.169.254 {LINK_LOCAL}"),
        ("169.254.0.23", f"169.254.0.23 {LINK_LOCAL}"),  # Tencent Cloud
        ("169.254.170.2", f"169.254.170.2 {LINK_LOCAL}"),  # AWS, containers
        ("::ffff:169.254.169.254", f"169.254.169.254 {LINK_LOCAL}"),
        ("::169.254.169.254", f"169.254.169.254 {LINK_LOCAL}"),
        ("64:ff9b::a9fe:a9fe", f"169.254.169.254 {LINK_LOCAL}"),
        ("2002:a9fe:a9fe::1", f"169.254.169.254 {LINK_LOCAL}"),
        ("2001:0:1:2:0:0:5601:5601", f"169.254.169.254 {LINK_LOCAL}"),
        ("fe80::1", f"fe80::1 {LINK_LOCAL}"),
        ("fe80::1%eth0", f"fe80::1%eth0 {LINK_LOCAL}"),
        ("100.100.100.200", f"100.100.100.200 {METADATA}"),
        ("::ffff:100.100.100.200", f"100.100.100.200 {METADATA}"),
        ("fd00:ec2::254", f"fd00:ec2::254 {METADATA}"),
        ("fd20:ce::254", f"fd20:ce::254 {METADATA}"),
        ("168.63.129.16", f"168.63.129.16 {METADATA}"),
        ("0.0.0.0", f"0.0.0.0 {NO_MACHINE}"),
        ("0.1.2.3", f"0.1.2.3 {NO_MACHINE}"),
        ("::", f":: {NO_MACHINE}"),
        ("224.0.0.1", f"224.0.0.1 {NO_MACHINE}"),
        ("ff02::1", f"ff02::1 {NO_MACHINE}"),
        ("255.255.255.255", f"255.255.255.255 {NO_MACHINE}"),
        ("250.1.2.3", f"250.1.2.3 {NO_MACHINE}"),
    ],
)
@pytest.mark.parametrize("encrypted", [True, False])
def test_these_addresses_get_no_webhook(address: str, why: str, *, encrypted: bool) -> None:
    assert address_refusal(address, encrypted=encrypted) == why


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "10.0.0.5", "172.16.3.4", "192.168.1.2", "100.64.0.7", "fd12:3456::1", "::ffff:10.0.0.5"],
)
def test_a_private_network_gets_webhooks_with_and_without_tls(address: str) -> None:
    assert address_refusal(address, encrypted=True) is None
    assert address_refusal(address, encrypted=False) is None


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "172.32.0.1"])
def test_a_public_address_gets_webhooks_over_https_only(address: str) -> None:
    assert address_refusal(address, encrypted=True) is None
    assert "use https://" in str(address_refusal(address, encrypted=False))


@pytest.mark.parametrize(
    "url",
    [
        "https://metadata.google.internal/computeMetadata/v1/",
        "https://METADATA.google.internal./",
        "https://metadata/",
        "http://metadata.tencentyun.com/latest",
        "http://instance-data/latest",
    ],
)
def test_the_names_of_metadata_services_are_refused_unresolved(url: str) -> None:
    with pytest.raises(UsageError, match="it is the metadata service of a cloud"):
        parse(url)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "2852039166",  # the same in decimal
        "0xA9FEA9FE",
        "0251.0376.0251.0376",
        "169.254.43518",
        "0xa9.254.0251.254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "0",
        "0.0.0.0",
        "[::]",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_refused_address_is_refused_in_any_spelling(host: str, scheme: str) -> None:
    with pytest.raises(UsageError):
        WebhookSender(parse(f"{scheme}://{host}/latest"), proxies={})


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com/voices",
        "ftp://hooks.example.com/S3CRET",
        "file:///etc/S3CRET",
        "https:///S3CRET",
        "https://hooks.example.com:99999/S3CRET",
        "https://ann:S3CRET@hooks.example.com/",
        "https://hooks.example.com/S3CRET\n\x00",
        "https://exa mple/S3CRET",
    ],
)
def test_what_is_no_address_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(url)
    assert "S3CRET" not in f"{refused.value} {refused.value.hint}"


def test_only_the_host_of_an_address_may_be_shown() -> None:
    url = parse("https://hooks.example.com/T0KEN?key=S3CRET#top")
    assert (url.shown, url.host, url.port, url.encrypted) == ("hooks.example.com", "hooks.example.com", 443, True)
    assert url.url == "https://hooks.example.com/T0KEN?key=S3CRET"
    assert "T0KEN" not in repr(url)

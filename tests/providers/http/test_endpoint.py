"""Two spellings of a base URL give one normal form, so they are one account."""

from __future__ import annotations

import pytest

from reconciler.errors import UsageError
from reconciler.providers.http.endpoint import base_url


@pytest.mark.parametrize(
    ("named", "base"),
    [
        ("https://api-singapore.klingai.com", "https://api-singapore.klingai.com"),
        ("HTTPS://API.Example.COM:443/Kling/", "https://api.example.com/Kling"),
        ("http://127.0.0.1:8080/Gate//", "http://127.0.0.1:8080/Gate"),
        ("http://[::1]:80/a", "http://[::1]/a"),
        ("http://MÜNCHEN.example/", "http://münchen.example"),
    ],
)
def test_an_endpoint_has_one_form(named: str, base: str) -> None:
    assert base_url(named) == base


@pytest.mark.parametrize("named", ["http://host:port/", "http://host:99999/", "http://[zz]/", "http://ä..example/"])
def test_an_endpoint_that_is_not_a_url_is_refused(named: str) -> None:
    with pytest.raises(UsageError, match="can't be an endpoint"):
        base_url(named)

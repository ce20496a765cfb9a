from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.backends.http_state.address import Address, address, with_lock_id
from reconciler.errors import UsageError

PLAIN = "https://state.example.com/voices"
GITLAB = "https://gitlab.example.com/api/v4/projects/7/terraform/state/voices"


def of(url: str, **environ: str) -> Address:
    return address(url, environ)


def refused(url: str, environ: Mapping[str, str]) -> str:
    with pytest.raises(UsageError) as caught:
        address(url, environ)
    return str(caught.value)


# -- the address -------------------------------------------------------------------------------------------------------


def test_a_plain_server_is_locked_at_the_state_s_own_address() -> None:
    at = of(PLAIN)
    assert (at.lock, at.unlock) == (PLAIN, PLAIN)
    assert (at.update_method, at.lock_method, at.unlock_method) == ("POST", "LOCK", "UNLOCK")


@pytest.mark.parametrize(
    "url",
    [
        GITLAB,
        "https://example.com/git/api/v4/projects/group%2Fproject/terraform/state/voices",
        "https://gitlab.com/api/v4/projects/7/terraform/state/a.b-c",
    ],
)
def test_an_address_of_gitlab_chooses_its_form_of_the_protocol(url: str) -> None:
    at = of(url)
    assert at.gitlab
    assert (at.lock, at.unlock) == (f"{url}/lock", f"{url}/lock")
    assert (at.update_method, at.lock_method, at.unlock_method) == ("POST", "POST", "DELETE")
    assert at.old_version(7) == f"{url}/versions/7"


def test_a_name_with_a_slash_is_refused_at_gitlab() -> None:
    assert "GitLab's names of states have no /" in refused(f"{GITLAB}/more", {})


def test_a_query_is_kept_and_never_shown() -> None:
    at = of(f"{PLAIN}?key=secret")
    assert at.where == PLAIN
    assert "secret" not in repr(at)
    assert with_lock_id(at.state, "a~b/c") == f"{PLAIN}?key=secret&ID=a~b%2Fc"
    assert of(f"{GITLAB}?key=secret").lock == f"{GITLAB}/lock?key=secret"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "voices.json",
        "ftp://example.com/x",
        "https://",
        "https://host:no/x",
        "https://[x/",
        f"{PLAIN}\n",
        f" {PLAIN}",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    assert "is not a URL" in refused(url, {})


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    message = refused("https://ann:secret@state.example.com/voices", {})
    assert "holds a user or a password" in message
    assert "secret" not in message


def test_a_fragment_is_refused() -> None:
    assert "fragment" in refused(f"{PLAIN}#1", {})


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:80/x"])
def test_plain_http_is_allowed_to_this_machine(url: str) -> None:
    assert of(url).state == url


def test_plain_http_to_another_machine_must_be_allowed() -> None:
    assert "is not encrypted" in refused("http://state.example.com/x?key=secret", {})
    assert "secret" not in refused("http://state.example.com/x?key=secret", {})
    assert of("http://state.example.com/x", VOICECTL_ALLOW_HTTP="true").state == "http://state.example.com/x"


# -- the environment ---------------------------------------------------------------------------------------------------

OTHERS = {
    "TF_HTTP_UPDATE_METHOD": "PUT",
    "TF_HTTP_LOCK_ADDRESS": "https://locks.example.com/a",
    "TF_HTTP_LOCK_METHOD": "PUT",
    "TF_HTTP_UNLOCK_ADDRESS": "https://locks.example.com/b",
    "TF_HTTP_UNLOCK_METHOD": "DELETE",
}


def test_methods_and_lock_addresses_count_for_their_own_address() -> None:
    at = address(PLAIN, {"TF_HTTP_ADDRESS": PLAIN} | OTHERS)
    assert (at.lock, at.unlock) == ("https://locks.example.com/a", "https://locks.example.com/b")
    assert (at.update_method, at.lock_method, at.unlock_method) == ("PUT", "PUT", "DELETE")


@pytest.mark.parametrize(
    "named", ["", "https://gitlab.com/api/v4/projects/1/terraform/state/infrastructure", f"{PLAIN}/"]
)
def test_the_settings_of_terraform_s_own_state_are_left_alone(named: str) -> None:
    assert address(PLAIN, {"TF_HTTP_ADDRESS": named} | OTHERS) == of(PLAIN)
    assert address(GITLAB, {"TF_HTTP_ADDRESS": named} | OTHERS) == of(GITLAB)


def test_a_lock_address_is_checked_like_an_address() -> None:
    environ = {"TF_HTTP_ADDRESS": PLAIN, "TF_HTTP_LOCK_ADDRESS": "http://locks.example.com"}
    assert "TF_HTTP_LOCK_ADDRESS is not encrypted" in refused(PLAIN, environ)


@pytest.mark.parametrize("method", ["lock", "LOCK IT", "LÖCK"])
def test_a_method_is_a_word(method: str) -> None:
    assert "TF_HTTP_LOCK_METHOD" in refused(PLAIN, {"TF_HTTP_ADDRESS": PLAIN, "TF_HTTP_LOCK_METHOD": method})


def test_user_password_and_retries_always_count() -> None:
    at = of(
        PLAIN,
        TF_HTTP_USERNAME="ann",
        TF_HTTP_PASSWORD="secret",
        TF_HTTP_RETRY_MAX="2",
        TF_HTTP_RETRY_WAIT_MIN="1",
        TF_HTTP_RETRY_WAIT_MAX="30",
    )
    assert (at.user, at.password) == ("ann", "secret")
    assert (at.retries, at.shortest_wait, at.longest_wait) == (2, 1, 30)
    assert "secret" not in repr(at)


@pytest.mark.parametrize("name", ["TF_HTTP_RETRY_MAX", "TF_HTTP_RETRY_WAIT_MIN", "TF_HTTP_RETRY_WAIT_MAX"])
@pytest.mark.parametrize("text", ["-1", "1.5", "many", "99999999"])
def test_a_number_is_whole(name: str, text: str) -> None:
    assert f"{name} is not a whole number" in refused(PLAIN, {name: text})


def test_a_job_of_gitlab_needs_no_password() -> None:
    at = of(GITLAB, CI_JOB_TOKEN="secret", CI_API_V4_URL="https://gitlab.example.com/api/v4")
    assert (at.user, at.password) == ("gitlab-ci-token", "secret")
    assert "secret" not in repr(at)


def test_a_password_comes_before_the_token_of_the_job() -> None:
    at = of(GITLAB, CI_JOB_TOKEN="token", TF_HTTP_USERNAME="ann", TF_HTTP_PASSWORD="own")
    assert (at.user, at.password) == ("ann", "own")


def test_the_token_of_a_job_goes_to_its_own_gitlab_only() -> None:
    elsewhere = "https://evil.example.com/api/v4/projects/7/terraform/state/voices"
    assert of(elsewhere, CI_JOB_TOKEN="secret", CI_SERVER_URL="https://gitlab.example.com").password == ""
    assert of(PLAIN, CI_JOB_TOKEN="secret").password == ""


def test_a_certificate_needs_its_key() -> None:
    assert "TF_HTTP_CLIENT_PRIVATE_KEY_PEM is not set" in refused(PLAIN, {"TF_HTTP_CLIENT_CERTIFICATE_PEM": "x"})
    assert "TF_HTTP_CLIENT_CERTIFICATE_PEM is not set" in refused(PLAIN, {"TF_HTTP_CLIENT_PRIVATE_KEY_PEM": "x"})


def test_certificates_are_taken() -> None:
    tls = of(
        PLAIN,
        TF_HTTP_CLIENT_CERTIFICATE_PEM="c",
        TF_HTTP_CLIENT_PRIVATE_KEY_PEM="secret",
        TF_HTTP_CLIENT_CA_CERTIFICATE_PEM="a",
        TF_HTTP_SKIP_CERT_VERIFICATION="true",
    ).tls
    assert (tls.certificate, tls.key, tls.authority, tls.verify) == ("c", "secret", "a", False)
    assert "secret" not in repr(tls)
    assert "neither true nor false" in refused(PLAIN, {"TF_HTTP_SKIP_CERT_VERIFICATION": "maybe"})


@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("", False),
        ("example.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("*", True),
        ("ample.com", False),
    ],
)
def test_a_proxy_of_the_environment_is_used(no_proxy: str, direct: bool) -> None:
    at = of(PLAIN, HTTPS_PROXY="http://user:secret@proxy:3128", NO_PROXY=no_proxy)
    assert (at.proxy == "") is direct
    assert "secret" not in repr(at)


def test_this_machine_is_reached_without_a_proxy() -> None:
    assert of("http://127.0.0.1:80/x", ALL_PROXY="http://proxy").proxy == ""
    assert of("https://10.1.2.3/x", ALL_PROXY="http://proxy", no_proxy="10.0.0.0/8").proxy == ""
    assert of("https://10.1.2.3/x", ALL_PROXY="http://proxy").proxy == "http://proxy"

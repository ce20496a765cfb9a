"""Where credentials are looked for, in which order, and the messages about what is found. Uses real files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.errors import CredentialsMissing
from reconciler.providers.tencent.auth import Credentials, credentials

NOTHING: Mapping[str, str] = {}
ENVIRON = {"TENCENTCLOUD_SECRET_ID": "env-id", "TENCENTCLOUD_SECRET_KEY": "env-key"}
TCCLI = ".tccli/default.credential"
SDK = ".tencentcloud/credentials"


@dataclass(frozen=True)
class Names:
    secret_id_env: str | None = None
    secret_key_env: str | None = None
    token_env: str | None = None


PROD = Names("PROD_ID", "PROD_KEY")


class Machine:
    """A home folder and an /etc, with files."""

    def __init__(self, root: Path) -> None:
        self.home, self.etc = root / "home", root / "etc"
        self.home.mkdir()

    def keep(self, name: str, content: str | bytes, *, etc: bool = False) -> Path:
        path = (self.etc if etc else self.home) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def tccli(self, values: Mapping[str, object], profile: str = "default") -> None:
        self.keep(f".tccli/{profile}.credential", json.dumps(values))

    def sdk(self, *lines: str, etc: bool = False) -> None:
        self.keep("tencentcloud/credentials" if etc else SDK, "\n".join(("[default]", *lines)), etc=etc)

    def found(self, environ: Mapping[str, str] = NOTHING, *, names: Names | None = None) -> Credentials:
        return credentials(names, environ, home=self.home, etc=self.etc)

    def complaint(self, environ: Mapping[str, str] = NOTHING, *, names: Names | None = None) -> str:
        with pytest.raises(CredentialsMissing) as caught:
            self.found(environ, names=names)
        assert caught.value.hint
        return caught.value.detail


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


# -- the environment ---------------------------------------------------------------------------------------------------


def test_the_environment_comes_first(machine: Machine) -> None:
    machine.tccli({"secretId": "file-id", "secretKey": "file-key", "token": "file-token"})
    machine.sdk("secret_id = sdk-id", "secret_key = sdk-key")
    assert machine.found(ENVIRON) == Credentials("env-id", "env-key")


@pytest.mark.parametrize("name", ["TENCENTCLOUD_TOKEN", "TENCENTCLOUD_SECURITY_TOKEN"])
def test_a_token_has_two_names(machine: Machine, name: str) -> None:
    assert machine.found(ENVIRON | {name: "env-token"}) == Credentials("env-id", "env-key", "env-token")


def test_of_two_tokens_tccli_s_name_counts(machine: Machine) -> None:
    both = {"TENCENTCLOUD_SECURITY_TOKEN": "second", "TENCENTCLOUD_TOKEN": "first"}
    assert machine.found(ENVIRON | both).token == "first"


@pytest.mark.parametrize("nothing", ["", " ", "\n"])
def test_an_empty_variable_counts_as_unset(machine: Machine, nothing: str) -> None:
    machine.tccli({"secretId": "file-id", "secretKey": "file-key"})
    unset = dict.fromkeys([*ENVIRON, "TENCENTCLOUD_TOKEN", "TCCLI_PROFILE"], nothing)
    assert machine.found(unset) == Credentials("file-id", "file-key")


@pytest.mark.parametrize(
    ("there", "lacking"),
    [
        ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY is not"),
        ("TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_SECRET_ID is not"),
        ("TENCENTCLOUD_TOKEN", "TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY are not"),
        ("TENCENTCLOUD_SECURITY_TOKEN", "TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY are not"),
    ],
)
def test_a_part_alone_is_an_error_though_a_file_is_whole(machine: Machine, there: str, lacking: str) -> None:
    machine.tccli({"secretId": "file-id", "secretKey": "file-key"})
    assert machine.complaint({there: "x"}) == f"{there} is set, but {lacking}: they go together."


@pytest.mark.parametrize("value", [" env-key", "env-key ", "env-key\n", "\tenv-key"])
def test_blanks_around_a_value_are_refused_without_showing_it(machine: Machine, value: str) -> None:
    complaint = machine.complaint(ENVIRON | {"TENCENTCLOUD_SECRET_KEY": value})
    assert complaint == "TENCENTCLOUD_SECRET_KEY has blanks or a line break around its value."


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "schlüssel", "nul\x00"])
@pytest.mark.parametrize("name", [*ENVIRON, "TENCENTCLOUD_TOKEN"])
def test_what_no_header_can_hold_is_refused_without_showing_it(machine: Machine, name: str, value: str) -> None:
    assert machine.complaint(ENVIRON | {name: value}) == f"{name} holds characters that no key has."


# -- named by the provider ---------------------------------------------------------------------------------------------


def test_a_provider_may_name_its_own_variables(machine: Machine) -> None:
    environ = ENVIRON | {"PROD_ID": "prod-id", "PROD_KEY": "prod-key", "PROD_TOKEN": "prod-token"}
    assert machine.found(environ, names=PROD) == Credentials("prod-id", "prod-key")
    assert machine.found(environ, names=Names("PROD_ID", "PROD_KEY", "PROD_TOKEN")).token == "prod-token"


def test_another_account_s_token_is_never_used_instead(machine: Machine) -> None:
    environ = {"PROD_ID": "prod-id", "PROD_KEY": "prod-key", "TENCENTCLOUD_TOKEN": "another"}
    assert machine.found(environ, names=PROD).token == ""


def test_another_account_s_credentials_are_never_used_instead(machine: Machine) -> None:
    machine.tccli({"secretId": "file-id", "secretKey": "file-key"})
    assert machine.complaint(ENVIRON, names=PROD) == (
        "Tencent Cloud needs PROD_ID and PROD_KEY in the environment, but they are not set. "
        "The provider names them, so voicectl reads no others."
    )


def test_half_of_the_named_pair_is_reported(machine: Machine) -> None:
    assert machine.complaint({"PROD_ID": "x"}, names=PROD) == "PROD_ID is set, but PROD_KEY is not: they go together."


@pytest.mark.parametrize("names", [Names(token_env="T"), Names("A"), Names(secret_key_env="B", token_env="T")])
def test_a_provider_that_names_only_one_variable_is_refused(machine: Machine, names: Names) -> None:
    assert machine.complaint(ENVIRON | {"A": "a", "B": "b", "T": "t"}, names=names) == (
        "The provider's credentials name only one of two variables that go together."
    )


def test_a_provider_without_variables_uses_the_defaults(machine: Machine) -> None:
    assert machine.found(ENVIRON, names=Names()) == machine.found(ENVIRON) == Credentials("env-id", "env-key")


# -- tccli -------------------------------------------------------------------------------------------------------------


def test_tccli_s_file_comes_before_the_sdk_s(machine: Machine) -> None:
    machine.tccli({"secretId": "file-id", "secretKey": "file-key", "token": "file-token"})
    machine.sdk("secret_id = sdk-id", "secret_key = sdk-key")
    assert machine.found() == Credentials("file-id", "file-key", "file-token")


def test_a_null_token_counts_as_missing(machine: Machine) -> None:
    machine.tccli({"secretId": "file-id", "secretKey": "file-key", "token": None})
    assert machine.found() == Credentials("file-id", "file-key")


def test_temporary_keys_of_a_login_are_taken(machine: Machine) -> None:
    machine.tccli(
        {
            "type": "oauth",
            "secretId": "login-id",
            "secretKey": "login-key",
            "token": "login-token",
            "expiresAt": 1767225600,
        }
    )
    assert machine.found() == Credentials("login-id", "login-key", "login-token")


def test_a_file_as_windows_writes_it_is_read(machine: Machine) -> None:
    machine.keep(TCCLI, b'\xef\xbb\xbf{"secretId":\r\n"file-id","secretKey":"file-key"}')
    assert machine.found() == Credentials("file-id", "file-key")


def test_the_profile_is_tccli_s(machine: Machine) -> None:
    machine.tccli({"secretId": "file-id", "secretKey": "file-key"})
    machine.tccli({"secretId": "prod-id", "secretKey": "prod-key"}, "prod")
    assert machine.found({"TCCLI_PROFILE": "prod"}) == Credentials("prod-id", "prod-key")


def test_a_named_profile_that_does_not_exist_is_reported(machine: Machine) -> None:
    machine.tccli({"secretId": "file-id", "secretKey": "file-key"})
    machine.sdk("secret_id = sdk-id", "secret_key = sdk-key")
    assert machine.complaint({"TCCLI_PROFILE": "prod"}) == (
        "TCCLI_PROFILE names prod, but ~/.tccli/prod.credential does not exist."
    )


def test_a_profile_is_not_needed_where_the_environment_holds_the_pair(machine: Machine) -> None:
    assert machine.found(ENVIRON | {"TCCLI_PROFILE": "prod"}) == Credentials("env-id", "env-key")


@pytest.mark.parametrize(
    "values",
    [
        {"role-arn": "qcs::cam::uin/1:roleName/r", "role-session-name": "s"},
        {"role-arn": "qcs::cam::uin/1:roleName/r", "secretId": "base-id", "secretKey": "base-key"},
        {"type": "cvm-role"},
    ],
)
def test_a_role_is_not_assumed_and_nothing_replaces_it(machine: Machine, values: dict[str, object]) -> None:
    machine.tccli(values)
    machine.sdk("secret_id = sdk-id", "secret_key = sdk-key")
    assert machine.complaint() == "~/.tccli/default.credential names a role, and voicectl assumes none."


def test_half_a_pair_in_tccli_s_file_is_reported(machine: Machine) -> None:
    machine.tccli({"secretId": "file-id", "secretKey": ""})
    machine.sdk("secret_id = sdk-id", "secret_key = sdk-key")
    assert machine.complaint() == (
        "secretId in ~/.tccli/default.credential is set, but secretKey is not: they go together."
    )


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"secretId": 12345678, "secretKey": "k"}, "secretId in ~/.tccli/default.credential is not text."),
        (
            {"secretId": "i", "secretKey": " k"},
            "secretKey in ~/.tccli/default.credential has blanks or a line break around its value.",
        ),
        (
            {"secretId": "i", "secretKey": "k\u00e9"},
            "secretKey in ~/.tccli/default.credential holds characters that no key has.",
        ),
    ],
)
def test_a_value_that_can_not_be_a_key_is_reported_with_its_file(
    machine: Machine, values: dict[str, object], complaint: str
) -> None:
    machine.tccli(values)
    assert machine.complaint() == complaint


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b'{"secretId": "file-id', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"9" * 5000, "not JSON"),
        (b'["file-id"]', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"\xff\xfe{\x00}\x00", "not text in UTF-8"),
    ],
)
def test_a_broken_tccli_file_is_reported_and_not_passed_over(machine: Machine, content: bytes, why: str) -> None:
    machine.keep(TCCLI, content)
    machine.sdk("secret_id = sdk-id", "secret_key = sdk-key")
    assert machine.complaint() == f"~/.tccli/default.credential can't be read: it is {why}."


def test_a_tccli_file_without_keys_is_ignored(machine: Machine) -> None:
    machine.tccli({})
    machine.sdk("secret_id = sdk-id", "secret_key = sdk-key")
    assert machine.found() == Credentials("sdk-id", "sdk-key")


# -- the SDK -----------------------------------------------------------------------------------------------------------


def test_the_sdk_s_file_is_read(machine: Machine) -> None:
    machine.sdk("secret_id = sdk-id", "secret_key=%sdk-key%")
    assert machine.found() == Credentials("sdk-id", "%sdk-key%")


def test_the_machine_s_own_file_comes_last(machine: Machine) -> None:
    machine.sdk("secret_id = etc-id", "secret_key = etc-key", etc=True)
    assert machine.found() == Credentials("etc-id", "etc-key")
    machine.sdk("secret_id = sdk-id", "secret_key = sdk-key")
    assert machine.found() == Credentials("sdk-id", "sdk-key")


@pytest.mark.parametrize(
    "content", ["secret_id = sdk-id", "[default]\nsecret_key sdk-key", "[default]\nsecret_id=a\nsecret_id=sdk-key"]
)
def test_a_broken_sdk_file_is_reported(machine: Machine, content: str) -> None:
    machine.keep(SDK, content)
    assert machine.complaint() == "~/.tencentcloud/credentials can't be read: it is not an INI file."


def test_half_a_pair_in_the_sdk_s_file_is_reported(machine: Machine) -> None:
    machine.sdk("secret_key = sdk-key")
    assert machine.complaint() == (
        "secret_key in ~/.tencentcloud/credentials is set, but secret_id is not: they go together."
    )


def test_another_section_is_not_a_default(machine: Machine) -> None:
    machine.keep(SDK, "[other]\nsecret_id=a\nsecret_key=b")
    assert "but they are not set" in machine.complaint()


# -- nothing there, or nothing to be read ------------------------------------------------------------------------------


def test_every_searched_place_is_named(machine: Machine) -> None:
    assert machine.complaint() == (
        "Tencent Cloud needs TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY in the environment or in a file, but "
        "they are not set. voicectl looked in ~/.tccli/default.credential, ~/.tencentcloud/credentials and "
        "/etc/tencentcloud/credentials."
    )


@pytest.mark.parametrize("name", [TCCLI, SDK])
def test_a_folder_in_place_of_a_file_is_reported(machine: Machine, name: str) -> None:
    (machine.home / name).mkdir(parents=True)
    assert machine.complaint() == f"~/{name} can't be read: Is a directory."


def test_a_file_in_place_of_the_folder_is_ignored(machine: Machine) -> None:
    machine.keep(".tccli", "")
    assert "but they are not set" in machine.complaint()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_reported(machine: Machine) -> None:
    machine.keep(TCCLI, "{}").chmod(0)
    assert machine.complaint() == f"~/{TCCLI} can't be read: Permission denied."

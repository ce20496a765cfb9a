"""Which credentials are used, and what is said where there are none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from reconciler.backends.object_storage import credentials, requests
from reconciler.backends.object_storage.address import open_object_storage
from reconciler.backends.object_storage.faults import Place
from reconciler.errors import StateError
from reconciler.protocols.backend import Stamp
from tests.support.engines.fake_store import fake_store
from tests.support.engines.object_storage import KEYS

PLACE = Place("s3://bkt/voices", "bkt", "", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
AT = Stamp("abcdef12", 1)


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any credentials of AWS."""
    for name in (*KEYS, "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")  # boto3 asks no machine


def test_static_keys_and_their_token() -> None:
    environ = {"AWS_ACCESS_KEY_ID": " k ", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
    assert credentials.s3_config(environ, PLACE) == {
        "access_key_id": "k",
        "secret_access_key": "s",
        "session_token": "t",
    }
    assert credentials.s3_provider(environ, PLACE) is None


def test_one_of_two_keys_is_an_error() -> None:
    with pytest.raises(StateError, match="AWS_SECRET_ACCESS_KEY is not set, but AWS_ACCESS_KEY_ID is"):
        credentials.s3_config({"AWS_ACCESS_KEY_ID": "k"}, PLACE)


@pytest.mark.parametrize("name", ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"])
def test_a_job_s_own_credentials_are_left_to_the_library(name: str) -> None:
    assert credentials.s3_config({name: "x"}, PLACE) == {}
    assert credentials.s3_provider({name: "x"}, PLACE) is None


@pytest.mark.usefixtures("no_aws")
def test_a_profile_is_read_by_boto3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("boto3", reason="needs boto3, which reads profiles")
    (tmp_path / "credentials").write_text("[team]\naws_access_key_id = test\naws_secret_access_key = testtest\n")
    with fake_store() as store:
        environ = {"AWS_PROFILE": "team"}
        open_object_storage("s3://bkt/voices", endpoint=store.url, environ=environ).write(b"{}", None, AT)
        assert "Credential=test/" in store.requests[0].headers["authorization"]


@pytest.mark.usefixtures("no_aws")
@pytest.mark.parametrize("environ", [{}, {"AWS_PROFILE": "no-such-profile"}])
def test_no_credentials_with_boto3(environ: dict[str, str]) -> None:
    pytest.importorskip("boto3", reason="needs boto3, which reads profiles")
    with pytest.raises(StateError, match=r"no credentials were found\. Missing: AWS_ACCESS_KEY_ID and AWS_SECRET"):
        open_object_storage("s3://bkt/voices", endpoint=None, environ=environ)


@pytest.mark.usefixtures("no_aws")
def test_no_credentials_without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library asks the machine's metadata server then, which is answered by a refusal here."""
    monkeypatch.setattr(credentials, "find_spec", lambda name: None)
    monkeypatch.setattr(requests, "_FIRST_WAIT", 0.01)
    with fake_store() as store:
        store.denied = {"PUT", "GET"}
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"{store.url}/169.254.169.254")
        backend = open_object_storage("s3://bkt/voices", endpoint=store.url, environ={})
        with pytest.raises(StateError, match=r"no credentials were found\. Missing: AWS_ACCESS_KEY_ID and AWS_SECRET"):
            backend.read()


def test_azure_needs_an_account() -> None:
    with pytest.raises(StateError, match="AZURE_STORAGE_ACCOUNT_NAME is not set"):
        open_object_storage("az://container/voices", endpoint=None, environ={})


def test_azure_s_key_and_sas_token() -> None:
    environ = {
        "AZURE_STORAGE_ACCOUNT_NAME": "a",
        "AZURE_STORAGE_ACCOUNT_KEY": "k",
        "AZURE_STORAGE_SAS_TOKEN": "sv=1",
    }
    assert credentials.azure_config(environ, PLACE) == {"account_name": "a", "account_key": "k", "sas_key": "sv=1"}


def test_a_file_of_google_is_given_to_the_library(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text('{"type": "service_account"}')
    environ = {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}
    assert credentials.gcs_config(environ) == {"application_credentials": str(file)}
    assert credentials.gcs_provider(environ, PLACE) is None


def test_federated_credentials_of_google_need_google_auth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "federated.json"
    file.write_text(json.dumps({"type": "external_account"}))
    environ = {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}
    monkeypatch.setitem(sys.modules, "obstore.auth.google", None)
    with pytest.raises(StateError, match=r"federated .* needs google-auth"):
        open_object_storage("gs://bkt/voices", endpoint=None, environ=environ)

"""The clouds' credentials, from the environment. Tokens of a job or a machine are left to obstore, which finds them.

obstore knows no profiles and no SSO of AWS, and no federation of Google; boto3 and google-auth do, where they are
installed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.backends.object_storage.faults import Place, no_credentials
from reconciler.errors import StateError

if TYPE_CHECKING:
    from obstore.store import AzureConfig, GCSConfig, GCSCredentialProvider, S3Config, S3CredentialProvider

_KEY, _SECRET, _TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
_AWS_CHAIN = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_ACCOUNT = "AZURE_STORAGE_ACCOUNT_NAME"
_ADC = "GOOGLE_APPLICATION_CREDENTIALS"


def s3_config(environ: Mapping[str, str], place: Place) -> S3Config:
    """The static keys. Raises StateError if one of two is set."""
    key, secret, token = (environ.get(name, "").strip() for name in (_KEY, _SECRET, _TOKEN))
    if not key and not secret:
        return {}
    if not key or not secret:
        raise StateError(
            f"{place.where}: {_SECRET if key else _KEY} is not set, but {_KEY if key else _SECRET} is.",
            "Set both, or none.",
        )
    config: S3Config = {"access_key_id": key, "secret_access_key": secret}
    if token:
        config["session_token"] = token
    return config


def s3_provider(environ: Mapping[str, str], place: Place) -> S3CredentialProvider | None:
    """boto3's chain, with profiles and SSO, where it is installed and nothing else is set; else None."""
    named = any(environ.get(name, "").strip() for name in (_KEY, _SECRET, *_AWS_CHAIN))
    if named or find_spec("boto3") is None:
        return None
    try:
        import boto3
        from obstore.auth.boto3 import Boto3CredentialProvider

        profile = environ.get("AWS_PROFILE", "").strip() or None
        return Boto3CredentialProvider(boto3.Session(profile_name=profile))
    except Exception:  # noqa: BLE001 - botocore has dozens of errors for profiles and tokens, and some hold secrets
        raise no_credentials(place) from None


def gcs_config(environ: Mapping[str, str]) -> GCSConfig:
    """The file with application default credentials, or the key in a variable."""
    config: GCSConfig = {}
    file, key = environ.get(_ADC, "").strip(), environ.get("GOOGLE_SERVICE_ACCOUNT_KEY", "").strip()
    if file and not _is_external(file):
        config["application_credentials"] = file
    if key:
        config["service_account_key"] = key
    return config


def gcs_provider(environ: Mapping[str, str], place: Place) -> GCSCredentialProvider | None:
    """google-auth's chain for workload identity federation, which obstore can't read; else None."""
    file = environ.get(_ADC, "").strip()
    if not file or not _is_external(file):
        return None
    try:
        from obstore.auth.google import GoogleCredentialProvider

        return GoogleCredentialProvider()
    except ImportError:
        raise StateError(
            f"{place.where}: the credentials of Google are federated (external_account), which needs google-auth.",
            "Install it: pip install google-auth requests",
        ) from None
    except Exception:  # noqa: BLE001 - google-auth's errors may hold what the file holds
        raise no_credentials(place) from None


def azure_config(environ: Mapping[str, str], place: Place) -> AzureConfig:
    """The account, and its key or SAS token if one is set. Raises StateError without an account."""
    account = environ.get(_ACCOUNT, "").strip()
    if not account:
        raise StateError(f"{place.where}: {_ACCOUNT} is not set.", "Set it to the name of the storage account.")
    config: AzureConfig = {"account_name": account}
    key = environ.get("AZURE_STORAGE_ACCOUNT_KEY", "").strip() or environ.get("AZURE_STORAGE_ACCESS_KEY", "").strip()
    if key:
        config["account_key"] = key
    sas = environ.get("AZURE_STORAGE_SAS_TOKEN", "").strip()
    if sas:
        config["sas_key"] = sas
    return config


def _is_external(file: str) -> bool:
    try:
        found = json.loads(Path(file).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("type") == "external_account"

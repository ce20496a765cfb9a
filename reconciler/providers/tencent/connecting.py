"""What connecting an account has in common for the products of Tencent Cloud."""

from __future__ import annotations

from reconciler.adapter import Surroundings, quota_of
from reconciler.providers.tencent.account import TencentAccount
from reconciler.providers.tencent.auth import Credentials, credentials


def credentials_of(account: TencentAccount, around: Surroundings) -> Credentials:
    """The account's credentials. Raises CredentialsMissing."""
    return credentials(account.credentials, around.environ, home=around.home)


def quota(account: TencentAccount, credentials: Credentials) -> str:
    """The quota of a Tencent account. Tencent counts calls per user of the account, over all applications."""
    return quota_of(f"{account.type} {account.endpoint or ''}", credentials.secret_id)


def endpoint(account: TencentAccount) -> str:
    """The endpoint that the account declares; empty: its product's."""
    return account.endpoint or ""

"""Connects an account of Acme's."""

from __future__ import annotations

from reconciler.adapter import Adapter, Connected, Surroundings, quota_of
from reconciler.errors import CredentialsMissing
from reconciler.providers.http.endpoint import base_url

from .account import AcmeAccount
from .provider import AcmeProvider


def endpoint(account: AcmeAccount) -> str:
    """The base URL."""
    return base_url(account.endpoint)


def connect(account: AcmeAccount, around: Surroundings) -> Connected:
    """Connects the account. Raises CredentialsMissing."""
    name = account.credentials.key_env or "ACME_KEY"
    key = around.environ.get(name, "").strip()
    if not key:
        raise CredentialsMissing(f"Acme needs {name} in the environment, but it is not set.", f"export {name}=...")
    quota = quota_of(endpoint(account), key)
    provider = AcmeProvider(account, endpoint(account), key, around, before_read=around.limiter(quota))
    return Connected(provider, quota, key)


ADAPTER = Adapter(connect, endpoint)

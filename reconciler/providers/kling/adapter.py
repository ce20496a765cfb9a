"""Connects an account of Kling's."""

from __future__ import annotations

from reconciler.adapter import Adapter, Connected, Surroundings, quota_of
from reconciler.providers.kling import auth
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.provider import KlingProvider


def connect(account: KlingAccount, around: Surroundings) -> Connected:
    """Connects the account. Kling counts calls for each key."""
    endpoint, credentials = auth.endpoint(account), auth.credentials(account, around.environ)
    who = credentials.key if isinstance(credentials, auth.ApiKey) else credentials.access_key
    quota = quota_of(endpoint, who)
    provider = KlingProvider(
        account,
        credentials,
        clock=around.clock,
        transport=around.transport,
        before_read=around.limiter(quota),
        secrets_of=around.secrets_of,
    )
    return Connected(provider, quota, credentials)


ADAPTER = Adapter(connect, auth.endpoint)

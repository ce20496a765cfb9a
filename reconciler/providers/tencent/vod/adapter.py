"""Connects an application of Tencent Cloud VOD."""

from __future__ import annotations

from reconciler.adapter import Adapter, Connected, Surroundings
from reconciler.providers.tencent import connecting
from reconciler.providers.tencent.vod.account import TencentVodAccount
from reconciler.providers.tencent.vod.capabilities import LISTED_METHODS
from reconciler.providers.tencent.vod.provider import VodProvider


def connect(account: TencentVodAccount, around: Surroundings) -> Connected:
    """Connects the application."""
    credentials = connecting.credentials_of(account, around)
    quota = connecting.quota(account, credentials)
    provider = VodProvider(
        account,
        credentials,
        clock=around.clock,
        transport=around.transport,
        before_read=around.limiter(quota),
        secrets_of=around.secrets_of,
        listed=not LISTED_METHODS.isdisjoint(around.methods),
    )
    return Connected(provider, quota, credentials)


ADAPTER = Adapter(connect, connecting.endpoint)

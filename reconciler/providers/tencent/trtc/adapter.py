"""Connects an application of Tencent Cloud TRTC."""

from __future__ import annotations

from reconciler.adapter import Adapter, Connected, Surroundings
from reconciler.providers.tencent import connecting
from reconciler.providers.tencent.trtc.account import TencentTrtcAccount
from reconciler.providers.tencent.trtc.provider import TrtcProvider


def connect(account: TencentTrtcAccount, around: Surroundings) -> Connected:
    """Connects the application. TRTC has no reads, which would have to be paced."""
    credentials = connecting.credentials_of(account, around)
    provider = TrtcProvider(
        account, credentials, clock=around.clock, environ=around.environ, transport=around.transport
    )
    return Connected(provider, connecting.quota(account, credentials), credentials)


ADAPTER = Adapter(connect, connecting.endpoint)

"""An application of Tencent Cloud TRTC, as an entry of `providers:` declares it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reconciler.model.account import RATES, TIMEOUTS, TYPE, Rate, Timeouts
from reconciler.model.scalars import Duration
from reconciler.providers.tencent.account import ApplicationId, TencentAccount


class SlowTimeouts(Timeouts):
    """Timeouts for calls that reply only when the voice is made. Tencent's own sample of VoiceClone waits 120 s."""

    read: Duration = Field(default=150.0, gt=0, description="For a reply: seconds, or 60s, 5m.")


class TencentTrtcAccount(TencentAccount):
    """An application of Tencent Cloud TRTC."""

    type: Literal["tencent-trtc"] = Field(description=TYPE)
    sdk_app_id: ApplicationId = Field(description="SdkAppId: the TRTC application.")
    region: Literal["ap-singapore"] = Field(
        default="ap-singapore", description="The international site clones voices in ap-singapore only."
    )
    timeouts: SlowTimeouts = Field(default=SlowTimeouts.model_construct(), description=TIMEOUTS)
    rate_limit: dict[Literal["create"], Rate] = Field(default={}, description=RATES)
    max_in_flight: int | None = Field(default=None, ge=1, le=10_000, description="Calls at once.")

    @property
    def application(self) -> tuple[object, ...]:
        """Another SdkAppId or another region is another account."""
        return (self.sdk_app_id, self.region)

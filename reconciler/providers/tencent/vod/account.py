"""An application of Tencent Cloud VOD, as an entry of `providers:` declares it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reconciler.model.account import RATES, TYPE, Rate
from reconciler.providers.tencent.account import ApplicationId, TencentAccount


class TencentVodAccount(TencentAccount):
    """An application of Tencent Cloud VOD: custom voices, clones, sound."""

    type: Literal["tencent-vod"] = Field(description=TYPE)
    sub_app_id: ApplicationId = Field(description="SubAppId: the VOD application that pays and keeps.")
    rate_limit: dict[Literal["create", "update", "activate", "delete", "list", "get"], Rate] = Field(
        default={}, description=RATES
    )
    max_in_flight: int | None = Field(
        default=None, ge=1, le=10_000, description="Tasks running at once; as many as there are unless said."
    )

    @property
    def application(self) -> tuple[object, ...]:
        """Another SubAppId is another account."""
        return (self.sub_app_id,)

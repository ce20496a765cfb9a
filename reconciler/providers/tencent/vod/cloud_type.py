"""Tencent Cloud VOD, as it is registered."""

from __future__ import annotations

from reconciler.model.cloud_types import CloudType
from reconciler.providers.tencent.vod.account import TencentVodAccount
from reconciler.providers.tencent.vod.methods import AudioTask, MinimaxClone, VodClone, VodCreate, VodExisting

CLOUD = CloudType(
    name="tencent-vod",
    account=TencentVodAccount,
    methods={
        "create": VodCreate,
        "clone": VodClone,
        "clone-minimax": MinimaxClone,
        "existing": VodExisting,
        "task": AudioTask,
    },
    adapter="reconciler.providers.tencent.vod.adapter:ADAPTER",
    samples="reconciler.providers.tencent.vod.samples:SAMPLES",
    sandbox="reconciler.sandbox.tencent.mount:SANDBOX",
)

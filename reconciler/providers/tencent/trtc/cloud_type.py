"""Tencent Cloud TRTC, as it is registered."""

from __future__ import annotations

from reconciler.model.cloud_types import CloudType
from reconciler.providers.tencent.trtc.account import TencentTrtcAccount
from reconciler.providers.tencent.trtc.methods import TrtcClone

CLOUD = CloudType(
    name="tencent-trtc",
    account=TencentTrtcAccount,
    methods={"clone": TrtcClone},
    adapter="reconciler.providers.tencent.trtc.adapter:ADAPTER",
    samples="reconciler.providers.tencent.trtc.samples:SAMPLES",
    sandbox="reconciler.sandbox.tencent.mount:SANDBOX",
)

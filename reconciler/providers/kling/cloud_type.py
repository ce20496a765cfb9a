"""Kling, as it is registered."""

from __future__ import annotations

from reconciler.model.cloud_types import CloudType
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.methods import Existing, KlingCreate, Preset

CLOUD = CloudType(
    name="kling",
    account=KlingAccount,
    methods={"create": KlingCreate, "preset": Preset, "existing": Existing},
    adapter="reconciler.providers.kling.adapter:ADAPTER",
    samples="reconciler.providers.kling.samples:SAMPLES",
    sandbox="reconciler.sandbox.kling.mount:SANDBOX",
)

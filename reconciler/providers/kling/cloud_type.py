"""Kling, as it is registered."""

from __future__ import annotations

from reconciler.model.cloud_types import CloudType
from reconciler.model.prices import Price
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.methods import Existing, KlingCreate, Preset

CLOUD = CloudType(
    name="kling",
    account=KlingAccount,
    methods={"create": KlingCreate, "preset": Preset, "existing": Existing},
    # Kling, API pricing, video: 0.05 units for a custom voice, at 0.14 USD a unit.
    prices={"create": Price("0.007 USD", "Kling's price list", "2026-09-20")},
    adapter="reconciler.providers.kling.adapter:ADAPTER",
    samples="reconciler.providers.kling.samples:SAMPLES",
    sandbox="reconciler.sandbox.kling.mount:SANDBOX",
)

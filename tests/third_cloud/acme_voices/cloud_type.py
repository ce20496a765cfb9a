"""Acme, as its entry point registers it."""

from __future__ import annotations

from reconciler.model.cloud_types import CloudType

from .account import AcmeAccount
from .methods import AcmeCreate

CLOUD = CloudType(
    name="acme",
    account=AcmeAccount,
    methods={"create": AcmeCreate},
    adapter="acme_voices.adapter:ADAPTER",
    samples="acme_voices.samples:SAMPLES",
)

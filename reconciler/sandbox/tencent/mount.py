"""Tencent Cloud with its products, as the sandbox mounts it."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.account import Account
from reconciler.sandbox.cloud import SandboxCloud, variables
from reconciler.sandbox.tencent import api, auth


def _keys(account: Account, endpoint: str) -> Mapping[str, str]:  # noqa: ARG001 - an account has several endpoints
    secret_id, secret_key = auth.keys_for("+".join(variables(account)))
    names = {"TENCENTCLOUD_SECRET_ID": secret_id, "TENCENTCLOUD_SECRET_KEY": secret_key}
    return names | {"TENCENTCLOUD_TOKEN": "", "TENCENTCLOUD_SECURITY_TOKEN": ""}


SANDBOX = SandboxCloud(
    answer=api.answer,
    takes=api.is_tencent_request,
    keys=_keys,
    sign_in=f"Tencent with TENCENTCLOUD_SECRET_ID={auth.SECRET_ID} and TENCENTCLOUD_SECRET_KEY={auth.SECRET_KEY}",
)

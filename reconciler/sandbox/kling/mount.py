"""Kling, as the sandbox mounts it."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.account import Account
from reconciler.sandbox.cloud import ForeignVoices, SandboxCloud, variables
from reconciler.sandbox.kling import api, auth


def _keys(account: Account, endpoint: str) -> Mapping[str, str]:
    return {"KLING_API_KEY": _key(account, endpoint), "KLING_ACCESS_KEY": "", "KLING_SECRET_KEY": ""}


def _account(account: Account, endpoint: str) -> str:
    return f"{auth.ACCOUNTS}{_key(account, endpoint)}"


def _key(account: Account, endpoint: str) -> str:
    return auth.key_for("+".join([endpoint, *variables(account)]))


SANDBOX = SandboxCloud(
    answer=api.answer,
    takes=None,
    keys=_keys,
    sign_in=(
        f"Kling with KLING_API_KEY={auth.API_KEY}, or "
        f"KLING_ACCESS_KEY={auth.ACCESS_KEY} with KLING_SECRET_KEY={auth.SECRET_KEY}"
    ),
    foreign=ForeignVoices(account=_account, prefix=auth.ACCOUNTS, default=f"{auth.ACCOUNTS}{auth.API_KEY}"),
)

"""The provider accounts of a planner case.

providers: {old: null, new: null}                       # name -> account, null for the default one
accounts: {vod-new: {sub_app_id: 5}}                    # fields of the manifest entry that differ from the default
credentials: {old: mine, new: mine}                     # the same word for the same credentials
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.account import Account
from reconciler.model.cloud_types import cloud_type

Raw = Mapping[str, Any]  # as read from YAML

_DEFAULTS: Mapping[str, dict[str, Any]] = {
    "kling": {"type": "kling"},
    "tencent-vod": {"type": "tencent-vod", "sub_app_id": 221073},
    "tencent-trtc": {"type": "tencent-trtc", "sdk_app_id": 1466000000},
}
_MARKS = {
    "kling": "kling https://api-singapore.klingai.com",
    "tencent-vod": "tencent-vod https://vod.intl.tencentcloudapi.com 221073",
    "tencent-trtc": "tencent-trtc https://trtc.intl.tencentcloudapi.com 1466000000",
}


def type_of(provider: str) -> str:
    """The type of a provider, from its name: `vod` and `vod-new` are tencent-vod, `trtc` tencent-trtc, others kling."""
    return {"vod": "tencent-vod", "trtc": "tencent-trtc"}.get(provider.partition("-")[0], "kling")


def providers(case: Raw) -> Mapping[str, str | None]:
    given: Mapping[str, str | None] = case.get("providers", {"kling": None})
    return given


def declared(case: Raw) -> dict[str, Account]:
    fields = case.get("accounts", {})
    kinds = {name: type_of(name) for name in providers(case)}
    return {name: cloud_type(kind).account(**_DEFAULTS[kind] | fields.get(name, {})) for name, kind in kinds.items()}


def account(case: Raw, provider: str) -> str:
    """The account that the provider has now."""
    return str(providers(case)[provider] or _MARKS[type_of(provider)])


def credentials(case: Raw, provider: str) -> str | None:
    word: str | None = case.get("credentials", {}).get(provider)
    return word

"""Groups entries and records that may be made from the same inputs, so that only these are compared in full."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.model.base import Inputs
from reconciler.model.manifest import Voice
from reconciler.model.method import KeyClass
from reconciler.model.redaction import redacted


def made_from(voice: Voice) -> Inputs:
    """The redacted inputs that identify the voice."""
    return {k: v for k, v in redacted(voice).items() if voice.body.class_of(k) is KeyClass.IDENTITY}


def matching_key(provider: str, method: str, inputs: Mapping[str, Any]) -> str:
    """A key that is equal for all entries and records that may fit. URLs are cut before their query."""
    name = {key: _without_query(inputs.get(key)) for key in _MATCH_KEYS if inputs.get(key) is not None}
    return json.dumps([provider, method, name], sort_keys=True, default=str)


_MATCH_KEYS = ("voice_id", "voice_name", "voice_url", "video_id", "prompt")  # enough to keep the groups small


def _without_query(value: Any) -> Any:
    return value.partition("?")[0] if isinstance(value, str) and "://" in value else value

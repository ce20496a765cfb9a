"""Reads the usual entry of `voices:` quickly: a provider and one valid method, and perhaps labels.

Most entries are like that. All others are read by `voices.VoiceReader`, which reports their problems too. Both ways
give the same Voice.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from pydantic import ConfigDict, TypeAdapter, ValidationError

from reconciler.loader import method_inputs
from reconciler.loader.accounts import Accounts
from reconciler.loader.sections import Raw
from reconciler.model import urls
from reconciler.model.cloud_types import cloud_type
from reconciler.model.manifest import DEFAULT_LIFECYCLE, NO_LABELS, Labels, Voice
from reconciler.model.method import MethodInputs
from reconciler.model.methods import METHOD_NAMES
from reconciler.values import value

NO_FILES: dict[str, str] = {}  # one mapping for all voices without local files; it is never changed
_LABELS: TypeAdapter[dict[str, str]] = TypeAdapter(Labels, config=ConfigDict(defer_build=True))
_METHODS = frozenset(METHOD_NAMES)


@value
class _Method:
    """What all entries of one provider with one method have in common."""

    kind: str  # the type of the provider
    model: type[MethodInputs]
    signing_parameters: tuple[str, ...]


class UsualEntries:
    """Reads the usual entries of one manifest."""

    def __init__(self, accounts: Accounts, environ: Container[str]) -> None:
        self._accounts = accounts
        self._environ = environ
        self._methods: dict[tuple[str, str], _Method | None] = {}  # by provider and keyword; None: not a usual one

    def voice(self, address: str, raw: Raw) -> Voice | None:
        """The voice of a usual entry. None for any other entry, and for one that is not valid."""
        keyword, provider = _only_method(raw), raw.get("provider")
        if keyword is None or type(provider) is not str:
            return None
        if (provider, keyword) not in self._methods:
            self._methods[provider, keyword] = self._method(provider, keyword)
        method, body = self._methods[provider, keyword], raw[keyword]
        if method is None or type(body) is not dict or "model" in body:
            return None
        if any(type(value) is dict for value in body.values()):  # perhaps a local file
            return None
        try:
            inputs = method_inputs.valid_inputs(method.model, body, self._environ)
            labels = redacted_labels(_LABELS.validate_python(raw["labels"])) if "labels" in raw else NO_LABELS
        except ValidationError:
            return None
        return Voice(
            address=address,
            provider=provider,
            type=method.kind,
            method=keyword,
            inputs=inputs,
            labels=labels,
            lifecycle=DEFAULT_LIFECYCLE,
            files=NO_FILES,
            signing_parameters=method.signing_parameters,
        )

    def _method(self, provider: str, keyword: str) -> _Method | None:
        account = self._accounts.of.get(provider)
        if account is None:
            return None
        model = cloud_type(account.type).methods.get(keyword)
        if model is None or "voice_id" in model.model_fields:  # no two entries may choose the same id
            return None
        signing = tuple(sorted({name.lower() for name in account.signing_parameters}))
        return _Method(account.type, model, signing)


def _only_method(raw: Raw) -> str | None:
    """The one method of the entry; None if it has none or several, or another key than those of a usual entry."""
    method: str | None = None
    for key in raw:
        if method is None and key in _METHODS:
            method = key
        elif key not in ("provider", "labels"):
            return None
    return method


def redacted_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels as they are saved and shown: with the secrets of links removed."""
    if not labels:
        return NO_LABELS
    linked = any("://" in label for label in labels.values())
    return {name: urls.as_ever(label) if linked else label for name, label in labels.items()}

"""The types of clouds: each value that a provider's `type:` may have. A type is loaded when it is first needed.

Built-in types are registered here. Another package registers a type by an entry point of the group `voicectl.clouds`,
under the type's name; it is loaded only if a manifest names the type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from reconciler.model.account import Account
from reconciler.model.method import MethodInputs
from reconciler.model.prices import Price
from reconciler.values import value

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "voicectl.clouds"
_BUILT_IN = {
    "kling": "reconciler.providers.kling.cloud_type:CLOUD",
    "tencent-vod": "reconciler.providers.tencent.vod.cloud_type:CLOUD",
    "tencent-trtc": "reconciler.providers.tencent.trtc.cloud_type:CLOUD",
}
_loaded: dict[str, CloudType] = {}  # the types that this process has used so far

T = TypeVar("T")


@value
class CloudType:
    """One type of cloud. The parts that are seldom needed are named as `module:attribute`, and loaded by `load`.

    `methods` maps the method of a voice to the model of its inputs; a method is a keyword of the manifest, such as
    `create`, or the keyword with the `model` that selects another API call, such as `clone-minimax`.
    """

    name: str
    account: type[Account]
    methods: Mapping[str, type[MethodInputs]]
    adapter: str  # a `protocols.Adapter`
    samples: str = ""  # an `audio.limits.SampleLimits`; empty: nothing is checked
    prices: Mapping[str, Price] = field(default_factory=dict)  # method, or `activate` -> its price, where it is known
    sandbox: str = ""  # a `sandbox.cloud.SandboxCloud`; empty: the sandbox does not simulate it


class CloudTypeError(Exception):
    """A type that can't be used: it is not known, or its package can't be loaded."""


def names() -> list[str]:
    """The names of all types, built-in ones first. Those of other packages are not loaded."""
    return [*_BUILT_IN, *sorted(_entry_points().keys() - _BUILT_IN.keys())]


def is_type(name: str) -> bool:
    """Whether a cloud has this type."""
    return name in _BUILT_IN or name in _entry_points()


def cloud_type(name: str) -> CloudType:
    """The type of this name. Raises CloudTypeError."""
    found = _loaded.get(name)  # asked for each voice
    if found is None:
        found = _loaded[name] = find(name) or _load_from_package(name)
    return found


def find(name: str) -> CloudType | None:
    """The same, but None for a type of another package that no manifest of this process has named."""
    found = _loaded.get(name)
    if found is None and name in _BUILT_IN:
        found = _loaded[name] = load(_BUILT_IN[name], CloudType)
    return found


def known() -> Iterable[CloudType]:
    """All built-in types, and those of other packages that are loaded."""
    return [cloud_type(name) for name in dict.fromkeys((*_BUILT_IN, *_loaded))]


def load(reference: str, kind: type[T]) -> T:
    """The object at `module:attribute`. Raises TypeError if it is of another class, and what its import raises."""
    module, _, attribute = reference.partition(":")
    found = getattr(import_module(module), attribute)
    if not isinstance(found, kind):
        raise TypeError(f"{reference} is not a {kind.__name__}")
    return found


def packages_of(name: str) -> list[str]:
    """The packages that register the type."""
    if name in _BUILT_IN:
        return ["voicectl"]
    return sorted(point.dist.name if point.dist is not None else point.value for point in _entry_points().get(name, []))


def _load_from_package(name: str) -> CloudType:
    points, packages = _entry_points().get(name, []), packages_of(name)
    if not points:
        raise CloudTypeError(f"no cloud has the type {name}")
    if len(points) > 1:
        raise CloudTypeError(f"the packages {' and '.join(packages)} both register it: uninstall one of them")
    try:
        found = points[0].load()
    except Exception as error:  # whatever the package's code raises
        raise CloudTypeError(f"the package {packages[0]} can't be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(found, CloudType) or found.name != name:
        raise CloudTypeError(f"the package {packages[0]} registers an object that is not a CloudType of this name")
    return found


@cache
def _entry_points() -> Mapping[str, list[EntryPoint]]:
    from importlib.metadata import entry_points

    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return found

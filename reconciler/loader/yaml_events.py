"""The events of a YAML file, by libyaml where PyYAML was built with it. The one place that names a parser."""

from __future__ import annotations

from collections.abc import Callable

import yaml
from yaml.events import Event

DEEPEST = 50  # levels of nesting; a manifest needs eight


def events_of(data: bytes) -> Callable[[], Event]:
    """The next event at each call, which raises yaml.YAMLError; not to be called again after the stream's end."""
    loader = yaml.CBaseLoader(data) if yaml.__with_libyaml__ else yaml.BaseLoader(data)
    return loader.get_event  # type: ignore[return-value]  # None comes only after the stream's end

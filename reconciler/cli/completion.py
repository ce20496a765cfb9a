"""What a shell offers for an argument: the addresses and providers of the manifest and the state that are named so far.

No cloud is called, nothing is written, and nothing fails: who presses a key wants names or nothing. Imports no model,
because the answer has to be there at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reconciler.loader.names import Names
    from reconciler.wiring import Place

_NAME = re.compile(r"(?:audio\.)?[A-Za-z][A-Za-z0-9_-]*")  # no other text may reach a shell
Completion = Callable[[click.Context, click.Parameter, str], list[str]]


def _completing(names: Callable[[Place], Iterable[str]]) -> Completion:
    def complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        try:
            found = dict.fromkeys(names(_place(context)))
        except Exception:  # noqa: BLE001 - whatever it is, the line that is being typed must not be torn apart
            return []
        return [name for name in found if name.startswith(incomplete) and _NAME.fullmatch(name)]

    return complete


def _place(context: click.Context) -> Place:
    """Where the options before it lead; -C was not entered, because the line is not run."""
    from dataclasses import replace
    from pathlib import Path

    place: Place = context.find_root().obj.place()
    return replace(place, manifest=Path(place.directory or "", place.manifest))


def _declared(place: Place) -> Iterable[str]:
    return _written(place).addresses


def _declared_providers(place: Place) -> Iterable[str]:
    return _written(place).providers


def _written(place: Place) -> Names:
    from reconciler.loader.names import Names, names_in

    regular = place.manifest.is_file() or place.manifest.is_dir()  # a pipe would be waited for
    return names_in(place.manifest) if regular else Names()


def _recorded(place: Place) -> Iterable[str]:
    return sorted(_state(place).get("current", {}))


def _open(place: Place) -> Iterable[str]:
    """Addresses with a creation that is not settled, an old voice's among them."""
    settling = ("intended", "running", "uncertain")
    records = _state(place).get("records", {}).values()
    open_ = (r for r in records if r["status"] in settling or (r["status"] == "deposed" and not r.get("voice_id")))
    return sorted({record["address"] for record in open_})


def _new(place: Place) -> Iterable[str]:
    """Declared, and not in the state."""
    known = set(_recorded(place))
    return [address for address in _declared(place) if address not in known]


def _former_providers(place: Place) -> Iterable[str]:
    """In the state, and not declared any more."""
    used = {record["provider"] for record in _state(place).get("records", {}).values()}
    return sorted(used.difference(_declared_providers(place)))


def _state(place: Place) -> dict[str, Any]:
    """The state's file as it is; empty if there is none. What a run has only in its journal is missing."""
    import json

    read = json.loads(place.state.read_bytes())
    return read if isinstance(read, dict) else {}


declared_addresses = _completing(_declared)
recorded_addresses = _completing(_recorded)
open_addresses = _completing(_open)
new_addresses = _completing(_new)
provider_names = _completing(_declared_providers)
former_providers = _completing(_former_providers)


def folders(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]

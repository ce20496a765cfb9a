"""Shell completion: the addresses and providers of the manifest and the state that the command line names so far.

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
    from reconciler.workspace import Workspace

# No other text may reach a shell. An instance is offered without the quotes, which a shell would remove.
_NAME = re.compile(r"(?:audio\.)?[A-Za-z][A-Za-z0-9_-]*(?:\[[A-Za-z0-9][A-Za-z0-9_.-]*\])?")
Completion = Callable[[click.Context, click.Parameter, str], list[str]]


def _completing(names: Callable[[Workspace], Iterable[str]]) -> Completion:
    def complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        try:
            found = dict.fromkeys(name.replace('["', "[").replace('"]', "]") for name in names(_place(context)))
        except Exception:  # noqa: BLE001 - whatever it is, the line that is being typed must not be torn apart
            return []
        return [name for name in found if name.startswith(incomplete) and _NAME.fullmatch(name)]

    return complete


def _place(context: click.Context) -> Workspace:
    """The workspace that the earlier options name. -C is not entered, because the command does not run."""
    from dataclasses import replace
    from pathlib import Path

    workspace: Workspace = context.find_root().obj.workspace()
    return replace(workspace, manifest=Path(workspace.directory or "", workspace.manifest))


def _declared(workspace: Workspace) -> Iterable[str]:
    return _written(workspace).addresses


def _declared_providers(workspace: Workspace) -> Iterable[str]:
    return _written(workspace).providers


def _written(workspace: Workspace) -> Names:
    from reconciler.loader.names import Names, names_in

    regular = workspace.manifest.is_file() or workspace.manifest.is_dir()  # a pipe would be waited for
    return names_in(workspace.manifest) if regular else Names()


def _recorded(workspace: Workspace) -> Iterable[str]:
    return sorted(_state(workspace).get("current", {}))


def _open(workspace: Workspace) -> Iterable[str]:
    """Addresses with an unsettled creation, including those of old voices."""
    settling = ("intended", "running", "uncertain")
    records = _state(workspace).get("records", {}).values()
    open_ = (r for r in records if r["status"] in settling or (r["status"] == "deposed" and not r.get("voice_id")))
    return sorted({record["address"] for record in open_})


def _candidates(workspace: Workspace) -> Iterable[str]:
    """Addresses whose candidate waits for a decision."""
    records = _state(workspace).get("records", {}).values()
    return sorted({record["address"] for record in records if record["status"] == "candidate"})


def _new(workspace: Workspace) -> Iterable[str]:
    """Addresses that are declared and not in the state."""
    known = set(_recorded(workspace))
    return [address for address in _declared(workspace) if address not in known]


def _former_providers(workspace: Workspace) -> Iterable[str]:
    """Addresses that are in the state and no longer declared."""
    used = {record["provider"] for record in _state(workspace).get("records", {}).values()}
    return sorted(used.difference(_declared_providers(workspace)))


def _state(workspace: Workspace) -> dict[str, Any]:
    """The state file as it is; empty if there is none. Entries of the journal are not read."""
    import json

    read = json.loads(workspace.state.read_bytes())
    return read if isinstance(read, dict) else {}


declared_addresses = _completing(_declared)
recorded_addresses = _completing(_recorded)
open_addresses = _completing(_open)
new_addresses = _completing(_new)
candidate_addresses = _completing(_candidates)


def moving_addresses(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Pairs: an address that is recorded, then one that is declared and not recorded yet."""
    given = context.params.get(parameter.name or "") or ()
    odd = len(given) % 2 == 1 and not context.params.get("to_manifest")
    return (new_addresses if odd else recorded_addresses)(context, parameter, incomplete)


provider_names = _completing(_declared_providers)
former_providers = _completing(_former_providers)


def folders(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]

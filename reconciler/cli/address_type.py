"""The type of an argument that is an address: `npc[en]`, without the quotes that a shell removes, is `npc["en"]`."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from typing import Any

import click

from reconciler.errors import UsageError
from reconciler.model.address import as_typed, instances_of


class AddressType(click.types.StringParamType):
    """An address, or another text where a command also takes an external_task_id."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return as_typed(super().convert(value, param, ctx))


ADDRESS = AddressType()


def refuse_entry(address: str, addresses: Collection[str], named: str) -> None:
    """Raises UsageError for the name of an entry that has instances. `named`: how the command line has it."""
    if address not in addresses and (instances := instances_of(address, addresses)):
        raise UsageError(
            f"{named} is an entry with for_each: name one of its instances.",
            f"Such as {' or '.join(map(shlex.quote, instances[:2]))}.",
        )

"""The type of an argument that is an address: `npc[en]`, without the quotes that a shell removes, is `npc["en"]`."""

from __future__ import annotations

from typing import Any

import click


class AddressType(click.types.StringParamType):
    """An address, or another text where a command also takes an external_task_id."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from reconciler.model.address import as_typed

        return as_typed(super().convert(value, param, ctx))


ADDRESS = AddressType()

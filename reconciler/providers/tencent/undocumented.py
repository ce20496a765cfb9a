"""Remarks on values that Tencent does not document. They are no errors, because Tencent adds values."""

from __future__ import annotations


def undocumented(key: str, value: object, known: tuple[str, ...]) -> tuple[str, ...]:
    """A remark if the value is not among the documented ones."""
    if value is None or value in known:
        return ()
    return (f'{key} "{value}" is not among those the vendor documents ({", ".join(known)})',)

"""What a view knows about its output stream. The same value with the same options gives the same text."""

from __future__ import annotations

import codecs
from enum import StrEnum

from reconciler.values import value


class Detail(StrEnum):
    """How much of each change is shown."""

    USUAL = "usual"  # all of a few, and of many what they have in common
    SUMMARY = "summary"  # what they have in common, of a few too
    FULL = "full"  # all of each


@value
class RenderOptions:
    colour: bool = False
    detail: Detail = Detail.USUAL
    columns: int | None = None  # of a screen; None where there is none, and lines stay whole
    encoding: str = "utf-8"  # of the stream
    global_options: str = ""  # what leads a command in a hint to the same place: `-f studio.yaml --sandbox`
    verb: str = "apply"  # the command that an option in a hint belongs to

    @property
    def utf8(self) -> bool:
        return codecs.lookup(self.encoding).name in ("utf-8", "utf-8-sig")


PLAIN = RenderOptions()

"""The first line of the formats that have comments. It also tells that a file was written by voicectl."""

from __future__ import annotations

COMMENT = "# Written by voicectl. Do not edit: it is written again.\n"

"""Imports httpx without its command line. Import httpx from here and nowhere else.

The command line imports click, rich and pygments, which take a third of the time of `import httpx`.
"""

from __future__ import annotations

import sys

# None in sys.modules makes this one import fail. httpx expects that it may fail.
_first = "httpx" not in sys.modules
if _first:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # None is the documented way to block an import
import httpx  # noqa: E402 - the line above must come first

if _first:
    sys.modules.pop("httpx._main", None)

__all__ = ["httpx"]

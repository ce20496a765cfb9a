"""httpx without its own command line, which it imports where it can. Import it from here and nowhere else.

That command line brings click, rich and pygments: a third of the time that `import httpx` takes.
"""

from __future__ import annotations

import sys

# None in sys.modules makes that one import fail, which httpx allows for.
_first = "httpx" not in sys.modules
if _first:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # None is the documented way to block an import
import httpx  # noqa: E402 - the line above must come first

if _first:
    sys.modules.pop("httpx._main", None)

__all__ = ["httpx"]

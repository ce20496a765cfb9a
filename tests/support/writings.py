"""How a cloud or a proxy may write a text that it was sent: whole, cut, wrapped, escaped or encoded."""

from __future__ import annotations

import html
import json
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

WRITINGS: dict[str, Callable[[str], str]] = {
    "whole": str,
    "beginning": lambda s: s[: len(s) * 2 // 3],
    "end": lambda s: s[len(s) // 3 :],
    "middle": lambda s: s[len(s) // 5 : len(s) * 4 // 5],
    "a-letter-a-line": "\n".join,
    "wrapped": lambda s: "\r\n  ".join(s[i : i + 4] for i in range(0, len(s), 4)),
    "with-nulls": "\0".join,
    "url": lambda s: quote(s, safe=""),
    "url-twice": lambda s: quote(quote(s, safe=""), safe=""),
    "url-throughout": lambda s: "".join(f"%{ord(c):02x}" for c in s),
    "form": lambda s: quote(s).replace("%2B", " "),
    "json": json.dumps,
    "json-in-json": lambda s: json.dumps(json.dumps(s)),
    "json-of-php": lambda s: json.dumps(s).replace("/", "\\/").replace("&", "\\u0026"),
    "json-throughout": lambda s: "".join(f"\\u{ord(c):04X}" for c in s),
    "html": html.escape,
    "python": lambda s: repr({"key": s.encode()}),
    "base64": lambda s: b64encode(s.encode()).decode(),
    "base64-for-urls": lambda s: urlsafe_b64encode(s.encode()).decode(),
    "base64-of-a-pair": lambda s: b64encode(f"user:{s}".encode()).decode(),
    "base64-in-lines": lambda s: encodebytes(s.encode() * 4).decode(),
    "hex": lambda s: s.encode().hex(),
    "hex-in-capitals": lambda s: s.encode().hex().upper(),
}

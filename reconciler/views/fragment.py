"""Renders a part of a manifest: the entries of adopted voices, as YAML.

Names are only comments: whatever a cloud calls a voice, it can't become a part of the YAML.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from reconciler.model.adoption import METHOD, YAML_WORDS, Adoptable
from reconciler.views.escape import escape

_LONGEST_NAME = 60  # characters of a name in a comment
_INDENT = "  "


def fragment(adopted: Iterable[Adoptable], provider: str) -> str:
    """A whole file of these entries; empty if there are none."""
    rendered = entries(adopted, provider)
    if not rendered:
        return ""
    head = (
        f"# Voices that the account of {provider} had already. prevent_destroy keeps voicectl from deleting\n"
        "# or replacing them; remove it from a voice that voicectl may delete.\n"
    )
    return f"{head}voices:\n{rendered}"


def entries(adopted: Iterable[Adoptable], provider: str, *, indent: str = _INDENT) -> str:
    """The entries alone, for the end of a section `voices:`. Each line ends with a line break."""
    return "".join(_entry(each, provider, indent) for each in adopted)


def _entry(adopted: Adoptable, provider: str, indent: str) -> str:
    name = adopted.remote.voice_name
    lines = [
        f"{adopted.address}:" + (f"  # {_comment(name)}" if name else ""),
        f"{indent}provider: {json.dumps(provider) if provider.lower() in YAML_WORDS else provider}",
        f"{indent}{METHOD}: {{voice_id: {_quoted(adopted.voice_id)}}}",
        f"{indent}lifecycle: {{prevent_destroy: true}}",
    ]
    return "".join(f"{indent}{line}\n" for line in lines)


def _quoted(text: str) -> str:
    """Text in JSON's quotes, which are YAML's. `${` is escaped for the loader."""
    return json.dumps(text.replace("${", "$${"))


def _comment(text: str) -> str:
    r"""Text of one line that a YAML reader skips: what can't be printed is shown as `\n` or `\x1b`."""
    cut = text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}..."
    shown = escape(cut)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in shown)

"""Expands `${env:NAME}` in text. The environment is passed in, and no message ever contains a value of it.

`${env:` begins a reference, `${var:` and `${each:` begin one that `references` replaces later; `${` before any other
name is an error. `$${` is an escape for `${`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.model.variables import may_be_key

MARK = "${"  # text without it has nothing to expand
REFERENCE = re.compile(
    r"\$(?P<escape>\$\{)"
    r"|\$\{env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)?(?P<close>\})?"
    r"|\$\{(?P<later>var|each):(?P<what>[A-Za-z_][A-Za-z0-9_.-]*)?(?P<end>\})?"
    r"|\$\{(?P<other>\s*[A-Za-z_][^{}]*)\}"
)
_MEANT = re.compile(r"\s*(?i:(var|each))\s*[.:]\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*")
_WHAT = {"var": "${var:NAME}", "each": "${each:key} or ${each:value}"}
_NAME_IN_IT = re.compile(r"\s*(?i:env[.:\s]\s*)?([A-Za-z_][A-Za-z0-9_]*)\s*")
_LONGEST_QUOTE = 40
_NOT_SHOWN = " (its text is not shown: it may be a key, and keys do not belong in the manifest)"
# Characters that are not allowed in a manifest's text: they move cursors and break lines in logs.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class FromEnvironment(str):
    """Text that contains a variable's value, so it must not be shown. Validation turns it into plain text."""

    __slots__ = ()


class Unresolved(FromEnvironment):
    """A placeholder for a value that could not be read. The problem is reported already; don't report it again."""

    __slots__ = ()


class Deferred(Unresolved):
    """Text as it is written, with `${var:…}` or `${each:…}` in it. `references` replaces it before validation."""

    __slots__ = ()


def expand(text: str, environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with its references replaced, and the messages about wrong references.

    With `${var:…}` or `${each:…}` in it, the text is Deferred, as it is written.
    """
    messages: list[str] = []
    replaced = deferred = False

    def value_of(reference: re.Match[str]) -> str:
        nonlocal replaced, deferred
        if reference["escape"]:
            return "${"
        if reference["later"]:
            deferred = True
            if reference["what"] is None or reference["end"] is None:
                messages.append(f"{_WHAT[reference['later']]} is not complete: a name and }} are needed")
            return ""
        if reference["other"]:
            messages.append(_invalid_reference(reference["other"]))
            return ""
        name = reference["name"]
        if name is None or reference["close"] is None:
            inside = text[reference.start() :].removeprefix("${env:").partition("}")[0]
            if may_be_key(inside):
                messages.append(f"a variable's name is needed in ${{env:NAME}}{_NOT_SHOWN}")
                return ""
            messages.append("${env:NAME} is not complete: a variable's name (letters, digits and _) and } are needed")
            return ""
        value = environ.get(name, "")
        if name not in environ and may_be_key(name):
            messages.append(f"the variable that is named here is not set in the environment{_NOT_SHOWN}")
        elif not value:
            messages.append(f"the environment variable {name} is {'empty' if name in environ else 'not set'}")
        elif unprintable(value) is not None:
            messages.append(f"the value of the environment variable {name} holds a control character")
        replaced = True
        return value

    expanded = REFERENCE.sub(value_of, text)
    if messages:
        return Unresolved(), messages
    if deferred:
        return Deferred(text), messages
    return (FromEnvironment(expanded) if replaced else expanded), messages


def _invalid_reference(inside: str) -> str:
    """The message for `${TAKE}`, as in shells. It is an error, because as text it would be sent to a cloud and paid."""
    found = _NAME_IN_IT.fullmatch(inside)
    if may_be_key(inside):
        return f"${{...}} is not a reference; a variable is ${{env:NAME}}{_NOT_SHOWN}"
    shown = inside if len(inside) <= _LONGEST_QUOTE else inside[:_LONGEST_QUOTE] + "..."
    if ours := _MEANT.fullmatch(inside):
        meant = f"write ${{{ours[1].lower()}:{ours[2]}}}, or "
        return f"${{{shown}}} is not a reference: {meant}$${{{shown}}} for the text itself"
    meant = f"write ${{env:{found[1]}}}, or " if found else "a variable is ${env:NAME}; write "
    return f"${{{shown}}} is not a reference: {meant}$${{{shown}}} for the text itself"


def unprintable(text: str) -> str | None:
    """The first character that is not allowed in text, as `U+001B`."""
    found = _CONTROL.search(text)
    return f"U+{ord(found[0]):04X}" if found else None


def is_secret(value: object) -> bool:
    """Whether the value comes from the environment."""
    return isinstance(value, FromEnvironment)

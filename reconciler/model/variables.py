"""Names of environment variables. A user may write a secret key in place of a name, so not every text is shown."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container

_ENDS = ("_KEY", "_ID", "_SECRET", "_TOKEN")  # how the names of variables that hold keys end
_HIDDEN = "#sha256:"
_PREFIX = r"(?i)(?:sk|pk|rk|ak)-\S{6}"  # many vendors' keys begin like this
_RUN = r"[A-Za-z0-9]{17,}"  # no word of a variable's name is that long and contains digits
_LETTERS = r"[A-Za-z]{24,}"


def kept(name: str, environ: Container[str]) -> str:
    """The name if it is safe to show: the environment has it, or it ends like a variable's name. Else a digest."""
    return name if name in environ or name.endswith(_ENDS) else compared(name)


def compared(name: str) -> str:
    """The form in which names are compared; it does not depend on the environment."""
    if name.endswith(_ENDS) or is_hidden(name):
        return name
    return f"{_HIDDEN}{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def is_hidden(name: str) -> bool:
    """Whether the name is a digest made by `kept` or `compared`."""
    return name.startswith(_HIDDEN)


def unset(key: str, name: str, *, example: str) -> tuple[str, str]:
    """A message that the variable is not set, and what to type. Never shows text that may be a secret key."""
    if not is_hidden(name):
        return f"{key}: the variable {name} is not set in the environment.", f"export {name}=..."
    return (
        f"{key} names no variable of the environment. Its text is not shown, because it may be a key itself.",
        f"API keys do not belong in the manifest: export {example}=... and write {key.rpartition('.')[2]}: {example}",
    )


def may_be_key(text: str) -> bool:
    """Whether the text looks like a secret key: long runs of letters and digits, which names don't have."""
    if text.endswith(_ENDS):
        return False
    if re.match(_PREFIX, text):
        return True
    runs = re.findall(_RUN, text)
    random = any(re.search("[0-9]", run) and re.search("[A-Za-z]", run) for run in runs)
    return random or any(not (run.islower() or run.isupper()) for run in re.findall(_LETTERS, text))

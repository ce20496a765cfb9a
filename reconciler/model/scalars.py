"""The types of single values: durations, URLs. Their errors use the manifest's terms."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from reconciler.model.names import is_blank, one_line
from reconciler.model.url_faults import fault

DIGITS = r"^[0-9]{1,64}$"
PARAMETER = r"^[^\s?&=#]+$"
ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
_PLAIN_URL = re.compile(r"(?i)https?://[a-z0-9][a-z0-9.-]*/[!-~]*")
_WEB = re.compile(r"(?i)https?://[^\s/?#\\]+[^\s]*")
_DURATION = re.compile(
    r"([0-9]+(?:\.[0-9]+)?)"
    r"|(?=[0-9])(?:([0-9]+(?:\.[0-9]+)?)\s*d)?\s*(?:([0-9]+(?:\.[0-9]+)?)\s*h)?"
    r"\s*(?:([0-9]+(?:\.[0-9]+)?)\s*m)?\s*(?:([0-9]+(?:\.[0-9]+)?)\s*s)?"
)
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?")
_LONGEST_DAYS = 3650  # longer than any use, and still within the range of dates
_UNIT_SECONDS = (1, 86400, 3600, 60, 1)  # of a bare number, d, h, m and s


class Quoted(str):
    """Text that was quoted in the manifest, and that JSON would read as a number, a boolean or null without quotes."""

    __slots__ = ()


def is_json_word(text: str) -> bool:
    """Whether JSON reads the text as a number, a boolean or null."""
    return text in ("true", "false", "null") or _JSON_NUMBER.fullmatch(text) is not None


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _DURATION.fullmatch(value.strip())
    if found is None:
        raise ValueError("not a duration: write seconds, or numbers with d, h, m and s, such as 24h or 1h30m")
    seconds = sum(float(number) * unit for number, unit in zip(found.groups("0"), _UNIT_SECONDS, strict=True))
    if seconds > _LONGEST_DAYS * 86400:
        raise ValueError(f"too long, at most {_LONGEST_DAYS}d")
    return seconds


def _check_http(url: str) -> str:
    if _PLAIN_URL.fullmatch(url):
        return url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a port out of range, a bracket that never closes
        raise ValueError(fault(url)) from None
    if not _WEB.fullmatch(url) or not parts.hostname or port == 0 or any(map(is_blank, url)):
        raise ValueError(fault(url))
    return url


def is_http(text: str) -> bool:
    """Whether the text is a valid http or https URL."""
    try:
        _check_http(text)
    except ValueError:
        return False
    return True


def suffix_of(*suffixes: str) -> AfterValidator:
    """Refuses a URL whose file has another suffix. A URL without a suffix may be right."""
    return AfterValidator(partial(_check_suffix, suffixes=suffixes))


def _check_suffix(url: str, *, suffixes: tuple[str, ...]) -> str:
    if url.endswith(suffixes) and "?" not in url and "#" not in url:
        return url
    name = url.split("?")[0].split("#")[0].rpartition("/")[2]
    dot = name.rfind(".")
    if dot > 0 and re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{1,4}", name[dot:]) and name[dot:].lower() not in suffixes:
        raise ValueError(f"the file's suffix should be one of {', '.join(suffixes)}")  # it may be secret: not shown
    return url


Duration = Annotated[
    float,
    Field(ge=0),
    BeforeValidator(
        _seconds,
        json_schema_input_type=Annotated[float, Field(ge=0)]
        | Annotated[str, Field(pattern=f"^(?:{_DURATION.pattern})$")],
    ),
    Field(description="Seconds, or 30s, 5m, 24h, 1h30m, 7d."),
]
Url = Annotated[
    str,
    StringConstraints(strip_whitespace=False, min_length=1, max_length=8192),
    AfterValidator(_check_http),
    Field(json_schema_extra={"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]"}),
]
ON_ONE_LINE = BeforeValidator(one_line)  # after a pattern: before it, the JSON schema would lose the pattern
OneLine = Annotated[str, ON_ONE_LINE]  # a name or an id
Digits = Annotated[str, StringConstraints(pattern=DIGITS), ON_ONE_LINE]
EnvName = Annotated[str, StringConstraints(pattern=ENV_NAME)]


def _unique_names(names: tuple[str, ...]) -> tuple[str, ...]:
    seen: dict[str, str] = {}
    for name in names:
        first = seen.get(name.lower())
        seen[name.lower()] = name
        if first is not None:
            raise ValueError(f"{name} is named twice" if first == name else f"{name} and {first} are the same name")
    return names


SigningParameters = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=128, pattern=PARAMETER)], ...],
    AfterValidator(_unique_names),
    Field(
        json_schema_extra={"uniqueItems": True},
        description="Query parameters that only sign a link, besides those that voicectl knows; in any case.",
    ),
]

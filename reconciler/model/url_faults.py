"""Explains why a text is not an http(s) URL. The text itself is never quoted: it may be secret."""

from __future__ import annotations

import re

from reconciler.model.names import blank_name, is_blank

_GENERAL = "not an http(s) URL, such as https://cdn.example.com/voice.mp3"
_HOST = r"(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\]|[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,})"
_WITHOUT_SCHEME = rf"(?s)(?://)?(?:[^\s/@]+@)?{_HOST}(?::\d+)?(?:[/?#].*)?"
_SUFFIXES = r"(?i)\.(?:mp3|wav|m4a|mp4|mov|ogg|flac|aac|webm)"
_STORES = frozenset(("s3", "gs", "oss", "cos", "cosn", "obs", "tos", "bos", "r2", "b2", "minio", "az", "abfs", "abfss"))


def fault(url: str) -> str:
    """The message for a text that is not an http(s) URL with a host."""
    scheme, colon, rest = url.partition(":")
    scheme = scheme.lower() if colon else ""
    if re.match(r"[A-Za-z]:(?:[\\/]|$)", url) or url.startswith(("\\\\", ".\\", "..\\", "~\\")):
        return f"{_GENERAL}: this is a path on a Windows computer, and the cloud can only fetch from the web"
    if (blank := _blank(url)) is not None and not _is_path(url):
        return blank
    if scheme in ("http", "https"):
        return _web_fault(rest)
    if re.match(r"(?i)https?/+", url) or re.match(r"(?i)https?;/", url):
        return "the colon after http or https is missing: it begins with https://"
    if scheme == "file" or _is_path(url):
        return f"{_GENERAL}: this is a path on a computer, and the cloud can only fetch from the web"
    if scheme in _STORES:
        return f"{_GENERAL}: this is the address of an object store; write the object's https:// link"
    if re.fullmatch(_WITHOUT_SCHEME, url) and not _is_file_name(url):
        return "no scheme before the host: begin it with https://"
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url):
        return f"{_GENERAL}: its scheme is neither http nor https"
    if "\\" in url or re.search(_SUFFIXES, url):
        return f"{_GENERAL}: this is a path on a computer, and the cloud can only fetch from the web"
    return _GENERAL


def _is_path(url: str) -> bool:
    return url.startswith(("/", "./", "../", "~/")) and not url.startswith("//")


def _blank(url: str) -> str | None:
    """The message for a text with a blank in it, which a URL never has."""
    at = next((index for index, character in enumerate(url) if is_blank(character)), None)
    if at is None:
        return None
    named = "a line break" if url[at] in "\n\r\x85\u2028\u2029" else blank_name(url[at])
    if not url.strip() or all(map(is_blank, url)):
        return "nothing but blanks"
    if all(map(is_blank, url[at:])):
        more = " (in place of > and |, write >- and |-)" if named == "a line break" else ""
        return f"{named} at its end: remove it{more}"
    if at == 0:
        return f"{named} at its beginning: remove it"
    if url[at] in " \u00a0":
        return f"{named} in it, character {at + 1}: a space in a URL is written %20"
    return f"{named} in it, character {at + 1}: remove it"


def _web_fault(rest: str) -> str:
    slashes = len(rest) - len(rest.lstrip("/"))
    if rest.startswith("\\") or (slashes and rest.lstrip("/").startswith("\\")):
        return "backslashes after http: or https:, where two slashes belong: it begins with https://"
    if slashes < 2 and len(rest) > slashes:
        found = "one slash" if slashes == 1 else "no slash"
        return f"{found} after http: or https:, where two belong: it begins with https://"
    if slashes > 2:
        return f"{slashes} slashes after http: or https:, where two belong: it begins with https:// and the host"
    if not rest[2:] or rest[2:3] in "?#:":
        return f"{_GENERAL}: the host is missing"
    if re.match(r"[^/?#]*:[^/?#\]]*(?:[/?#]|$)", rest[2:]):
        return f"{_GENERAL}: its port should be a number from 1 to 65535"
    return _GENERAL


def _is_file_name(url: str) -> bool:
    """Whether the text is a file name: `narrator.mp3` alone also looks like a host."""
    return "/" not in url and re.search(_SUFFIXES, url[-5:]) is not None

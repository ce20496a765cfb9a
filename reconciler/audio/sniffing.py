"""Detects a file's format from its first bytes: names and a server's Content-Type may be wrong. Decodes nothing."""

from __future__ import annotations

import re

_HEAD = 1024  # bytes that are searched for text and markup
_TAGS = 8  # ID3 tags before the first frame; more are not parsed
_PADDING = 64 * 1024  # zeros that some programs write after the tag
_MPEG_LAYERS = {1: "mp3", 2: "mp2", 3: "mp1"}
_RIFF = (b"RIFF", b"RIFX", b"RF64", b"BW64")
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")  # of files older than the ftyp box
_BOXES = (*_OLD_QUICKTIME, b"ftyp", b"uuid", b"moof", b"mfra", b"sidx", b"styp", b"meta")

_MOST_BOXES = 100_000  # at the top of an mp4; a minute of fragments has some hundreds

_OTHER_AUDIO = (
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"\x1aE\xdf\xa3", "webm"),
    (b"#!AMR", "amr"),
    (b"caff", "caf"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wma"),
)
_NOT_AUDIO = (
    (rb"version https://git-lfs", "a Git LFS pointer, not the sample itself: git lfs pull"),
    (rb"<!doctype html|<html|<head|<body|<script", "an HTML page, not audio"),
    (rb"<\?xml|<error|<[a-z]", "an XML document, not audio"),
    (rb"[{\[]", "JSON, not audio"),
    (rb"#extm3u|ffconcat", "a playlist, not audio"),
    (rb"%pdf-", "a PDF, not audio"),
    (rb"pk\x03\x04", "a ZIP archive, not audio"),
    (rb"\x1f\x8b", "packed with gzip: unpack it first"),
    (rb"\x89png|\xff\xd8\xff|gif8", "a picture, not audio"),
)


def container_of(data: bytes) -> str | None:
    """wav, mp3, m4a, mp4 or mov; or a format that no cloud here accepts: flac, ogg, aac, … None: not audio."""
    begins = end_of_id3(data)
    if data[begins : begins + 4] in _RIFF:
        return {b"WAVE": "wav", b"AVI ": "avi"}.get(data[begins + 8 : begins + 12])
    if data[:4] == b"FORM" and data[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if data[4:8] == b"ftyp":
        return _by_brand(data)
    if data[4:8] in _OLD_QUICKTIME:
        return "mov"
    other = next((name for magic, name in _OTHER_AUDIO if data.startswith(magic)), None)
    return other or _mpeg(data)


def looks_like(data: bytes) -> str:
    """What the bytes are, in words, if they are not audio."""
    if not data:
        return "empty"
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for pattern, words in _NOT_AUDIO:
        if re.match(pattern, head):
            return words
    try:
        is_text = data[:_HEAD].decode("ascii").replace("\n", "").replace("\r", "").replace("\t", "").isprintable()
    except UnicodeDecodeError:
        is_text = False
    return "text, not audio" if is_text else "no audio that voicectl knows"


def mp4_is_cut_off(data: bytes) -> bool:
    """Whether the last box announces more bytes than the file has."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            break
        size, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if size == 1:  # a 64-bit size follows the name
            size = int.from_bytes(data[at + 8 : at + 16])
        if name not in _BOXES or size < 8:  # 0: up to the end; an unknown name: bytes after the last box
            return False
        at += size
    return at > len(data)


def _by_brand(data: bytes) -> str:
    brands = data[8 : max(8, min(int.from_bytes(data[:4]), 256))]
    if brands.startswith(b"qt  "):
        return "mov"
    named = {brands[i : i + 4] for i in range(0, len(brands), 4) if i != 4}  # the second is a version
    return "m4a" if named & {b"M4A ", b"M4B "} else "mp4"


def end_of_id3(data: bytes) -> int:
    """Where the ID3 tags at the beginning end; 0 if there are none."""
    at = 0
    for _ in range(_TAGS):
        if data[at : at + 3] != b"ID3":
            break
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        footer = 10 if data[at + 5 : at + 6] >= b"\x10" and data[at + 5] & 0x10 else 0
        at += 10 + size + footer
    return at


def _mpeg(data: bytes) -> str | None:
    tags = at = end_of_id3(data)
    if tags:
        if data[at : at + 4] == b"fLaC":
            return "flac"
        latest = min(len(data), at + _PADDING)
        while at < latest and data[at] == 0:
            at += 1
    return _mpeg_frame(data[at : at + 4]) or ("mp3" if tags else None)


def _mpeg_frame(head: bytes) -> str | None:
    """The format by the four bytes of a frame's header."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if layer == 0:
        return "aac" if version in (2, 3) and head[1] & 0x10 else None
    known = version != 1 and head[2] >> 4 != 15 and head[2] >> 2 & 3 != 3
    return _MPEG_LAYERS[layer] if known else None

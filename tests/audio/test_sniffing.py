"""A file's format is detected from its first bytes."""

from __future__ import annotations

import pytest

from reconciler.audio.file import Unreadable
from reconciler.audio.inspecting import inspect
from reconciler.audio.sniffing import container_of, mp4_is_cut_off
from tests.support.sounds import wav

ID3 = b"ID3\x04\0\0\0\0\0\x0aTITLE.....TI"[:20]
FRAME = b"\xff\xfb\x90\x64"


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (wav(0.1), "wav"),
        (b"RIFF\0\0\0\0AVI LIST", "avi"),
        (b"RIFF\0\0\0\0WEBPVP8 ", None),
        (b"FORM\0\0\0\0AIFFCOMM", "aiff"),
        (b"\0\0\0\x1cftypM4A \0\0\2\0M4A isomiso2", "m4a"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0M4A isom", "m4a"),
        (b"\0\0\0\x18ftypM4B \0\0\0\0M4B isom", "m4a"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isommp41", "mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\2\0qt  ", "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov"),
        (b"\xff\xff\xff\xffftyp", "mp4"),
        (b"\0\0\0\0ftyp", "mp4"),
        (FRAME, "mp3"),
        (ID3 + FRAME, "mp3"),
        (ID3 + ID3 + FRAME, "mp3"),
        (ID3 + bytes(1000) + FRAME, "mp3"),
        (ID3 + b"\xff\xf1\x50\x80", "aac"),
        (ID3 + b"fLaC", "flac"),
        (ID3 * 1000, "mp3"),
        (b"ID3", "mp3"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"\xff\xfd\x90\x64", "mp2"),
        (b"\xff\xfb\xf0\x64", None),
        (b"\xff\xfb\x9c\x64", None),
        (b"\xff\xeb\x90\x64", None),
        (b"\xff\xfe<\0h\0", None),
        (b"fLaC\0\0\0\x22", "flac"),
        (b"OggS\0\2", "ogg"),
        (b"\x1aE\xdf\xa3\x01", "webm"),
        (b"", None),
    ],
)
def test_the_container_is_detected_from_the_bytes(data: bytes, container: str | None) -> None:
    assert container_of(data) == container


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><html>", "is an HTML page, not audio"),
        (b"<html lang=en>", "is an HTML page, not audio"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", "is an XML document, not audio"),
        (b'{"error": "not found"}', "is JSON, not audio"),
        (b"#EXTM3U\nhttp://169.254.169.254/x", "is a playlist, not audio"),
        (b"ffconcat version 1.0\nfile /etc/passwd", "is a playlist, not audio"),
        (b"%PDF-1.7", "is a PDF, not audio"),
        (b"PK\x03\x04", "is a ZIP archive, not audio"),
        (b"\x1f\x8b\x08", "is packed with gzip: unpack it first"),
        (b"\x89PNG\r\n", "is a picture, not audio"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
            "is a Git LFS pointer, not the sample itself: git lfs pull",
        ),
        (b"hello\n", "is text, not audio"),
        (b"\0\1\2\3", "is no audio that voicectl knows"),
        (b"fLaC\0\0\0\x22", "is flac, which voicectl can't look into"),
    ],
)
def test_a_file_that_is_not_a_sample_is_reported_by_its_kind(data: bytes, why: str) -> None:
    found = inspect(data)
    assert isinstance(found, Unreadable)
    assert found.why == why


@pytest.mark.parametrize(
    ("boxes", "cut_off"),
    [
        (b"\0\0\0\x08ftyp\0\0\0\x08mdat", False),
        (b"\0\0\0\x08ftyp\0\0\0\x09mdat", True),
        (b"\0\0\0\x08ftyp\0\0\0\x00mdat....", False),
        (b"\0\0\0\x08ftyp\0\0\0\x01mdat\0\0\0\0\0\0\0\x11", True),
        (b"\0\0\0\x08ftyp\0\0\0\x01mdat\0\0\0\0\0\0\0\x10", False),
        (b"\0\0\0\x08ftyp\xff\xff\xff\xffjunk", False),
        (b"\0\0\0\x08ftyplitter", False),
    ],
)
def test_an_mp4_is_cut_off_where_its_last_box_is_not_whole(boxes: bytes, cut_off: bool) -> None:
    assert mp4_is_cut_off(boxes) is cut_off


def test_an_mp4_of_millions_of_empty_boxes_is_not_walked_to_its_end() -> None:
    assert mp4_is_cut_off(b"\0\0\0\x08free" * 100_001 + b"\0\0\0\x09mdat") is False

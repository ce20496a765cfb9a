"""What the sandbox's voices sound like: a short beep, of a pitch of its own for each file.

Its links lead to hosts that do not exist, so only voicectl itself can open them. A server of the sandbox lets them lead
to itself, so that a browser plays them too.
"""

from __future__ import annotations

import math
import struct
from hashlib import sha256
from urllib.parse import urlsplit

HOSTS = ("trial.sandbox.invalid", "vod.sandbox.invalid")
SERVED = "/sandbox-sounds/"  # the path at a server of the sandbox
_RATE = 8000  # samples a second
_SECONDS = 0.8
_LOWEST, _SPAN = 220, 440  # Hz


def sound(url: str) -> bytes | None:
    """The WAV file behind a link of the sandbox; None for any other link."""
    parts = urlsplit(url)
    return beep(parts.path) if parts.hostname in HOSTS else None


def linked_to(answer: bytes, server: str) -> bytes:
    """The answer of a cloud, with the links to its sounds leading to this server."""
    for host in HOSTS:
        answer = answer.replace(f"https://{host}/".encode(), f"{server}{SERVED}".encode())
    return answer


def beep(name: str) -> bytes:
    """A WAV file: mono, 16 bits. The same name has the same pitch."""
    pitch = _LOWEST + int.from_bytes(sha256(name.encode()).digest()[:2]) % _SPAN
    count = int(_RATE * _SECONDS)
    samples = b"".join(struct.pack("<h", _level(number, count, pitch)) for number in range(count))
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _RATE, 2 * _RATE, 2, 16)
    body = form + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(body), b"WAVE") + body


def _level(number: int, count: int, pitch: int) -> int:
    """One sample: a sine that begins and ends softly."""
    softly = math.sin(math.pi * number / count)
    return round(9000 * softly * math.sin(2 * math.pi * pitch * number / _RATE))

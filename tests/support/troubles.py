"""Troubles: what a network, a gateway or a broken server does to one request.

`UNHEARD` happen before the cloud sees the request, `BROKEN` and `DRIPPING` after it did its work; `UNUSUAL` ones are
valid answers in a rare form.
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
from collections.abc import Callable

from tests.support.hostile_wire import Exchange, Trouble

MB = 1_000_000
HTML = b"<html><body>Please sign in to the hotel's network</body></html>"


def head(status: int, *lines: str, length: int | None = None) -> bytes:
    head_lines = [f"HTTP/1.1 {status} Trouble", *lines]
    if length is not None:
        head_lines.append(f"Content-Length: {length}")
    return "\r\n".join([*head_lines, "", ""]).encode()


def answering(status: int, body: bytes, *lines: str) -> Trouble:
    """Sends this response instead of the cloud, which never gets the request."""
    return lambda exchange: exchange.send(head(status, *lines, length=len(body)), body)


def arriving(change: Callable[[bytes], bytes]) -> Trouble:
    """Lets the cloud do its work; `change` makes a whole response of its body."""
    return lambda exchange: exchange.send(change(exchange.forward()[1]))


# -- before the cloud --------------------------------------------------------------------------------------------------


def reset_unheard(exchange: Exchange) -> None:
    exchange.reset()


def closed_unheard(exchange: Exchange) -> None:
    """Reads the request and hangs up, like a server that closes an idle connection just as a request arrives."""


def stall_unheard(exchange: Exchange) -> None:
    exchange.until_hung_up()


UNHEARD: dict[str, Trouble] = {
    "reset": reset_unheard,
    "closed": closed_unheard,
    "stall": stall_unheard,
    "gateway-502": answering(502, HTML, "Content-Type: text/html"),
    "gateway-503": answering(503, b"", "Retry-After: 1"),
    "gateway-403": answering(403, HTML, "Content-Type: text/html"),
    "sign-in-page": answering(200, HTML, "Content-Type: text/html"),
    "no-http": lambda exchange: exchange.send(b"SSH-2.0-OpenSSH_9.6\r\n"),
}

# -- after the cloud's work --------------------------------------------------------------------------------------------


def reset(exchange: Exchange) -> None:
    exchange.forward()
    exchange.reset()


def closed(exchange: Exchange) -> None:
    exchange.forward()


def stall(exchange: Exchange) -> None:
    exchange.forward()
    exchange.until_hung_up()


def half_then_stall(exchange: Exchange) -> None:
    begun, body = exchange.forward()
    exchange.send(begun, body[: len(body) // 2])
    exchange.until_hung_up()


def half_then_reset(exchange: Exchange) -> None:
    begun, body = exchange.forward()
    exchange.send(begun, body[: len(body) // 2])
    exchange.wait(0.05)  # so that the first half is read
    exchange.reset()


def drip(exchange: Exchange) -> None:
    """Sends the body a byte at a time, without end."""
    exchange.forward()
    exchange.send(head(200, "Content-Type: application/json", length=MB))
    while not exchange.wait(0.02):
        exchange.send(b" ")


def dripping_head(exchange: Exchange) -> None:
    """Sends a header without end."""
    exchange.forward()
    exchange.send(b"HTTP/1.1 200 OK\r\nX-Padding: ")
    while not exchange.wait(0.02):
        exchange.send(b"x")


def endless_news(exchange: Exchange) -> None:
    """Sends interim responses (102) and never a final one."""
    exchange.forward()
    while not exchange.wait(0.02):
        exchange.send(b"HTTP/1.1 102 Processing\r\n\r\n")


def gzipped(body: bytes) -> bytes:
    packed = gzip.compress(body)
    return head(200, "Content-Type: application/json", "Content-Encoding: gzip", length=len(packed)) + packed


BOMB = gzip.compress(b" " * (80 * MB), compresslevel=1)

BROKEN: dict[str, Trouble] = {
    "reset": reset,
    "closed": closed,
    "stall": stall,
    "half-then-stall": half_then_stall,
    "half-then-reset": half_then_reset,
    "too-short": arriving(lambda body: head(200, length=len(body) + 100) + body),
    "no-last-chunk": arriving(
        lambda body: head(200, "Transfer-Encoding: chunked") + b"%x\r\n%s\r\n" % (len(body), body)
    ),
    "bad-chunk": arriving(lambda body: head(200, "Transfer-Encoding: chunked") + b"zz\r\n" + body),
    "two-lengths": arriving(lambda body: head(200, f"Content-Length: {len(body)}", "Content-Length: 7") + body),
    "html": arriving(lambda _: head(200, "Content-Type: text/html", length=len(HTML)) + HTML),
    "empty": arriving(lambda _: head(200, length=0)),
    "no-content": arriving(lambda _: head(204)),
    "garbage-10-MB": arriving(lambda _: head(200, length=10 * MB) + b"\x00garbage!\xff" * MB),
    "no-gzip-at-all": arriving(lambda body: head(200, "Content-Encoding: gzip", length=len(body)) + body),
    "gzip-bomb": arriving(lambda _: head(200, "Content-Encoding: gzip", length=len(BOMB)) + BOMB),
    "gzip-twice": arriving(lambda _: head(200, "Content-Encoding: gzip, gzip", length=len(BOMB)) + BOMB),
    "head-of-200-kB": arriving(lambda body: head(200, "X-Padding: " + "x" * 200_000, length=len(body)) + body),
    "gateway-502": arriving(lambda _: head(502, length=len(HTML)) + HTML),
    "gateway-504": arriving(lambda _: head(504, length=0)),
}

DRIPPING: dict[str, Trouble] = {"drip": drip, "dripping-head": dripping_head, "endless-news": endless_news}

# -- unusual, but valid ------------------------------------------------------------------------------------------------


def _padded(body: bytes) -> bytes:
    padded = json.dumps({"padding": "x" * (10 * MB), **json.loads(body)}).encode()
    return head(200, "Content-Type: application/json", length=len(padded)) + padded


def with_body(change: Callable[[bytes], bytes]) -> Trouble:
    """Lets the cloud do its work; sends back its body after `change`, with a fitting head."""

    def answer(body: bytes) -> bytes:
        changed = change(body)
        return head(200, "Content-Type: application/json", length=len(changed)) + changed

    return arriving(answer)


def _chunks(body: bytes, *lines: str) -> bytes:
    pieces = [body[i : i + 7] for i in range(0, len(body), 7)]
    chunked = b"".join(b"%x;note=x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head(200, "Transfer-Encoding: chunked", *lines) + chunked + b"0\r\nX-Trailer: end\r\n\r\n"


UNUSUAL: dict[str, Trouble] = {
    "padded-10-MB": arriving(_padded),
    "text-plain": arriving(lambda body: head(200, "Content-Type: text/plain", length=len(body)) + body),
    "no-type": arriving(lambda body: head(200, length=len(body)) + body),
    "no-length": arriving(lambda body: head(200) + body),
    "http-1-0": arriving(lambda body: b"HTTP/1.0 200 OK\r\n\r\n" + body),
    "gzip": arriving(gzipped),
    "small-chunks": arriving(_chunks),
    "same-lengths": arriving(
        lambda body: head(200, f"Content-Length: {len(body)}", f"Content-Length: {len(body)}") + body
    ),
    "continue-100": arriving(
        lambda body: (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
            + head(200, length=len(body))
            + body
        )
    ),
    "created-201": arriving(lambda body: head(201, length=len(body)) + body),
    "byte-order-mark": with_body(lambda body: codecs.BOM_UTF8 + body),
    "indented": with_body(lambda body: json.dumps(json.loads(body), indent=4).encode() + b"\r\n\r\n"),
    "not-a-number": with_body(lambda body: b'{"cost":NaN,"quota":-Infinity,' + body[1:]),
    "a-key-twice": with_body(lambda body: b'{"code":5000,"message":"old",' + body[1:]),
    "ids-as-numbers": with_body(lambda body: re.sub(rb'("(?:task|voice)_id": )"([0-9]+)"', rb"\1\2", body)),
    "gzip-chunks": arriving(lambda body: _chunks(gzip.compress(body), "Content-Encoding: gzip")),
}

"""The body of /metrics: which format, which encoding, and the process's own metrics at the end."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final, NamedTuple

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder

from streamgauge.exposition import CONTENT_TYPES, Format, render
from streamgauge.model.records import Snapshot

_GZIP_LEVEL: Final = 1
"""Exposition text repeats itself so much that higher levels cost time and save little."""


_PIECE_BYTES: Final = 1024 * 1024
"""What is written and sent at once: the text of ten thousand streams is 40 MB, and the client can
take the first of it while the next is written."""

_GZIP_FORMAT: Final = 16 + zlib.MAX_WBITS


class Answer(NamedTuple):
    """A response body in pieces, at least one, and its headers."""

    pieces: Iterator[bytes]
    headers: dict[str, str]


def process_registry() -> CollectorRegistry:
    """Return a registry of the process_* and python_* metrics of this process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def metrics_answer(
    snapshot: Snapshot, registry: CollectorRegistry, request_headers: Mapping[str, str]
) -> Answer:
    """Write a snapshot as the client asked for it by Accept and Accept-Encoding."""
    encode, chosen = choose_encoder(request_headers.get("accept", ""))
    text_format: Format = "openmetrics" if "openmetrics" in chosen else "text"
    blocks = (text.encode() for text in render(snapshot, text_format))
    pieces = _pieces(chain(blocks, [encode(registry)]))
    headers = {"content-type": CONTENT_TYPES[text_format], "vary": "accept, accept-encoding"}
    if accepts_gzip(request_headers.get("accept-encoding", "")):
        pieces = _compressed_pieces(pieces)
        headers["content-encoding"] = "gzip"
    return Answer(pieces, headers)


def _pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Join blocks to pieces of about the size in which they are sent."""
    waiting, size = [], 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size >= _PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def _compressed_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Compress a body piece by piece, fast rather than small."""
    compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_FORMAT)

    def blocks() -> Iterator[bytes]:
        for piece in pieces:
            yield compressor.compress(piece)
        yield compressor.flush()

    return _pieces(blocks())


def compressed(body: bytes) -> bytes:
    """Compress a body with gzip, fast rather than small."""
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether an Accept-Encoding header allows gzip."""
    for offer in accept_encoding.lower().split(","):
        coding, _, parameters = offer.partition(";")
        if coding.strip() in ("gzip", "*"):
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False

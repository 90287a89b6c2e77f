"""The body of /metrics: which format, which encoding, and the process's own metrics at the end."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
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


class Answer(NamedTuple):
    """A response body and its headers."""

    body: bytes
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
    body = render(snapshot, text_format).encode() + encode(registry)
    headers = {"content-type": CONTENT_TYPES[text_format], "vary": "accept, accept-encoding"}
    if accepts_gzip(request_headers.get("accept-encoding", "")):
        body = compressed(body)
        headers["content-encoding"] = "gzip"
    return Answer(body, headers)


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

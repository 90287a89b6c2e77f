"""What a page needs beside itself, served from this package: nothing comes from elsewhere."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Final, NamedTuple

PAGE_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
    }
)
"""Only this exporter's own script and style run, whatever a name on a page may hold."""

ASSET_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {"x-content-type-options": "nosniff", "cache-control": "max-age=86400"}
)
"""A page names each asset with its content's hash, so that none is out of date."""

_MEDIA_TYPES: Final = {
    "status.css": "text/css; charset=utf-8",
    "status.js": "text/javascript; charset=utf-8",
    "favicon.svg": "image/svg+xml",
}


class Asset(NamedTuple):
    """A file of this package under /static."""

    name: str
    media_type: str
    body: bytes

    @property
    def address(self) -> str:
        """Its path, relative to the page at /."""
        return f"static/{self.name}?v={hashlib.sha256(self.body).hexdigest()[:12]}"


@functools.cache
def assets() -> Mapping[str, Asset]:
    """Read every asset, once."""
    folder = resources.files("streamgauge.web") / "static"
    return {
        name: Asset(name, media_type, (folder / name).read_bytes())
        for name, media_type in _MEDIA_TYPES.items()
    }

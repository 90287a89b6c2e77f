"""The answer to whoever asks for a Redis by a name that none has."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from streamgauge.labels import escaped
from streamgauge.watch import Watch


def unknown_target(path: str, watch: Watch) -> Response:
    """Say that no Redis of the name asked for is configured, and which names are."""
    names = ", ".join(map(escaped, watch.targets))
    hint = f"no redis of this name is configured; write {path}?target=NAME with one of"
    return PlainTextResponse(f"{hint}: {names}\n", status_code=404)

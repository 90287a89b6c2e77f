"""The page at /: what the last look at Redis showed, as a table."""

from __future__ import annotations

import functools
from typing import Any

from jinja2 import Environment, PackageLoader, Template

from streamgauge import __version__
from streamgauge.config.durations import format_duration
from streamgauge.labels import label_value
from streamgauge.model.records import Snapshot


def status_page(snapshot: Snapshot) -> str:
    """Write the page; every name is escaped, nothing is loaded from elsewhere."""
    return _template().render(instances=snapshot.instances, version=__version__)


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("streamgauge.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["name"] = label_value
    environment.filters["duration"] = _duration
    return environment.get_template("status.html")


def _duration(seconds: Any) -> str:
    if seconds is None:
        return "–"
    if seconds == float("inf"):
        return "closed"
    if seconds == 0:
        return "0s"
    return format_duration(round(seconds)) if seconds >= 1 else f"{seconds:.1f}s"

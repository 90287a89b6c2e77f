"""`streamgauge metrics`: the metric table as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

import click

from streamgauge.cli.output import say
from streamgauge.metrics import METRICS


@click.command()
def metrics() -> None:
    """Print every metric with its labels, type and meaning as a Markdown table."""
    say("\n".join(_markdown()))


def _markdown() -> Iterator[str]:
    yield "| metric | labels | type | meaning |"
    yield "|---|---|---|---|"
    for metric in METRICS:
        labels = ", ".join(metric.level.value)
        yield f"| `{metric.name}` | {labels} | {metric.kind} | {metric.help} |"

"""Thousands of streams without a Redis: the text an exporter in front of them would answer."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streamgauge.metrics import METRICS, Level, Metric

CLASSES = ("continuous", "continuous", "hybrid", "event", "unclassified")
_ONLY_CONTINUOUS = "redis_stream_quiet_limit_seconds"
_UNITS_OF_TIME = 600


def exposition(streams: int) -> str:
    """So many streams, each with one group of one consumer; two fifths of them continuous."""
    lines: list[str] = []
    for metric in METRICS:
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        lines += _series(metric, streams)
    return "\n".join([*lines, ""])


def _series(metric: Metric, streams: int) -> Iterator[str]:
    names = metric.level.value
    if "stream" not in names:
        others = {"redis": "main", "class": "continuous", "reason": "other", "stage": "sample"}
        labels = ",".join(f'{name}="{others.get(name, "1")}"' for name in names)
        value = 0 if metric.level is Level.ERRORS else 1
        yield f"{metric.name}{{{labels}}} {value}"
        return
    for number in range(streams):
        stream_class = CLASSES[number % len(CLASSES)]
        if metric.name == _ONLY_CONTINUOUS and stream_class != "continuous":
            continue
        values = {
            "redis": "main",
            "db": "db0",
            "stream": f"tenant:{number:05}:orders.created",
            "class": stream_class,
            "group": "billing",
            "consumer": "billing-1",
        }
        labels = ",".join(f'{name}="{values[name]}"' for name in names)
        yield f"{metric.name}{{{labels}}} {_value(metric, number)}"


def _value(metric: Metric, number: int) -> int:
    """The same at each scrape; no two neighbours have the same."""
    if metric.name == "redis_stream_exists":
        return 1
    if metric.name.endswith("limit_seconds"):
        return _UNITS_OF_TIME
    return number % (_UNITS_OF_TIME + 17)


@contextmanager
def serving(text: str) -> Iterator[str]:
    """Answer every request with the text; gives the address."""
    body = text.encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(http.HTTPStatus.OK)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()

"""The demo's pager: a little HTTP server that Alertmanager tells of every page and ticket.

`python -m streamgauge_demo.pager HOST:PORT` prints them until it is ended.
"""

import asyncio
import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from streamgauge.cli.output import say
from streamgauge_demo.exporter import parse_listen_address

Alert = dict[str, Any]
_POLL_SECONDS = 0.05
_WORDS = {"pager": "page", "tickets": "ticket"}


def pager(
    tell: Callable[[str, Alert], None], host: str = "127.0.0.1", port: int = 0
) -> ThreadingHTTPServer:
    """A server at this address, by default on a free port, that is not serving yet.

    `tell` is called by a thread of the server with the last part of the path, which names the
    receiver, and with each alert of the call.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for alert in json.loads(body)["alerts"]:
                tell(self.path.rpartition("/")[2], alert)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """What came is told; it need not be printed as well."""

    return ThreadingHTTPServer((host, port), Handler)


@contextlib.contextmanager
def running_pager(tell: Callable[[str, Alert], None]) -> Iterator[str]:
    """A pager on a free port of 127.0.0.1 for as long as the block lasts; gives its URL."""
    server = pager(tell)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def printing(tell: Callable[[str], None]) -> Callable[[str, Alert], None]:
    """What a pager tells, as lines that `tell` is given by the running event loop."""
    loop = asyncio.get_running_loop()
    return lambda receiver, alert: loop.call_soon_threadsafe(tell, as_line(receiver, alert))  # type: ignore[return-value]


def as_line(receiver: str, alert: Alert) -> str:
    """When, what and where: `12:34:56 page: RedisStreamQuiet on quantum:stream:x: ...`."""
    labels = alert["labels"]
    where = " ".join(labels[name] for name in ("stream", "group", "key") if labels.get(name))
    about = f"{labels['alertname']} on {where or labels.get('redis', 'the exporter')}"
    word = _WORDS.get(receiver, receiver)
    now = time.strftime("%H:%M:%S")
    if alert["status"] == "resolved":
        return f"{now} {word} resolved: {about}"
    return f"{now} {word}: {about}: {alert['annotations'].get('summary', '')}"


if __name__ == "__main__":
    listen = parse_listen_address(sys.argv[1])
    pager(lambda *alert: say(as_line(*alert)), listen.host, listen.port).serve_forever()

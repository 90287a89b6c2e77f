"""The pager: an HTTP server that Alertmanager's webhooks reach, and that remembers every call."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from streamgauge_demo.catalogue import STREAM_PREFIX

FIRING, RESOLVED = "firing", "resolved"


@dataclass(frozen=True)
class Notification:
    """One alert in one call, and when the call came."""

    at: float
    receiver: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def page(self) -> tuple[str, str, str]:
        """What it is about: alert, stream (its short name) and group; "" for a label it has not."""
        stream = self.labels.get("stream", "").removeprefix(STREAM_PREFIX)
        return self.labels["alertname"], stream, self.labels.get("group", "")

    def __str__(self) -> str:
        return f"{self.at:.2f} {self.receiver} {self.status} {self.labels}"


class Receiver:
    """Listens on a free port of 127.0.0.1; the last part of the path names the receiver."""

    def __init__(self) -> None:
        self._notifications: list[Notification] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.remember(self.path.rpartition("/")[2], json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                """What came is remembered; it need not be printed as well."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def remember(self, name: str, call: dict[str, Any]) -> None:
        now = time.time()
        self._notifications += [
            Notification(now, name, alert["status"], alert["labels"], alert["annotations"])
            for alert in call["alerts"]
        ]

    def log(self) -> str:
        return "\n".join(map(str, self._notifications))

    def tickets(self) -> list[Notification]:
        return self._those(lambda one: one.receiver == "tickets")

    def pages(self, status: str) -> list[Notification]:
        """What the pager was told of this status, in the order it came."""
        return self._those(lambda one: (one.receiver, one.status) == ("pager", status))

    def _those(self, wanted: Callable[[Notification], bool]) -> list[Notification]:
        return [one for one in list(self._notifications) if wanted(one)]

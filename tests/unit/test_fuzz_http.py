"""Whatever a client sends, it is answered or hung up on: never a 500, and the next is served."""

import asyncio
import base64
import logging
import socket
import threading
from collections.abc import Iterator

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamgauge.config import load_config
from streamgauge.target_manager import TargetManager
from streamgauge.web.app import build_app
from streamgauge.web.limits import Limits
from streamgauge.web.listen import listen
from streamgauge.web.logins import basic_credentials
from streamgauge.web.logins import guarded as guard
from streamgauge.web.protection import Protection
from streamgauge.web.scrapes import Scrapes
from streamgauge.web.server import HttpServer
from support.polling import wait_for

PATHS = [
    "/", "/metrics", "/scrape", "/scrape?target=main", "/-/healthy", "/-/ready", "/-/reload",
    "/docs", "/api/v1/status", "/static/", "/docs/configuration.md", "/alerts/",
]  # fmt: skip
TWISTS = ["", "/", "?", "#", "%", "%00", "%2e%2e/", "..", "//", "%zz", "?a=%ff&a=1", "\\", "é", "+"]
PATH = st.tuples(st.sampled_from(PATHS), st.sampled_from(TWISTS), st.text(max_size=8)).map("".join)
METHOD = st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "BREW", "get", ""])
NAMES = st.sampled_from(
    ["Accept", "Accept-Encoding", "Authorization", "X-Prometheus-Scrape-Timeout-Seconds", "Host",
     "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Upgrade", "Cookie"]
) | st.text(max_size=5)  # fmt: skip
VALUES = st.sampled_from(
    ["", "gzip", "chunked", "application/openmetrics-text", "Basic YTpi", "Basic !", "-1", "1e9",
     "nan", "0", "100-continue", "websocket", "*/*;q=0.5", ";;,,=", "99999999999999999999"]
) | st.text(max_size=12)  # fmt: skip
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=5)


class Served:
    """The application in front of a Redis that refuses, on a port, in a thread."""

    def __init__(self, protection: Protection | None = None) -> None:
        self._refusing = socket.socket()
        self._refusing.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{self._refusing.getsockname()[1]}"
        environ = {"STREAMGAUGE_REDIS_URL": url, "STREAMGAUGE_REDIS_NAME": "main"}
        self._manager = TargetManager(lambda: load_config(None, environ=environ))
        self._manager.start()
        listener = listen("127.0.0.1:0")
        self.port = listener.socket.getsockname()[1]
        app = build_app(self._manager, Scrapes(), enable_lifecycle=True)
        limits = Limits(request_seconds=0.05)
        if protection is not None:
            app = guard(app, protection)
        self._server = HttpServer(app, [listener], limits)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self._loop.run_until_complete(self._server.run())
        self._loop.close()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._server.end)
        self._thread.join(timeout=20)
        self._manager.stop()
        self._refusing.close()

    def answer(self, request: bytes) -> bytes:
        """Everything that is sent back until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            received = b""
            try:
                client.sendall(request)
                while piece := client.recv(1 << 16):
                    received += piece
            except ConnectionError:
                pass
            return received

    def is_well(self) -> bool:
        asked = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        return self.answer(asked).startswith((b"HTTP/1.1 200", b"HTTP/1.1 401"))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.end()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    file = tmp_path_factory.mktemp("web") / "web.yml"
    file.write_text(
        f"basic_auth_users: {{a: '{bcrypt.hashpw(b'right', bcrypt.gensalt(4)).decode()}'}}"
    )
    served = Served(Protection(file))
    yield served
    served.end()


@pytest.fixture(autouse=True)
def faults() -> Iterator[list[logging.LogRecord]]:
    """What is logged as an error, of which there may be none; kept by our own handler."""
    seen: list[logging.LogRecord] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                seen.append(record)

    handler = Keeping()
    logging.getLogger().addHandler(handler)
    yield seen
    logging.getLogger().removeHandler(handler)
    assert [record.getMessage() for record in seen] == []


def request(method: str, path: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")


def status(answer: bytes) -> int:
    """The status; 0 when there was no answer."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@given(method=METHOD, path=PATH, headers=HEADERS)
@settings(derandomize=True)
def test_requests_are_answered_or_refused(served, method, path, headers):
    assert status(served.answer(request(method, path, headers))) in (
        0, 200, 304, 400, 404, 405, 431, 503,
    )  # fmt: skip


@given(
    st.binary(max_size=100) | st.binary(max_size=60).map(lambda some: b"GET /" + some + b"\r\n\r\n")
)
@settings(derandomize=True)
def test_arbitrary_bytes_are_answered_or_hung_up_on(served, payload):
    assert status(served.answer(payload)) in (0, 200, 400, 404, 405)
    wait_for(served.is_well, "it answers, as soon as the machine lets it within its tight limits")


@given(method=METHOD, path=PATH, headers=HEADERS)
@settings(derandomize=True)
def test_nothing_gets_past_the_password(guarded, method, path, headers):
    assert status(guarded.answer(request(method, path, headers))) in (0, 400, 401, 429, 431)


@given(
    st.binary(max_size=30) | st.binary(max_size=20).map(lambda b: b"Basic " + base64.b64encode(b))
)
@settings(derandomize=True)
def test_authorization_is_credentials_or_none(header):
    credentials = basic_credentials(header)
    assert credentials is None or header[:6].lower() == b"basic "

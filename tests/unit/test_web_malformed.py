"""A body that breaks off the rules of HTTP is refused once, and is no fault of the program."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing

import pytest

from streamgauge.web.http import Application, Request, Response
from streamgauge.web.limits import Limits
from streamgauge.web.listen import listen
from streamgauge.web.server import HttpServer

CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
MALFORMED = [
    pytest.param(CHUNKED + b"zz\r\n", id="a size that is no number"),
    pytest.param(CHUNKED + b"-1\r\n\r\n", id="a negative size"),
    pytest.param(CHUNKED + b"1" * 30 + b"\r\n", id="a size of too many digits"),
    pytest.param(CHUNKED + b"2\r\nabcd\r\n0\r\n\r\n", id="a chunk longer than its size"),
    pytest.param(CHUNKED + b"1\r\na\r\n0\r\nno trailer\r\n\r\n", id="a trailer without a colon"),
]


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """Every line that is logged while the test runs, by a handler of our own."""
    seen: list[logging.LogRecord] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record)

    handler, root = Keeping(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield seen
    root.removeHandler(handler)
    root.setLevel(level)


def answer(app: Application, head: bytes, rest: bytes = b"") -> bytes:
    """All that a server with this application sends; `rest` follows when an answer has begun."""

    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer):
            writer.write(head)
            received = await reader.readuntil(b"\r\n\r\n")
            writer.write(rest)
            with contextlib.suppress(ConnectionError):
                received += await reader.read()
            return received

    async def run() -> bytes:
        listener = listen("127.0.0.1:0")
        server = HttpServer(app, [listener], Limits())
        serving = asyncio.ensure_future(server.run())
        received = await ask(listener.socket.getsockname()[1])
        server.end()
        await serving
        return received

    received = asyncio.run(run())
    gc.collect()  # a task whose fault nobody asked for says so when it goes
    return received


def complaints(logged: list[logging.LogRecord]) -> list[str]:
    return [one.getMessage() for one in logged if one.exc_info or one.levelno > logging.DEBUG]


async def whole(_request: Request) -> Response:
    return Response(b"ok")


async def in_pieces(_request: Request) -> Response:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"ok"

    return Response(pieces())


@pytest.mark.parametrize("payload", MALFORMED)
@pytest.mark.parametrize("app", [whole, in_pieces])
def test_malformed_body_is_refused_once_and_logged_as_no_fault(app, payload, logged):
    refusal = answer(app, payload)
    assert refusal.startswith(b"HTTP/1.1 400 ")
    assert refusal.count(b"HTTP/1.1 ") == 1
    assert complaints(logged) == []


def test_body_that_breaks_behind_the_answer_changes_nothing_and_is_logged_as_no_fault(logged):
    only = answer(whole, CHUNKED, b"zz\r\n")
    assert only.startswith(b"HTTP/1.1 200 ")
    assert only.endswith(b"\r\n\r\nok")
    assert complaints(logged) == []


def test_body_that_is_sent_on_behind_the_answer_takes_nothing_of_it(logged):
    """A socket that is closed while bytes wait in it resets the connection, answer and all."""
    length = 1 << 20
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length
    assert answer(whole, head, b"x" * length).endswith(b"\r\n\r\nok")
    assert complaints(logged) == []


def test_malformed_request_after_a_right_one_is_refused_too(logged):
    both = answer(whole, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"not a request\r\n\r\n")
    assert [line.split()[1] for line in both.split(b"\r\n") if b"HTTP/1.1 " in line] == [
        b"200", b"400",
    ]  # fmt: skip
    assert complaints(logged) == []

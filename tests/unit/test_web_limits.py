"""Slow, silent and greedy clients are hung up on; who asks and listens is answered."""

import asyncio
import contextlib
import socket

import pytest

from support.limited import GET, HALF, LARGE, SECONDS, Served, run
from support.polling import until


@pytest.mark.parametrize(
    "sent", [b"", b"G", HALF, GET + HALF], ids=["silent", "letter", "half", "second-half"]
)
def test_request_that_is_not_complete_in_time_is_ended(sent: bytes) -> None:
    async def test(served: Served) -> None:
        client = await served.connect(sent)
        received = await client.end()
        assert received.startswith(b"HTTP/1.1 200") == sent.startswith(GET)

    run(test, request_seconds=0.1, idle_seconds=60)


def test_request_that_drips_in_is_ended() -> None:
    async def test(served: Served) -> None:
        client = await served.connect(HALF)

        async def drip() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    await client.send(b"x")
                    await asyncio.sleep(0.01)

        dripping = asyncio.ensure_future(drip())
        assert await client.end() == b""
        dripping.cancel()

    run(test, request_seconds=0.2)


def test_body_that_does_not_come_is_not_waited_for() -> None:
    async def test(served: Served) -> None:
        post = GET.replace(b"GET", b"POST").replace(b"Host", b"Content-Length: 9\r\nHost")
        client = await served.connect(post)
        assert (await client.end()).startswith(b"HTTP/1.1 200")

    run(test, request_seconds=60)


def test_body_that_comes_with_its_request_leaves_the_connection_open() -> None:
    async def test(served: Served) -> None:
        client = await served.connect()
        post = GET.replace(b"GET", b"POST").replace(b"Host", b"Content-Length: 4\r\nHost") + b"body"
        assert [await client.get(post), await client.get()] == [200, 200]

    run(test)


def test_answer_that_nobody_takes_is_given_up() -> None:
    async def test(served: Served) -> None:
        client = await served.connect(GET.replace(b"/ ", b"/large ", 1))
        await client.reader.readexactly(1)
        client.writer.transport.pause_reading()
        connections = served.server.connections
        await until(lambda: not len(connections), "the connection is given up", seconds=SECONDS)

    run(test, request_seconds=0.2, response_seconds=0.1)


def test_answer_that_is_taken_slowly_is_whole() -> None:
    async def test(served: Served) -> None:
        client = await served.connect(GET.replace(b"/ ", b"/large ", 1))
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert await client.reader.readexactly(len(LARGE)) == LARGE
        assert head.startswith(b"HTTP/1.1 200")

    run(test, request_seconds=0.2)


def test_idle_connection_is_kept_and_then_closed() -> None:
    async def test(served: Served) -> None:
        client = await served.connect()
        assert [await client.get() for _ in range(3)] == [200] * 3
        assert await client.end() == b""

    run(test, request_seconds=0.1, idle_seconds=1)


def test_body_does_not_wait_until_the_head_is_acknowledged() -> None:
    async def test(served: Served) -> None:
        client = await served.connect()
        assert await client.get() == 200
        (connection,) = served.server.connections._open
        server_side = connection._wire.transport.get_extra_info("socket")
        assert server_side.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    run(test)


def test_pipelined_requests_are_answered_in_turn() -> None:
    async def test(served: Served) -> None:
        client = await served.connect(GET * 3 + HALF)
        assert (await client.end()).count(b"HTTP/1.1 200") == 3

    run(test, request_seconds=0.3)


@pytest.mark.parametrize("length", [30_000, 200_000, 2_000_000])
def test_headers_that_are_too_large_are_refused(length: int) -> None:
    async def test(served: Served) -> None:
        client = await served.connect()
        sending = asyncio.ensure_future(client.send(HALF + b"x" * length + b"\r\n\r\n"))
        received = await client.end()
        assert received[:12] in (b"", b"HTTP/1.1 400")
        with contextlib.suppress(ConnectionError):
            await sending

    run(test)


def test_headers_of_a_usual_size_are_taken_in_any_pieces() -> None:
    async def test(served: Served) -> None:
        client = await served.connect()
        request = HALF + b"x" * 12_000 + b"\r\n\r\n"
        assert await client.get(request) == 200
        for byte in GET[:-1]:
            await client.send(bytes([byte]))
        assert await client.get(GET[-1:]) == 200

    run(test)


def test_mistakes_of_clients_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def test(served: Served) -> None:
        for nonsense in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/9\r\n\r\n", b"hunter2\r\n\r\n"):
            client = await served.connect(nonsense)
            assert (await client.end())[:12] in (b"", b"HTTP/1.1 400")

    run(test, request_seconds=0.2)
    assert caplog.records == []

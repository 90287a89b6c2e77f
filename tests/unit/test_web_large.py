"""A large answer is whole for whoever takes it, and is kept for nobody who does not."""

import asyncio
import contextlib
import gc
import weakref

import pytest

from streamgauge.web.large import LargeBody, LargeResponse

PIECES = [b"%d" % number * 100_000 for number in range(10)]


class Records:
    """Stands for the records of a scrape."""


def written(records):
    """The pieces, as a generator that needs the records until it has ended."""
    for piece in PIECES:
        assert records
        yield piece


@pytest.fixture(autouse=True)
def no_search_for_garbage():
    gc.disable()
    yield
    gc.enable()


def body_and_records():
    records = Records()
    return LargeBody(written(records)), weakref.ref(records)


def taken(body):
    return list(iter(body.next, None))


def test_a_client_that_keeps_up_gets_every_piece():
    body, records = body_and_records()
    assert taken(body) == PIECES
    body.close()
    assert records() is None


def test_the_copy_is_the_rest_and_the_records_are_kept_no_longer():
    body, records = body_and_records()
    assert body.next() == PIECES[0]
    assert records() is not None
    body.copy()
    assert records() is None
    assert taken(body) == PIECES[1:]


def test_nothing_is_kept_once_it_is_closed():
    body, records = body_and_records()
    body.next()
    body.close()
    assert records() is None
    assert body.next() is None
    body.copy()
    assert body.next() is None


def response(when_let_go=None):
    records = Records()
    pieces = written(records)
    begun = [next(pieces), next(pieces)]
    return LargeResponse(begun, pieces, {}), weakref.ref(records, when_let_go)


async def answered(answer, send):
    never = asyncio.Event()

    async def receive():
        await never.wait()

    await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)


def test_a_response_sends_all_in_order_and_keeps_nothing():
    answer, records = response()
    sent = []

    async def send(message):
        sent.append(message.get("body", b""))

    asyncio.run(answered(answer, send))
    assert b"".join(sent) == b"".join(PIECES)
    assert records() is None


@pytest.mark.parametrize("taken_pieces", [0, 1, 5])
def test_a_client_that_hangs_up_leaves_nothing_behind(taken_pieces):
    answer, records = response()
    left = [taken_pieces]

    async def send(message):
        if message["type"] == "http.response.body":
            if left[0] == 0:
                raise OSError("gone")
            left[0] -= 1

    with contextlib.suppress(Exception):
        asyncio.run(answered(answer, send))
    assert records() is None


def test_the_records_of_a_client_that_takes_nothing_more_are_let_go(monkeypatch):
    monkeypatch.setattr("streamgauge.web.large._PATIENCE_SECONDS", 0.001)
    sent = []

    async def run():
        loop, let_go, goes_on = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        answer, _records = response(lambda _: loop.call_soon_threadsafe(let_go.set))

        async def send(message):
            sent.append(message.get("body", b""))
            if len(sent) == 2:
                await goes_on.wait()

        sending = asyncio.ensure_future(answered(answer, send))
        await let_go.wait()
        goes_on.set()
        await sending

    asyncio.run(run())
    assert b"".join(sent) == b"".join(PIECES)

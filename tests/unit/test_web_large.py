"""A large answer is whole for whoever takes it, and is kept for nobody who does not."""

import asyncio
import contextlib
import functools
import gc
import threading
import weakref

import pytest

from streamgauge.web.large import LargeBody, large_body

PIECES = [b"%d" % number * 100_000 for number in range(10)]
SECONDS = 60


def in_loop(test):
    """Make a coroutine a test."""

    @functools.wraps(test)
    def run(**arguments):
        asyncio.run(test(**arguments))

    return run


class Records:
    """Stands for the records of a scrape, and knows when nobody has them any more."""


def written(records, *, fails_at=None):
    """The pieces, as a generator that needs the records until it has ended."""
    for number, piece in enumerate(PIECES):
        assert records
        if number == fails_at:
            raise RuntimeError("a fault")
        yield piece


@pytest.fixture(autouse=True)
def no_search_for_garbage():
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("streamgauge.web.large._PATIENCE_SECONDS", 0.001)


class Kept:
    """Pieces of an answer that need records, and whether these still exist."""

    def __init__(self, **how):
        records, self._gone = Records(), threading.Event()
        self._records = weakref.ref(records, lambda _: self._gone.set())
        self._pieces = [written(records, **how)]

    def pieces(self):
        return self._pieces.pop()

    def are_let_go(self):
        return self._gone.wait(SECONDS)

    @property
    def are_there(self):
        return not self._gone.is_set()


async def begun(kept):
    body = LargeBody([])
    body.begin(kept.pieces())
    return body


async def taken(body):
    pieces = []
    while (piece := await body.next()) is not None:
        pieces.append(piece)
    return pieces


@in_loop
async def test_a_client_that_keeps_up_gets_every_piece():
    kept = Kept()
    assert await taken(await begun(kept)) == PIECES
    assert kept.are_let_go()


@in_loop
async def test_little_is_written_before_the_client_takes_it():
    kept = Kept()
    body = await begun(kept)
    assert await body.next() == PIECES[0]
    assert kept.are_there
    assert await taken(body) == PIECES[1:]


@pytest.mark.usefixtures("impatient")
@in_loop
async def test_the_records_are_let_go_for_a_copy_when_nobody_takes_anything():
    kept = Kept()
    body = await begun(kept)
    assert kept.are_let_go()
    assert await taken(body) == PIECES


@pytest.mark.parametrize("pieces", [0, 1, 5])
@in_loop
async def test_nothing_is_kept_once_it_is_closed(pieces):
    kept = Kept()
    body = await begun(kept)
    for _ in range(pieces):
        await body.next()
    body.close()
    assert kept.are_let_go()
    assert await body.next() is None


@in_loop
async def test_a_fault_in_writing_comes_behind_what_was_written():
    body = await begun(Kept(fails_at=3))
    assert [await body.next() for _ in range(3)] == PIECES[:3]
    with pytest.raises(RuntimeError, match="a fault"):
        await body.next()


def response(kept):
    pieces = kept.pieces()
    return large_body([next(pieces), next(pieces)], pieces)


@in_loop
async def test_a_response_has_all_in_order_and_keeps_nothing():
    kept = Kept()
    assert [piece async for piece in response(kept)] == PIECES
    assert kept.are_let_go()


@pytest.mark.parametrize("taken_pieces", [0, 1, 5])
@in_loop
async def test_a_client_that_hangs_up_leaves_nothing_behind(taken_pieces):
    kept = Kept()
    async with contextlib.aclosing(response(kept)) as body:
        for _ in range(taken_pieces):
            await anext(body)
    del body
    assert kept.are_let_go()


@pytest.mark.usefixtures("impatient")
@in_loop
async def test_the_records_of_a_client_that_takes_nothing_more_are_let_go():
    kept = Kept()
    body = response(kept)
    first = await anext(body)
    assert await asyncio.to_thread(kept.are_let_go)
    assert [first] + [piece async for piece in body] == PIECES

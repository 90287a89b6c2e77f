"""A large answer is whole for whoever takes it, and is kept for nobody who does not."""

import asyncio
import contextlib
import functools
import gc
import threading
import weakref

import pytest

from streamgauge.web.large import large_body

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


def response(kept, begun=2):
    """The answer, whose first pieces are there already."""
    pieces = kept.pieces()
    return large_body([next(pieces) for _ in range(begun)], pieces)


async def are_let_go(kept):
    return await asyncio.to_thread(kept.are_let_go)


async def taken(body):
    return [piece async for piece in body]


@pytest.mark.parametrize("begun", [0, 2])
@in_loop
async def test_a_client_that_keeps_up_gets_every_piece_and_nothing_is_kept(begun):
    kept = Kept()
    assert await taken(response(kept, begun)) == PIECES
    assert await are_let_go(kept)


@in_loop
async def test_little_is_written_before_the_client_takes_it():
    kept = Kept()
    body = response(kept)
    assert await anext(body) == PIECES[0]
    assert kept.are_there
    assert await taken(body) == PIECES[1:]


@pytest.mark.parametrize("pieces", [0, 1, 5])
@in_loop
async def test_a_client_that_hangs_up_leaves_nothing_behind(pieces):
    kept = Kept()
    async with contextlib.aclosing(response(kept)) as body:
        for _ in range(pieces):
            await anext(body)
    del body
    assert await are_let_go(kept)


@in_loop
async def test_a_fault_in_writing_comes_behind_what_was_written():
    body = response(Kept(fails_at=3))
    assert [await anext(body) for _ in range(3)] == PIECES[:3]
    with pytest.raises(RuntimeError, match="a fault"):
        await anext(body)


@pytest.mark.usefixtures("impatient")
@in_loop
async def test_the_records_of_a_client_that_takes_nothing_more_are_let_go():
    kept = Kept()
    body = response(kept)
    first = await anext(body)
    assert await are_let_go(kept)
    assert [first, *await taken(body)] == PIECES

"""Whoever asks while a sample is under way gets that sample; nobody waits beyond the timeout."""

import asyncio
import math
import threading
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from streamgauge.web.scrapes import Scrapes, scrape_budget
from streamgauge.web.threads import in_thread


class Look(NamedTuple):
    """What stands for a snapshot."""

    text: str
    up: int


FIRST, SECOND, THIRD = (Look(f"sample {number}", 1) for number in (1, 2, 3))
GIVEN_UP, OUT_OF_TIME = Look("given up", 0), Look("out of time", 0)


class SlowTarget:
    """A target whose sample ends when the test says so; the first `failing` ones see nothing."""

    def __init__(self, timeout_seconds=30.0, failing=0):
        self.redis = SimpleNamespace(timeout_seconds=timeout_seconds)
        self.samples = []
        self.under_way = threading.Event()
        self.release = threading.Event()
        self._failing = failing

    def sample(self, seconds):
        self.samples.append(seconds)
        self.under_way.set()
        self.release.wait(30)
        count = len(self.samples)
        return Look(f"sample {count}", int(count > self._failing))

    def give_up(self):
        self.release.set()
        return GIVEN_UP

    def out_of_time(self):
        return OUT_OF_TIME


def test_scrapes_at_once_share_one_sample():
    target = SlowTarget()

    async def run():
        scrapes = Scrapes()
        waiting = [asyncio.ensure_future(scrapes.of([target], math.inf)) for _ in range(20)]
        await in_thread(target.under_way.wait, 30)
        target.release.set()
        return await asyncio.gather(*waiting)

    assert asyncio.run(run()) == [[FIRST]] * 20
    assert len(target.samples) == 1


def test_the_next_scrape_samples_anew():
    target = SlowTarget()
    target.release.set()

    async def run():
        scrapes = Scrapes()
        return [await scrapes.of([target], math.inf) for _ in range(2)]

    assert asyncio.run(run()) == [[FIRST], [SECOND]]


def test_a_sample_that_does_not_end_is_given_up():
    target = SlowTarget(timeout_seconds=0.01)
    assert asyncio.run(Scrapes().of([target], math.inf)) == [GIVEN_UP]


def test_who_cannot_wait_leaves_the_sample_to_those_who_can():
    target = SlowTarget()

    async def run():
        scrapes = Scrapes()
        patient = asyncio.ensure_future(scrapes.of([target], math.inf))
        await in_thread(target.under_way.wait, 30)
        hasty = await scrapes.of([target], 0.01)
        target.release.set()
        return hasty, await patient

    assert asyncio.run(run()) == ([OUT_OF_TIME], [FIRST])


def test_the_shorter_of_both_timeouts_holds():
    target = SlowTarget(timeout_seconds=5.0)
    target.release.set()
    asyncio.run(Scrapes().of([target], 2.0))
    asyncio.run(Scrapes().of([target], math.inf))
    assert target.samples == [2.0, 5.0]


def shared_by(target, *budgets):
    """What each gets of those who ask for the same sample, in this order."""

    async def run():
        scrapes = Scrapes()
        asked = [asyncio.ensure_future(scrapes.of([target], budget)) for budget in budgets]
        await in_thread(target.under_way.wait, 30)
        target.release.set()
        return [snapshot for (snapshot,) in await asyncio.gather(*asked)]

    return asyncio.run(run())


def test_who_joins_a_sample_that_had_too_little_time_gets_one_of_his_own():
    target = SlowTarget(timeout_seconds=1000.0, failing=1)
    hasty, patient = shared_by(target, 100.0, math.inf)
    assert (hasty.up, patient) == (0, SECOND)
    assert target.samples[0] == 100.0
    assert 100.0 < target.samples[1] < 1000.0


def test_who_joins_one_after_the_other_is_not_left_with_the_time_of_the_hasty():
    target = SlowTarget(timeout_seconds=10000.0, failing=2)
    hasty, middle, patient = shared_by(target, 100.0, 1000.0, math.inf)
    assert (hasty.up, middle.up, patient) == (0, 0, THIRD)


def test_many_who_join_a_sample_that_had_too_little_time_share_the_next():
    target = SlowTarget(timeout_seconds=1000.0, failing=1)
    assert shared_by(target, 100.0, *[math.inf] * 20)[1:] == [SECOND] * 20
    assert len(target.samples) == 2


def test_failure_is_shared_by_those_who_had_no_more_time():
    target = SlowTarget(failing=1)
    looks = shared_by(target, math.inf, math.inf, 20.0)
    assert looks == [Look("sample 1", 0)] * 3
    assert len(target.samples) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, math.inf),
        ("", math.inf),
        ("10", 9.5),
        ("1", 0.8),
        ("0.5", 0.4),
        ("0", math.inf),
        ("-3", math.inf),
        ("nan", math.inf),
        ("soon", math.inf),
    ],
)
def test_part_of_the_scrape_timeout_is_kept_for_the_answer(header, seconds):
    assert scrape_budget(header) == pytest.approx(seconds)


def test_an_error_in_a_thread_reaches_whoever_waits():
    def fail():
        raise LookupError("x")

    with pytest.raises(LookupError):
        asyncio.run(in_thread(fail))

"""Whoever asks while a sample is under way gets that sample; nobody waits beyond the timeout."""

import asyncio
import math
import threading
from types import SimpleNamespace

import pytest

from streamgauge.web.scrapes import Scrapes, scrape_budget
from streamgauge.web.threads import in_thread


class SlowTarget:
    """A target whose sample ends when the test says so."""

    def __init__(self, timeout_seconds=30.0):
        self.redis = SimpleNamespace(timeout_seconds=timeout_seconds)
        self.samples = []
        self.under_way = threading.Event()
        self.release = threading.Event()

    def sample(self, seconds):
        self.samples.append(seconds)
        self.under_way.set()
        self.release.wait(30)
        return f"sample {len(self.samples)}"

    def give_up(self):
        self.release.set()
        return "given up"

    def out_of_time(self):
        return "out of time"


def test_scrapes_at_once_share_one_sample():
    target = SlowTarget()

    async def run():
        scrapes = Scrapes()
        waiting = [asyncio.ensure_future(scrapes.of([target], math.inf)) for _ in range(20)]
        await in_thread(target.under_way.wait, 30)
        target.release.set()
        return await asyncio.gather(*waiting)

    assert asyncio.run(run()) == [["sample 1"]] * 20
    assert len(target.samples) == 1


def test_the_next_scrape_samples_anew():
    target = SlowTarget()
    target.release.set()

    async def run():
        scrapes = Scrapes()
        return [await scrapes.of([target], math.inf) for _ in range(2)]

    assert asyncio.run(run()) == [["sample 1"], ["sample 2"]]


def test_a_sample_that_does_not_end_is_given_up():
    target = SlowTarget(timeout_seconds=0.01)
    assert asyncio.run(Scrapes().of([target], math.inf)) == ["given up"]


def test_who_cannot_wait_leaves_the_sample_to_those_who_can():
    target = SlowTarget()

    async def run():
        scrapes = Scrapes()
        patient = asyncio.ensure_future(scrapes.of([target], math.inf))
        await in_thread(target.under_way.wait, 30)
        hasty = await scrapes.of([target], 0.01)
        target.release.set()
        return hasty, await patient

    assert asyncio.run(run()) == (["out of time"], ["sample 1"])


def test_the_shorter_of_both_timeouts_holds():
    target = SlowTarget(timeout_seconds=5.0)
    target.release.set()
    asyncio.run(Scrapes().of([target], 2.0))
    asyncio.run(Scrapes().of([target], math.inf))
    assert target.samples == [2.0, 5.0]


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

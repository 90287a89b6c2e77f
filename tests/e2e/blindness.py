"""The exporter dies, is replaced, and Redis dies: what the pager must be told, and nothing else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.promises import over_within, told_within
from e2e.receiver import FIRING, RESOLVED, Notification
from e2e.scaling import FACTOR
from e2e.stack import Monitoring, Stack
from streamgauge_demo.catalogue import STREAMS
from streamgauge_demo.quick import seconds
from support.polling import wait_for

BLIND = "RedisStreamsMonitoringBlind"
# No rule goes on with a limit that it has not seen for five minutes, and none asks for longer than
# five in a row: what has not paged within ten does not come any more.
SEEN_NOTHING = seconds("10m") / FACTOR


@contextmanager
def calm_stack(directory: Path, monitoring: Monitoring) -> Iterator[Stack]:
    """A stack on the demo's own server; every stream is seen, or it could not be missed later."""
    with Stack(directory, monitoring) as stack:

        def all_seen() -> bool:
            seen = stack.prometheus.value("count(redis_stream_exists)")
            return seen == len(STREAMS)

        wait_for(all_seen, "every stream is recorded", every=0.1)
        yield stack


def expect_blind_alone(stack: Stack, since: float, redis: str | None) -> None:
    """One page in time, about this Redis (None: about all), and no other for long after."""
    within = told_within(BLIND)

    def pages() -> list[Notification]:
        return [one for one in stack.receiver.pages(FIRING) if one.at > since]

    wait_for(pages, "a page", seconds=3 * within, every=0.05)
    stack.prometheus.wait_until_evaluated(since + within + SEEN_NOTHING, "that nothing is seen")
    (page,) = pages()
    assert page.labels["alertname"] == BLIND
    assert page.labels.get("redis") == redis
    assert page.at - since <= within
    assert [one for one in stack.receiver.pages(RESOLVED) if one.at > since] == []


def expect_it_is_over(stack: Stack, since: float) -> None:
    """What the pager was told is taken back in time."""
    within = over_within(BLIND)
    wait_for(lambda: stack.receiver.pages(RESOLVED), "its end", seconds=3 * within, every=0.05)
    (over,) = stack.receiver.pages(RESOLVED)
    assert over.labels["alertname"] == BLIND
    assert 0 < over.at - since <= within


def play(directory: Path, monitoring: Monitoring) -> None:
    """Kill one, set it right, and kill the other; AssertionError when it pages otherwise."""
    with calm_stack(directory, monitoring) as stack:
        killed = time.time()
        stack.demo.kill_exporter()
        expect_blind_alone(stack, killed, redis=None)

        assert stack.demo.wait_until_ended() == 1
        another = stack.start_demo(address=stack.demo.address)
        expect_it_is_over(stack, time.time())

        # The simulated system would end with its Redis and take the exporter along.
        another.freeze()
        killed = time.time()
        another.kill_server()
        expect_blind_alone(stack, killed, redis="quantum")
        assert stack.prometheus.value("up") == 1
        assert stack.prometheus.value("redis_up") == 0

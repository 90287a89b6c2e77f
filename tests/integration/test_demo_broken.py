"""The simulated system on a real server, broken in one place each."""

import asyncio
import contextlib
from collections.abc import Iterator
from functools import partial

import pytest

from streamgauge_demo.catalogue import key_of
from streamgauge_demo.control import queue_retraining
from streamgauge_demo.feeds import TRIMMED_MAXLEN
from streamgauge_demo.incidents import INCIDENTS
from streamgauge_demo.pipeline import SLOW_SHARE
from support.demo_system import Running, running
from support.polling import wait_for
from support.servers import RealServer


@pytest.fixture(scope="module")
def broken() -> Iterator[dict[str, Running]]:
    """One system per incident, all at the same time."""
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(running(f"{name}@0")) for name in INCIDENTS}


def test_feed_quiet_stops_one_feed(broken: dict[str, Running]):
    system, name = broken["feed-quiet"], INCIDENTS["feed-quiet"].stream
    system.wait_until_all_flow(but=(name, ""))
    frozen = system.last_id(name)
    system.wait_until_all_flow(but=(name, ""))
    assert system.last_id(name) == frozen
    system.repair("feed-quiet")
    system.wait_until_all_flow()


def test_consumer_dead_freezes_one_cursor(broken: dict[str, Running]):
    system, kind = broken["consumer-dead"], INCIDENTS["consumer-dead"]
    wait_for(lambda: system.group(kind.stream, kind.group)["lag"] >= 2, "entries left waiting")
    dead = system.group(kind.stream, kind.group)
    assert dead["pending"] >= 1
    system.wait_until_all_flow(but=(kind.stream, kind.group))
    later = system.group(kind.stream, kind.group)
    assert later["last-delivered-id"] == dead["last-delivered-id"]
    assert later["lag"] > dead["lag"]
    system.repair("consumer-dead")
    system.wait_until_all_flow()
    wait_for(lambda: system.group(kind.stream, kind.group)["pending"] == 0, "its rest done")


def test_consumer_slow_reads_a_quarter(broken: dict[str, Running]):
    system, kind = broken["consumer-slow"], INCIDENTS["consumer-slow"]

    def counts() -> tuple[int, int]:
        group = system.group(kind.stream, kind.group)
        return group["entries-read"] or 0, group["lag"] or 0

    read, lag = wait_for(lambda: counts() if counts()[1] > 5 else None, "a lag")
    wait_for(lambda: counts()[1] >= lag + 16, "a growing lag")
    more_read, more_lag = counts()
    assert more_read > read
    share = (more_read - read) / (more_read - read + more_lag - lag)
    assert abs(share - SLOW_SHARE) < 0.15
    system.wait_until_all_flow(but=(kind.stream, kind.group))
    system.repair("consumer-slow")
    system.wait_until_all_flow()


def test_trim_loss_takes_entries_from_the_archive_alone(broken: dict[str, Running]):
    system, kind = broken["trim-loss"], INCIDENTS["trim-loss"]

    def lost(group: str) -> int:
        info = system.client.xinfo_stream(key_of(kind.stream))
        read = system.group(kind.stream, group)["entries-read"] or info["entries-added"]
        return info["entries-added"] - info["length"] - read

    first = wait_for(lambda: max(lost(kind.group), 0), "entries lost unread")
    assert system.length(kind.stream) == TRIMMED_MAXLEN
    wait_for(lambda: lost(kind.group) > first + 5, "more entries lost")
    assert lost("normalizer") < 0
    system.wait_until_all_flow()
    system.repair("trim-loss")
    wait_for(lambda: system.length(kind.stream) > 2 * TRIMMED_MAXLEN, "entries kept again")


def test_stream_deleted_removes_one_stream(broken: dict[str, Running]):
    system, kind = broken["stream-deleted"], INCIDENTS["stream-deleted"]
    wait_for(lambda: not system.client.exists(key_of(kind.stream)), "the stream gone")
    system.wait_until_all_flow()
    assert not system.client.exists(key_of(kind.stream))
    system.repair("stream-deleted")
    wait_for(lambda: system.client.exists(key_of(kind.stream)), "the stream back")
    wait_for(lambda: system.client.xinfo_groups(key_of(kind.stream)), "its group back")
    system.wait_until_all_flow()


def test_readers_come_back_to_a_deleted_stream_on_every_server(server: RealServer):
    """Servers differ in what they tell a reader who was waiting for entries."""
    kind = INCIDENTS["stream-deleted"]
    system = Running(server.url, ("stream-deleted@0",))
    try:
        wait_for(lambda: system.said, "the incident begun")
        wait_for(lambda: not system.client.exists(key_of(kind.stream)), "the stream gone")
        system.wait_until_all_flow()
        system.repair("stream-deleted")
        wait_for(lambda: system.client.exists(key_of(kind.stream)), "the stream back")
        system.wait_until_all_flow()
    finally:
        system.stop()


def test_drift_orders_one_correction_and_is_over(broken: dict[str, Running]):
    system = broken["drift"]
    orders = wait_for(lambda: system.client.xrange(key_of("reconcile.close")), "a correction")
    order = orders[0][1]
    assert order["signature"] == (
        f"SOLUSDT:LONG:{order['exchange_amount']}:{order['ledger_amount']}"
    )
    positions = system.system.world.positions
    wait_for(lambda: positions.exchange == positions.booked, "the correction made")
    wait_for(lambda: system.group("reconcile.close", "apply_recon")["pending"] == 0, "it is done")
    system.wait_until_all_flow()
    assert system.length("reconcile.close") == 1


def test_retrain_job_runs_and_publishes_its_result(broken: dict[str, Running]):
    system = broken["retrain-job"]
    wait_for(lambda: system.length("learning.retraining.completed") == 1, "a result")
    assert system.length("model.retrain") == system.length("learning.retraining.started") == 1
    assert not system.client.exists(key_of("learning.retraining.failed"))
    wait_for(
        lambda: system.group("model.retrain", "retraining_workers")["pending"] == 0, "it is done"
    )
    world = system.system.world
    system.do(lambda: asyncio.ensure_future(queue_retraining(world, "unheard-of")))
    wait_for(lambda: system.length("learning.retraining.failed") == 1, "a failure")
    assert system.length("learning.retraining.completed") == 1


def test_retrain_unanswered_takes_the_job_and_begins_it_when_repaired(broken: dict[str, Running]):
    system = broken["retrain-unanswered"]
    group = partial(system.group, "model.retrain", "retraining_workers")
    wait_for(lambda: group()["lag"] == group()["pending"] == 0, "the job is taken")
    wait_for(lambda: system.length("model.retrain") == 1, "the job was queued")
    assert not system.client.exists(key_of("learning.retraining.started"))
    system.repair("retrain-unanswered")
    wait_for(lambda: system.length("learning.retraining.completed") == 1, "a result")
    assert system.length("learning.retraining.started") == 1


def test_an_incident_with_a_duration_repairs_itself():
    with running("feed-quiet@0+0.3") as system:
        wait_for(lambda: len(system.said) == 2, "begun and repaired")
        assert system.said == [
            "incident feed-quiet: the candlestick feed stops; everything else flows on",
            "incident feed-quiet: repaired",
        ]
        system.wait_until_all_flow()

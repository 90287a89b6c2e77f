"""Scrapes by the thousand, and while everything comes and goes: what is held stays the same."""

import gc
import http.client
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread
from types import FunctionType, ModuleType
from typing import Any

import pytest
import yaml

from streamgauge.config import load_config
from streamgauge.model.looks import Looks
from streamgauge.policy import Policy
from streamgauge.source.target import Target
from support.faulty import Proxy
from support.faulty_rig import CLASS_OF, HEALTHY, ONCE, fill, outcome
from support.faulty_rig import configuration as steady
from support.metrics import Scrape
from support.polling import wait_for
from support.servers import RealServer
from support.soaking import LASTING, Unrest, configuration, soak, usage

SCRAPES = 110
IN_A_ROW, WARM_UP = 10_000, 1_000
MOST_GROWTH = 1.10
# Coverage keeps something of every thread there ever was.
UNMEASURED = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}
SPARE = 3  # connections of a client and of discovery, and one that is being closed


@pytest.mark.nightly
def test_ten_thousand_scrapes_in_a_row_hold_no_more_and_the_last_is_right(
    redis7: RealServer, exporter: Callable
) -> None:
    with redis7.client() as client:
        fill(client)
        process = exporter(config=steady(redis7.url, discovery=ONCE), environment=UNMEASURED)
        with closing(http.client.HTTPConnection("127.0.0.1", process.port, timeout=30)) as standing:

            def scrape() -> bytes:
                standing.request("GET", "/metrics")
                answer = standing.getresponse()
                assert answer.status == http.client.OK
                return answer.read()

            for number in range(IN_A_ROW):
                assert b'redis_up{redis="main"} 1' in scrape()
                if number == WARM_UP:
                    warm = usage(process.pid)
            client.xadd("work", {"n": 5})
            client.xreadgroup("g", "c", {"work": ">"}, count=3)
            last = Scrape(scrape().decode())
            wait_for(lambda: usage(process.pid).threads <= warm.threads, "no more threads")
            wait_for(lambda: usage(process.pid).files <= warm.files, "no more open files")
            assert usage(process.pid).resident_kib <= warm.resident_kib * MOST_GROWTH
    assert outcome(last) == HEALTHY
    for name, of_work, of_others in (
        ("stream_length", 6, 5),
        ("stream_group_lag", 1, 3),
        ("stream_group_messages_pending", 5, 2),
    ):
        found = {key[0]: value for key, value in last[f"redis_{name}"].items()}
        assert found == dict.fromkeys(CLASS_OF, of_others) | {"work": of_work}, name


def test_process_holds_no_more_threads_and_files_after_many_scrapes(
    redis7: RealServer, exporter: Callable
) -> None:
    with redis7.client() as client, Proxy(redis7.port) as proxy:
        process = exporter(config=configuration(proxy.url))
        seen = list(soak(process, proxy, client, SCRAPES))
        warm = seen[SCRAPES // 4 : SCRAPES // 2]
        most_threads = max(one.threads for one in warm) + SPARE
        most_files = max(one.files for one in warm) + SPARE
        assert max(one.threads for one in seen) <= most_threads
        assert max(one.files for one in seen) <= most_files
        scrape = process.scrape()
    assert scrape.value("redis_up") == 1
    assert set(LASTING) <= scrape.streams()
    assert "Traceback" not in process.log()
    assert process.log().count("config not reloaded") >= 1


def test_fifty_clients_that_leave_and_come_back_leave_no_file_open(
    redis7: RealServer, exporter: Callable
) -> None:
    process = exporter(config=configuration(redis7.url))
    process.scrape()
    before = usage(process.pid)
    for _ in range(50):
        assert process.get("/metrics").status == 200
    wait_for(lambda: usage(process.pid).files <= before.files + SPARE, "the connections are closed")


def test_nothing_remembers_names_that_are_gone(redis7: RealServer, tmp_path: Path) -> None:
    file = tmp_path / "streamgauge.yml"
    file.write_text(yaml.safe_dump(configuration(redis7.url)))
    config = load_config(file, environ={})
    target = Target(config.redis[0], config.discovery, Policy.from_config(config))
    target.start()
    try:
        with redis7.client() as client:
            unrest = Unrest(client)
            unrest.begin()
            for turn in range(60):
                unrest.change(turn)
                assert target.sample(5).up == 1
            present = {name.encode() for name in client.keys("*")}
        groups = {b"group%d" % turn for turn in range(55, 60)}

        def discovered() -> bool:
            return {stream.name for stream in target.sample(5).streams} == present

        wait_for(discovered, "discovery has found what there is")
        target._looks = Looks()  # the last two looks name what was there then
        kept = names_held_by(target)
    finally:
        target.stop()
    gone = {name for name in kept if name.startswith((b"passing:", b"renamed:"))} - present
    assert gone == set()
    # A stream that is renamed keeps the group it was made with.
    own = {b"group%s" % name.partition(b":")[2] for name in present}
    told = [target._memory.stream(name).vanished or {} for name in present]  # for a day
    assert max(map(len, told)) <= 64
    assert {name for name in kept if name.startswith(b"group")} <= groups.union(own, *told)


def names_held_by(target: Target) -> set[bytes]:
    """Every byte string that can be reached from it, but for the bounded cache of its rules."""
    seen: set[int] = set()
    found: set[bytes] = set()
    waiting: list[Any] = [target]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | ModuleType | FunctionType | Policy | Thread):
            continue
        seen.add(id(one))
        if isinstance(one, bytes):
            found.add(one)
        waiting += gc.get_referents(one)
    return found

"""A fleet of shards on a real server exports what one exporter would, and nothing twice."""

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from support.exporter import ExporterProcess
from support.metrics import Scrape
from support.servers import RealServer

STREAMS = [f"s:{number}" for number in range(40)] + ["declared:there", 'q"uote', "two\nlines", "é"]
MISSING = [f"declared:missing:{number}" for number in range(12)]
KEYS = [f"key:{number}" for number in range(12)]
PATTERNS = ["s:1*", "s:2*", "*:missing:*", "nothing:*", "*there", "key:?"]
PER_NAME = (
    *("redis_stream_exists", "redis_stream_length", "redis_stream_groups"),
    *("redis_stream_group_consumers", "redis_key_exists", "redis_keys_matching"),
)
WALKED = "streamgauge_discovery_last_success_timestamp_seconds"


def configuration(url: str, **discovery: Any) -> dict[str, Any]:
    return {
        "redis": {"name": "main", "url": url},
        "discovery": {"match": ["*"], "interval": "100ms"} | discovery,
        "streams": [
            {"match": "s:1*", "class": "continuous"},
            *({"match": name, "class": "event"} for name in ("declared:there", *MISSING)),
            {"match": "s:2*", "ignore": True},
        ],
        "keys": [*({"key": key} for key in KEYS), *({"match": match} for match in PATTERNS)],
    }


def fill(server: RealServer) -> None:
    with server.client() as client:
        for position, name in enumerate(STREAMS):
            for _ in range(1 + position % 3):
                client.xadd(name, {"n": 1})
            client.xgroup_create(name, "readers")
        for key in KEYS[::2]:
            client.set(key, "x")


def fleet(start: Callable[..., ExporterProcess], total: int, config: dict) -> list[ExporterProcess]:
    return [start(f"--shard={number}/{total}", config=config) for number in range(1, total + 1)]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server that no test changes, with all the streams and keys."""
    with RealServer("redis-7.0", tmp_path_factory.mktemp("filled")) as server:
        fill(server)
        yield server


@pytest.fixture(scope="module")
def watching(
    filled: RealServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[int], list[ExporterProcess]]]:
    """Answers so many shards that watch the filled server, for tests that only look: watching(3).

    They are started at their first use, all at once; watching(0) is the exporter without shards.
    """
    started: list[ExporterProcess] = []
    running: dict[int, list[ExporterProcess]] = {}

    def get(total: int) -> list[ExporterProcess]:
        if total not in running:
            config = configuration(filled.url)
            arguments = [[f"--shard={number}/{total}"] for number in range(1, total + 1)] or [[]]
            processes = [
                ExporterProcess(tmp_path_factory.mktemp("watching"), *each, config=config)
                for each in arguments
            ]
            started.extend(processes)
            running[total] = list(pool.map(ExporterProcess.start, processes))
        return running[total]

    with ThreadPoolExecutor() as pool:
        yield get
        list(pool.map(ExporterProcess.stop, started))


def walked(process: ExporterProcess) -> Scrape:
    return process.scrape_until(lambda scrape: scrape[WALKED], "it walked the keyspace")


def merged(scrapes: list[Scrape], name: str) -> dict[tuple[str, ...], float]:
    """The series of a metric of all shards; fails when two of them have the same one."""
    counted = Counter(key for scrape in scrapes for key in scrape[name])
    assert not [key for key, count in counted.items() if count > 1], name
    return {key: value for scrape in scrapes for key, value in scrape[name].items()}


@pytest.mark.parametrize("total", [1, 2, 3, 7])
def test_the_union_of_shards_is_the_whole_and_nothing_is_in_two(watching, total):
    whole = walked(*watching(0))
    scrapes = [walked(process) for process in watching(total)]
    for name in PER_NAME:
        assert whole[name], name
        assert merged(scrapes, name) == whole[name]
    shown = {name for (name, _) in merged(scrapes, "redis_stream_exists")}
    ignored = {name for name in STREAMS if name.startswith("s:2")}
    assert len(shown) == len({*STREAMS, *MISSING} - ignored)
    assert {*MISSING, *STREAMS} - ignored >= shown - {"two\\nlines"}
    for scrape in scrapes:
        assert scrape.value("redis_up") == 1
        assert scrape["streamgauge_clock_offset_seconds"]
        assert sum(scrape["streamgauge_streams"].values()) == sum(
            scrape["redis_stream_exists"].values()
        )


def test_a_feed_that_is_gone_is_told_by_its_own_shard_alone(redis7, exporter):
    fill(redis7)
    processes = fleet(exporter, 3, configuration(redis7.url))
    before = merged([walked(process) for process in processes], "redis_stream_exists")
    with redis7.client() as client:
        client.delete("s:1", "s:3")
    gone = [
        process.scrape_until(lambda scrape: "s:3" not in scrape.streams(), "the feed is gone")
        for process in processes
    ]
    expected = before | {("s:1", "continuous"): 0.0}
    del expected["s:3", "unclassified"]
    assert merged(gone, "redis_stream_exists") == expected


def test_max_streams_holds_for_each_shard(filled, watching, exporter):
    full = [walked(process) for process in watching(3)]
    limited = configuration(filled.url, max_streams=10)
    scrapes = [walked(process) for process in fleet(exporter, 3, limited)]
    for scrape, all_of_it in zip(scrapes, full, strict=True):
        assert len(scrape.streams()) == 10
        assert scrape.value("streamgauge_streams_dropped") == len(all_of_it.streams()) - 10


def test_the_page_and_its_json_say_which_shard_they_show(watching):
    sharded, (whole,) = watching(3)[1], watching(0)
    assert "shard 2/3" in sharded.get("/").text
    assert json.loads(sharded.get("/api/v1/status").text)["shard"] == "2/3"
    assert "watches shard" not in whole.get("/").text
    assert "shard" not in json.loads(whole.get("/api/v1/status").text)


def test_the_shard_may_be_a_variable_and_is_in_the_first_line_of_the_log(
    filled, watching, exporter
):
    by_flag, (whole,) = watching(3)[1], watching(0)
    by_variable = exporter(
        config=configuration(filled.url), environment={"STREAMGAUGE_SHARD": "2/3"}
    )
    assert walked(by_flag).streams() == walked(by_variable).streams()
    for process in (by_flag, by_variable):
        assert "shard=2/3" in process.log().splitlines()[0]
    assert "shard" not in whole.log()


def test_a_reload_changes_nothing_about_the_shard(redis7, exporter):
    fill(redis7)
    config = configuration(redis7.url)
    process = exporter("--shard=2/3", config=config)
    before = walked(process).streams()
    assert {"s:3", "s:30"} & before
    config["streams"].insert(0, {"match": "s:3*", "class": "hybrid"})
    process.write_config(config)
    process.send(signal.SIGHUP)
    after = process.scrape_until(
        lambda scrape: scrape["streamgauge_streams"]["hybrid",], "the new class is in effect"
    )
    assert after.streams() == before

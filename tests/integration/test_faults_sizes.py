"""Beyond all measure: entries of megabytes, a hundred thousand consumers, IDs of any time."""

from collections.abc import Callable

from support.faulty import Proxy
from support.metrics import ENTRY_AGES, ENTRY_TIMES, Between
from support.servers import RealServer

BIG = 5 * 1024 * 1024
CONSUMERS = 100_000
ADD_CONSUMERS = """
for i = 1, tonumber(ARGV[2]) do
  redis.call('XGROUP', 'CREATECONSUMER', KEYS[1], ARGV[1], 'consumer-' .. i)
end
"""


def configuration(url: str) -> dict:
    return {
        "redis": {"name": "main", "url": url},
        "discovery": {"match": ["*"], "interval": "100ms"},
    }


def test_entries_of_5_mb_are_counted_and_aged_like_any_other(
    redis7: RealServer, exporter: Callable
) -> None:
    with redis7.client() as client:
        for stream, sizes in {"ends": (BIG, 1, BIG), "middle": (1, BIG, 1), "s": (1, 1, 1)}.items():
            first, *_ = [client.xadd(stream, {"n": "x" * size}) for size in sizes]
            client.xgroup_create(stream, "new", id="0")
            client.xgroup_create(stream, "g", id="0")
            client.xreadgroup("g", "c", {stream: ">"}, count=1)
            client.xack(stream, "g", first)
    process = exporter(config=configuration(redis7.url))
    scrape = process.scrape_until_known("ends", "middle", "s")
    assert scrape["redis_stream_length"] == {
        (stream, "unclassified"): 3 for stream in ("ends", "middle", "s")
    }
    assert scrape["redis_stream_group_lag"] == {
        (stream, "unclassified", group): lag
        for stream in ("ends", "middle", "s")
        for group, lag in {"new": 3, "g": 2}.items()
    }
    for metric in ("redis_stream_group_lag_seconds", "redis_stream_last_entry_age_seconds"):
        assert scrape[metric] == dict.fromkeys(scrape[metric], Between(0, 20))
    assert sum(scrape["streamgauge_stream_errors"].values()) == 0


def test_group_of_100000_consumers_has_its_number_and_no_consumer_is_asked_for(
    redis7: RealServer, exporter: Callable
) -> None:
    with redis7.client(socket_timeout=30) as client, Proxy(redis7.port) as proxy:
        client.xadd("s", {"n": 1})
        client.xgroup_create("s", "huge", id="0")
        client.xgroup_create("s", "few", id="0")
        client.xreadgroup("huge", "consumer-7", {"s": ">"})
        client.xreadgroup("few", "c", {"s": ">"})
        client.eval(ADD_CONSUMERS, 1, "s", "huge", CONSUMERS)
        scrape = exporter(config=configuration(proxy.url)).scrape_until_known("s")
        counts = proxy.counts()
        listed = [one.words[3] for one in proxy.commands if one.name == "XINFO CONSUMERS"]
    assert scrape["redis_stream_group_consumers"] == {
        ("s", "unclassified", "huge"): CONSUMERS,
        ("s", "unclassified", "few"): 1,
    }
    assert scrape["redis_stream_group_messages_pending"] == {
        ("s", "unclassified", "huge"): 1,
        ("s", "unclassified", "few"): 1,
    }
    assert scrape["redis_stream_group_oldest_pending_deliveries"]["s", "unclassified", "huge"] == 1
    assert scrape["redis_stream_group_consumer_messages_pending"] == {
        ("s", "unclassified", "few", "c"): 1
    }
    assert set(listed) == {b"few"}
    assert counts["XPENDING"] == 2 * counts["XINFO STREAM"]


def test_id_that_is_no_time_is_not_shown_as_one_and_ages_from_the_first_look(
    redis7: RealServer, exporter: Callable
) -> None:
    milliseconds = (5, 999_999_999_999, 4_102_444_800_000, 2**64 - 1)
    streams = [f"s{ms}" for ms in milliseconds]
    with redis7.client() as client:
        for ms in milliseconds:
            client.xadd(f"s{ms}", {"n": 1}, id=f"{ms}-1")
            client.xadd(f"s{ms}", {"n": 2}, id=f"{ms}-8")
            client.xgroup_create(f"s{ms}", "g", id="0")
            client.xreadgroup("g", "c", {f"s{ms}": ">"}, count=1)
        process = exporter(config=configuration(redis7.url))
        scrapes = [process.scrape_until_known(*streams), process.scrape()]
        for ms in milliseconds:
            client.xadd(f"s{ms}", {"n": 3}, id=f"{ms}-9")
        last = process.scrape()
    told = {name for scrape in scrapes for name in ENTRY_TIMES if name in scrape}
    assert told == {"redis_stream_last_entry_timestamp_seconds"}  # when the entry was seen
    soon = Between(0, 10, slack=0)
    for name in ENTRY_AGES:
        first, second = ({key[0]: age for key, age in scrape[name].items()} for scrape in scrapes)
        assert (first, second) == (dict.fromkeys(streams, soon), dict.fromkeys(streams, soon))
        assert [stream for stream in streams if first[stream] > second[stream]] == []
    assert set(scrapes[1]["redis_stream_group_lag"].values()) == {1}
    assert set(last["redis_stream_last_entry_age_seconds"].values()) == {0}
    assert set(last["redis_stream_length"].values()) == {3}

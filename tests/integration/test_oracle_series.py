"""Every S, G and C series against a long history, with a configuration file and without one."""

from collections.abc import Callable
from socket import gethostname

import pytest

from support.history import History, Witness
from support.metrics import LABELS, SERIES, Scrape
from support.oracle import Policy
from support.servers import RealServer

DECLARED = {
    "continuous": Policy("continuous", quiet_limit=120, lag_limit=180),
    "hybrid": Policy("hybrid", lag_limit=240),
    "event": Policy("event", lag_limit=300),
    "unclassified": Policy(),
}


def live(history: History, stream: str) -> None:
    """A long life of a stream: every command that changes what the series say."""
    ids = history.add(stream, count=40)
    for group in ("fast", "slow", "new"):
        history.create_group(stream, group)
    history.read(stream, "fast", "a", 20)
    history.read(stream, "fast", "b", 15)
    history.acknowledge(stream, "fast", *ids[:10], *ids[20:24])
    history.read(stream, "slow", "a", 6)
    history.claim(stream, "slow", "rescuer", *ids[:3])
    history.claim(stream, "slow", "rescuer", ids[0])
    history.add(stream, count=5)
    history.read(stream, "fast", "b", 4)


def more(history: History, stream: str) -> None:
    """What comes next: trimmed entries that are still pending, a caught-up group, a new one."""
    history.trim(stream, 20)
    last = history.read(stream, "fast", "c", 50)
    history.acknowledge(stream, "fast", *last)
    history.read(stream, "fast", "c", 1)
    history.create_group(stream, "late", "$")
    history.add(stream)
    history.drop_group(stream, "new")


@pytest.mark.parametrize("word", DECLARED)
def test_every_series_of_a_stream_follows_from_its_history(witness: Witness, word: str) -> None:
    stream = f"{word}:life"
    live(witness.history, stream)
    witness.check(stream, DECLARED[word])
    more(witness.history, stream)
    scrape = witness.check(stream, DECLARED[word])
    model = witness.history.streams[stream]
    assert min(model.groups["fast"].pending) < model.entries[0], "trimmed, and still pending"
    assert_names_and_labels(scrape, stream, witness.history)


def test_hostile_names_keep_their_own_values(witness: Witness) -> None:
    history = witness.history
    streams = ['event:a"b', "event:a\\b", "event:a\nb", "event:a\\nb", "event:a b{}=,é"]
    for number, stream in enumerate(streams, 1):
        history.add(stream, count=number + 2)
        for group in (stream, stream[::-1]):
            history.create_group(stream, group)
            history.read(stream, group, f"{group}'s", number)
    scrape, now = witness.scrape(*streams)
    for stream in streams:
        assert scrape.of(stream) == witness.expect(stream, DECLARED["event"], now)


def test_without_a_file_every_stream_is_read_and_unclassified(
    server: RealServer, history: History, exporter: Callable
) -> None:
    for stream in ("life", "market.tick"):
        live(history, stream)
        more(history, stream)
    process = exporter(f"--redis.url={server.url}")
    witness = Witness(process, history)
    scrape, now = witness.scrape("life", "market.tick")
    for stream in ("life", "market.tick"):
        assert scrape.of(stream) == witness.expect(stream, Policy(), now)
        assert_names_and_labels(scrape, stream, history)
    assert scrape.streams() == {"life", "market.tick"}
    name = f"{gethostname()}:{server.port}"  # a loopback address would be that of every machine
    assert scrape.by("redis_up", "redis") == {(name,): 1}
    assert scrape.by("redis_stream_length", "redis", "db", "stream", "class") == {
        (name, "db0", stream, "unclassified"): 21 for stream in ("life", "market.tick")
    }


def assert_names_and_labels(scrape: Scrape, stream: str, history: History) -> None:
    """Every name of the contract is there, but for what this class or release does not have."""
    ((class_,),) = scrape.of(stream)["redis_stream_exists"]
    told = {
        "redis_stream_quiet_limit_seconds": class_ == "continuous",
        "redis_stream_group_lag_limit_seconds": class_ != "unclassified",
        "redis_stream_entries_added_total": history.release.tells_lag,
        "redis_stream_group_entries_read": history.release.tells_lag,
        "redis_stream_group_consumer_inactive_seconds": history.release.tells_inactive,
    }
    for kind, names in SERIES.items():
        for name, type_ in names.items():
            assert (name in scrape.of(stream)) == told.get(name, True), name
            if name in scrape:
                assert scrape.types[name] == type_
                assert scrape.labels(name) == {frozenset(LABELS[kind])}


def test_consumer_that_never_got_an_entry_has_no_inactive_seconds(witness: Witness) -> None:
    history = witness.history
    history.add("event:idle", count=1)
    history.create_group("event:idle", "g", "$")
    history.read("event:idle", "g", "waiting")
    scrape = witness.check("event:idle", DECLARED["event"])
    series = scrape.of("event:idle")
    listed = {("event", "g", "waiting")} if history.release.tells_inactive else set()
    assert series.get("redis_stream_group_consumer_idle_seconds", {}).keys() == listed
    assert "redis_stream_group_consumer_inactive_seconds" not in series


def test_vain_attempt_resets_idle_and_not_inactive(witness: Witness) -> None:
    history = witness.history
    history.add("event:vain", count=1)
    history.create_group("event:vain", "g")
    history.read("event:vain", "g", "c")
    name = "redis_stream_group_consumer_idle_seconds"
    witness.exporter.scrape_until(
        lambda scrape: max(scrape.of("event:vain").get(name, {}).values(), default=0) > 0.2,
        "the consumer is idle for 0.2 s",
    )
    history.read("event:vain", "g", "c")
    series = witness.check("event:vain", DECLARED["event"]).of("event:vain")
    if history.release.tells_inactive:
        (idle,) = series[name].values()
        (inactive,) = series["redis_stream_group_consumer_inactive_seconds"].values()
        assert idle < 0.2 < inactive


def test_restarted_exporter_shows_no_phantom_lag_that_it_cannot_know(
    redis7: RealServer, exporter: Callable
) -> None:
    """What a process learned of Redis's error ends with it; the lag is unknown, and never wrong."""
    with redis7.client() as client:
        history = History(client, redis7.release)
        history.add("s", count=100)
        history.create_group("s", "g")
        history.read("s", "g", "c", 1)
        history.trim("s", 30)
        history.read("s", "g", "c", 30)
        assert history.reported("s")["g"].lag == 69
        process = exporter(f"--redis.url={redis7.url}")
        first = Witness(process, history).check("s", Policy())
        history.add("s", count=15)
        process.stop()
        second = Witness(exporter(f"--redis.url={redis7.url}"), history).check("s", Policy())
    assert first["redis_stream_group_lag"] == {("s", "unclassified", "g"): 0}
    assert second["redis_stream_group_lag"] == {}
    assert second["streamgauge_groups_lag_unknown"] == {(): 1}

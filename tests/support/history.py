"""Drives a real Redis and an oracle's model of it side by side, so that the truth is known."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import redis

from support.exporter import ExporterProcess
from support.metrics import Scrape, Series
from support.oracle import (
    Consumer,
    Group,
    Observer,
    Pending,
    Policy,
    Reported,
    Span,
    Stream,
    StreamId,
)
from support.polling import wait_for
from support.servers import Release

CLASSES = ("continuous", "hybrid", "event", "unclassified")


class History:
    """Every method does one thing to Redis and the same to the model, and compares the replies."""

    def __init__(self, client: redis.Redis, release: Release):
        self.client = client
        self.release = release
        self.streams: dict[str, Stream] = {}

    def now(self) -> float:
        seconds, microseconds = self.client.time()
        return float(seconds) + float(microseconds) / 1e6

    def _timed(self, act: Callable[[], Any]) -> tuple[Any, Span]:
        before = self.now()
        answer = act()
        return answer, Span(before, self.now())

    def add(self, stream: str, id_: str = "*", *, count: int = 1) -> list[StreamId]:
        """XADD `count` entries; a given ID is the first one's, and the next ones' parts grow."""
        model = self.streams.setdefault(stream, Stream())
        first = StreamId.parse(id_) if id_ != "*" else None
        with self.client.pipeline(transaction=False) as pipe:
            for step in range(count):
                given = StreamId(first.ms, first.seq + step) if first else "*"
                pipe.xadd(stream, {"n": step}, id=str(given))
            added = [StreamId.parse(reply) for reply in pipe.execute()]
        assert added == sorted(added)
        model.entries += added
        model.last_generated = added[-1]
        model.added += count
        return added

    def trim(self, stream: str, length: int) -> None:
        removed = self.client.xtrim(stream, maxlen=length, approximate=False)
        entries = self.streams[stream].entries
        kept = entries[len(entries) - min(length, len(entries)) :]
        assert removed == len(entries) - len(kept)
        self.streams[stream].entries = kept

    def delete(self, stream: str, *ids: StreamId) -> None:
        assert self.client.xdel(stream, *map(str, ids)) == len(ids)
        model = self.streams[stream]
        model.entries = [entry for entry in model.entries if entry not in set(ids)]

    def drop(self, stream: str) -> None:
        assert self.client.delete(stream) == 1
        del self.streams[stream]

    def create_group(
        self,
        stream: str,
        group: str,
        at: str = "0",
        *,
        mkstream: bool = False,
        entries_read: int | None = None,
    ) -> None:
        self.client.xgroup_create(stream, group, at, mkstream, entries_read)
        model = self.streams.setdefault(stream, Stream())
        model.groups[group] = Group(self._position(model, at))

    def set_group(self, stream: str, group: str, at: str) -> None:
        self.client.xgroup_setid(stream, group, at)
        model = self.streams[stream]
        model.groups[group].last_delivered = self._position(model, at)

    @staticmethod
    def _position(model: Stream, at: str) -> StreamId:
        return model.last_generated if at == "$" else StreamId.parse(at)

    def drop_group(self, stream: str, group: str) -> None:
        assert self.client.xgroup_destroy(stream, group) == 1
        del self.streams[stream].groups[group]

    def read(self, stream: str, group: str, consumer: str, count: int = 1) -> list[StreamId]:
        """XREADGROUP of new entries; the model says which ones they must be."""
        answer, at = self._timed(
            lambda: self.client.xreadgroup(group, consumer, {stream: ">"}, count=count)
        )
        model = self.streams[stream].groups[group]
        expected = self.streams[stream].undelivered(model)[:count]
        entries = next(iter(answer.items() if isinstance(answer, dict) else answer), (stream, []))
        got = entries[1][0] if isinstance(answer, dict) and entries[1] else entries[1]
        assert [StreamId.parse(entry[0]) for entry in got] == expected
        for entry in expected:
            model.pending[entry] = Pending(consumer, 1, at)
            model.last_delivered = entry
        if expected:
            model.consumers[consumer] = Consumer(at, at)
        elif self.release.tells_inactive:
            known = model.consumers.setdefault(consumer, Consumer(at, None))
            known.attempt = at
        return expected

    def acknowledge(self, stream: str, group: str, *ids: StreamId) -> None:
        assert self.client.xack(stream, group, *map(str, ids)) == len(ids)
        for entry in ids:
            del self.streams[stream].groups[group].pending[entry]

    def claim(self, stream: str, group: str, consumer: str, *ids: StreamId) -> None:
        claimed, at = self._timed(
            lambda: self.client.xclaim(stream, group, consumer, 0, [*map(str, ids)], justid=False)
        )
        assert len(claimed) == len(ids)
        model = self.streams[stream].groups[group]
        for entry in ids:
            model.pending[entry] = Pending(consumer, model.pending[entry].deliveries + 1, at)
        model.consumers[consumer] = Consumer(at, at)

    def reported(self, stream: str) -> dict[str, Reported]:
        """What Redis says of each group of the stream."""
        return {
            group["name"]: Reported(group.get("lag"), group.get("entries-read"))
            for group in self.client.xinfo_groups(stream)
        }


class Witness:
    """One exporter beside one history: takes scrapes, and says what each must hold."""

    def __init__(self, exporter: ExporterProcess, history: History):
        self.exporter = exporter
        self.history = history
        self.observer = Observer()

    def scrape(self, *streams: str) -> tuple[Scrape, Span]:
        """The first scrape that shows `streams`, and when on Redis's clock it was taken."""

        def known() -> tuple[Scrape, Span] | None:
            before = self.history.now()
            scrape = self.exporter.scrape()
            now = Span(before, self.history.now())
            return (scrape, now) if scrape.streams().issuperset(streams) else None

        return wait_for(known, f"discovery finds {', '.join(streams)}")

    def expect(self, stream: str, policy: Policy, now: Span) -> dict[str, Series]:
        """What a scrape taken at `now` must hold of the stream; ask once for each scrape."""
        return self.observer.expect(
            stream,
            self.history.streams[stream],
            self.history.reported(stream),
            policy,
            now,
            tells_lag=self.history.release.tells_lag,
            tells_inactive=self.history.release.tells_inactive,
        )

    def check(self, stream: str, policy: Policy, *names: str) -> Scrape:
        """Scrape, and hold every series of the stream (or those of `names`) to the truth."""
        scrape, now = self.scrape(stream)
        expected = self.expect(stream, policy, now)
        if names:
            expected = {name: expected[name] for name in names if name in expected}
        assert scrape.of(stream, [*names] or None) == expected
        check_counts(scrape)
        return scrape


def check_counts(scrape: Scrape) -> None:
    """Hold the counts of one server's scrape to the series that it holds."""
    lengths = Counter(class_ for _, class_ in scrape["redis_stream_length"])
    assert scrape["streamgauge_streams"] == {(name,): lengths[name] for name in CLASSES}
    unknown = scrape["redis_stream_group_consumers"].keys() - scrape["redis_stream_group_lag"]
    assert scrape.value("streamgauge_groups_lag_unknown") == len(unknown)

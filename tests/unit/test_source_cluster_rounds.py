"""The rounds of one scrape of a cluster, with nodes that answer without any network."""

from streamgauge.config import RedisConfig
from streamgauge.source.cluster import Cluster
from streamgauge.source.errors import Redirect, Unreadable
from streamgauge.source.gather import SlotMap
from streamgauge.source.keys import Unread
from streamgauge.source.nodes import Node
from streamgauge.source.sample import NodeSample, Request
from streamgauge.source.session import TimedSample
from streamgauge.source.topology import Readings

A = Node("a", 1)
MOVED = Unread(b"y", "other", "MOVED", Redirect("b", 2, asking=False))


class Part:
    """The time of one round."""

    def __init__(self, seconds):
        self.seconds = seconds

    def remaining(self):
        if not self.seconds:
            raise Unreadable("timeout", "no answer in time")
        return self.seconds


class Running:
    """A deadline that always has a part to give, and whose parts have these seconds left."""

    def __init__(self, *seconds):
        self.seconds = iter(seconds)

    def part(self, _share):
        return Part(next(self.seconds))


def test_what_was_read_counts_when_time_runs_out_as_a_round_begins(monkeypatch):
    cluster = Cluster(RedisConfig(name="c", host="a", port=1, mode="cluster"))
    cluster._slots = SlotMap([(0, 16383, [A])])

    def visit(*_):
        yield b"x"
        return TimedSample(NodeSample(1, 0.0, "master", [MOVED]), 0.5, 0.25)

    monkeypatch.setattr(cluster, "_visit", visit)
    readings = Readings(cluster.readings(Request([b"x", b"y"], 9), Running(60.0, 0.0)))
    assert list(readings) == [b"x"]
    assert [error.subject for error in readings.sample.errors] == [b"y"]

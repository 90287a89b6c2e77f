"""A target remembers what the next look is compared with, and says why one failed."""

from types import SimpleNamespace

import pytest

from streamgauge.config import load_config
from streamgauge.model.ids import NEVER
from streamgauge.model.looks import Looks
from streamgauge.model.readings import StreamReading
from streamgauge.model.records import Failure
from streamgauge.policy import Policy
from streamgauge.source.errors import Unreadable
from streamgauge.source.keys import Unread
from streamgauge.source.target import Target
from streamgauge.source.topology import Outage, Sample
from support.looks import AT, look

CONFIG = """
redis: {name: main, url: "redis://127.0.0.1:1"}
discovery: {match: []}
streams: [{match: feed, class: continuous}]
"""


def compared(*moments):
    """With the look of which moment each look is compared."""
    looks, found = Looks(), []
    for now in (look(at=at) for at in moments):
        looks.keep(now)
        found.append(looks.seen(now).earlier)
    return [None if one is None else one.at for one in found]


@pytest.mark.parametrize(
    ("moments", "with_which"),
    [
        ((0,), (None,)),
        ((0, 15, 30, 45), (None, 0, 15, 30)),
        # Several who scrape at nearly once, and a page beside them.
        ((0, 0.1, 15, 15.1, 15.2, 30), (None, None, 0.1, 0.1, 0.1, 15)),
        # Far more often than rates need: never for long with a look nearer than five seconds.
        ((0, 2, 4, 6, 8, 10, 12), (None, 0, 0, 0, 2, 2, 2)),
        # Nobody asked for a long while, or the clock went back.
        ((0, 15, 5_000, 5_015), (None, 0, None, 5_000)),
        ((100, 50, 65), (None, None, 50)),
    ],
)
def test_a_look_is_compared_with_one_that_is_neither_too_near_nor_too_far(moments, with_which):
    assert compared(*moments) == list(with_which)


class Topology:
    """Answers what the test says."""

    keys_move = False

    def __init__(self):
        self.answer = None
        self.read = ()

    def readings(self, *_):
        if isinstance(self.answer, Unreadable):
            raise self.answer
        yield from self.read
        return self.answer

    def abort(self):
        """Nothing is under way."""


def sampled(*errors):
    return Sample(int(AT * 1e6), 0.0, frozenset(), errors, {}, 0.0, 0.0)


@pytest.fixture
def topology():
    return Topology()


@pytest.fixture
def target(tmp_path, topology):
    file = tmp_path / "streamgauge.yml"
    file.write_text(CONFIG)
    config = load_config(file, environ={})
    target = Target(config.redis[0], config.discovery, Policy.from_config(config))
    target._topology = topology
    target._discovery.wait_for_first_walk = lambda _seconds: None
    return target


def test_what_could_not_be_read_is_known_by_its_name(target, topology):
    topology.answer = sampled(Unread(b"feed", "wrongtype", "WRONGTYPE another kind of value"))
    (failure,) = target.sample(5.0).failures
    assert failure[:3] == (b"feed", "wrongtype", "WRONGTYPE another kind of value")
    assert failure.policy.stream_class == "continuous"
    topology.answer = sampled()
    assert target.sample(5.0).failures == []


@pytest.mark.parametrize(
    "failed",
    [
        {"errors": [Unread(b"feed", "timeout", "")]},
        {"outages": {"a:1": Outage(Unreadable("timeout", ""), [b"feed"])}},
    ],
)
def test_what_was_read_before_its_node_failed_is_not_shown(target, topology, failed):
    topology.read = [StreamReading(b"feed", int(AT * 1e6), 7, 0, NEVER, None, None, ())]
    topology.answer = sampled()
    assert [one.length for one in target.sample(5.0).streams] == [7]
    topology.answer = topology.answer._replace(**failed)
    snapshot = target.sample(5.0)
    assert (snapshot.up, snapshot.streams) == (1, ())


def test_why_redis_could_not_be_read_is_known_and_nothing_of_before_is_shown(target, topology):
    topology.answer = sampled()
    target.sample(5.0)
    topology.answer = Unreadable("noperm", "WRONGPASS invalid username-password pair")
    snapshot = target.sample(5.0)
    assert (snapshot.up, target.seen(snapshot).earlier) == (0, None)
    assert snapshot.failures == [
        Failure("main", "noperm", "WRONGPASS invalid username-password pair")
    ]


def test_who_could_not_wait_is_told_so(target):
    assert [one.reason for one in target.out_of_time().failures] == ["timeout"]
    assert [one.reason for one in target.give_up().failures] == ["timeout"]


def test_a_fault_in_noting_changes_costs_no_scrape(target, topology, monkeypatch, caplog):
    monkeypatch.setattr("streamgauge.source.target.note_changes", lambda *_: 1 / 0)
    topology.answer = sampled()
    assert target.sample(5.0).up == 1
    assert "changes not noted" in caplog.text


def test_two_looks_are_kept(target, topology, monkeypatch):
    clock = iter([AT, AT + 15])
    monkeypatch.setattr(
        "streamgauge.source.target.time", SimpleNamespace(time=lambda: next(clock, AT))
    )
    topology.answer = sampled()
    first, second = target.sample(5.0), target.sample(5.0)
    assert (second.at, target.seen(second).earlier.at) == (AT + 15, AT)
    assert target.seen(first).earlier is None, "another has come since"

"""What a walk over several servers finds, and what it must not forget because it could not look."""

import random
from types import SimpleNamespace

import pytest

from streamgauge.config import DiscoveryConfig, RedisConfig
from streamgauge.config.model import DEFAULT_CLASSES, StreamRule
from streamgauge.policy import Policy, StreamClass
from streamgauge.source import discover
from streamgauge.source.discover import Discovery
from streamgauge.source.errors import Unreadable
from streamgauge.state_keys import StateKeys

POLICY = Policy(DEFAULT_CLASSES, [StreamRule(match="a:*", stream_class=StreamClass.EVENT)])
REFUSED = Unreadable("other", "refused")


class Keyspace:
    """Servers by address and the streams they hold; one that is None cannot be read."""

    def __init__(self, *, keys_move=True, **servers):
        self.keys_move = keys_move
        self.servers = servers

    def nodes(self, _deadline):
        return [SimpleNamespace(address=address) for address in self.servers]

    def holder(self, name):
        return name.decode().partition(":")[0]


@pytest.fixture
def walked(monkeypatch):
    """Walks a keyspace once with a discovery, and answers its streams and what failed."""

    class FakeWalk:
        without_type = frozenset()

        def __init__(self, selection, _patterns, _stopped, counter):
            self.selection, self.counter = selection, counter

        def run(self, servers, after_step):
            held = {server.address: keyspace.servers[server.address] for server in servers}
            for names in held.values():
                for name in names or ():
                    self.selection.add(name)
                    self.counter.add(name)
                after_step()
            return {address: REFUSED if names is None else None for address, names in held.items()}

    monkeypatch.setattr(discover, "Walk", FakeWalk)
    keyspace = Keyspace()

    def walk(discovery, **servers):
        keyspace.servers = servers
        discovery._topology = keyspace
        failures = discovery._walk()
        return set(discovery.found.names), set(failures)

    walk.keyspace = keyspace
    return walk


@pytest.fixture
def discovery(walked):
    redis = RedisConfig(name="r", host="h", port=1)
    return Discovery(redis, walked.keyspace, DiscoveryConfig(), POLICY)


def test_lengths_of_pauses_are_drawn_from_numbers_of_its_own(discovery):
    """Whoever seeds the shared ones, or counts on them, is not disturbed by a thread."""
    before = random.getstate()
    assert 1 <= discovery._at_random(1, 2) <= 2
    assert random.getstate() == before


def test_streams_of_a_server_that_cannot_be_walked_stay_known(walked, discovery):
    assert walked(discovery, a=[b"a:1"], b=[b"b:1", b"b:2"]) == ({b"a:1", b"b:1", b"b:2"}, set())
    complete = discovery.found
    assert complete.last_success_timestamp_seconds is not None
    for _ in range(3):
        assert walked(discovery, a=[b"a:1", b"a:2"], b=None) == (
            {b"a:1", b"a:2", b"b:1", b"b:2"},
            {"b"},
        )
    assert discovery.found[2:4] == complete[2:4]  # no walk went through the whole keyspace since
    assert walked(discovery, a=[b"a:1"], b=[b"b:1"])[0] == {b"a:1", b"a:2", b"b:1"}


def test_stream_that_a_walk_missed_is_kept_for_one_more(walked, discovery):
    assert walked(discovery, a=[b"a:1", b"a:2"], b=[])[0] == {b"a:1", b"a:2"}
    assert walked(discovery, a=[b"a:1"], b=[])[0] == {b"a:1", b"a:2"}
    assert walked(discovery, a=[b"a:1"], b=[])[0] == {b"a:1"}
    assert walked(discovery, a=[b"a:1", b"a:2"], b=[])[0] == {b"a:1", b"a:2"}
    assert walked(discovery, a=[b"a:1"], b=[])[0] == {b"a:1", b"a:2"}


def test_where_keys_do_not_move_nothing_is_kept(walked, discovery):
    walked.keyspace.keys_move = False
    assert walked(discovery, a=[b"a:1", b"a:2"])[0] == {b"a:1", b"a:2"}
    assert walked(discovery, a=[b"a:1"])[0] == {b"a:1"}


def test_walk_that_reached_no_server_changes_nothing(walked, discovery):
    walked(discovery, a=[b"a:1"], b=[])
    with pytest.raises(Unreadable, match="refused"):
        walked(discovery, a=None, b=None)
    assert discovery.found.names == {b"a:1"}
    assert discovery.has_walked


@pytest.fixture
def counting(discovery):
    discovery._policy = Policy(DEFAULT_CLASSES, [], StateKeys(patterns=(b"h:*", b"*:1")))
    return discovery


def test_keys_are_counted_once_over_all_servers(walked, counting):
    assert counting.found.key_counts == {}
    walked(counting, a=[b"h:1", b"h:2", b"h:1"], b=[b"h:2", b"x:1", b"y"])
    assert counting.found.key_counts == {b"h:*": 2, b"*:1": 2}
    walked(counting, a=[], b=[])
    assert counting.found.key_counts == {b"h:*": 0, b"*:1": 0}


def test_a_count_that_lacks_a_server_is_none(walked, counting):
    walked(counting, a=[b"h:1"], b=[b"h:2"])
    walked(counting, a=[b"h:1"], b=None)
    assert counting.found.key_counts == {}
    walked(counting, a=[b"h:1"], b=[b"h:2"])
    assert counting.found.key_counts[b"h:*"] == 2


def test_a_count_is_dropped_when_no_server_can_be_walked(walked, counting):
    walked(counting, a=[b"h:1"])
    walked.keyspace.servers = {"a": None}
    counting._wake.wait = lambda _seconds: counting.stop()
    counting._run()
    assert counting.found.key_counts == {}
    assert counting.found.names == {b"h:1"}


@pytest.fixture
def pauses(walked, discovery):
    """Walks until so many pauses were taken, and answers their seconds."""
    taken = []

    def pause(seconds):
        taken.append(seconds)
        if len(taken) == pauses.wanted:
            discovery.stop()

    def pauses(wanted, *random_factors, **servers):
        pauses.wanted = wanted
        drawn = iter(random_factors)
        walked.keyspace.servers = servers
        discovery._at_random = lambda least, most: min(max(next(drawn), least), most)
        discovery._wake.wait = pause
        discovery._run()
        return taken

    return pauses


def test_the_interval_varies_so_that_walks_do_not_stay_in_step(pauses):
    assert pauses(4, 1.0, 0.95, 1.04, 1.1, a=[]) == pytest.approx([60.0, 57.0, 62.4, 66.0])


def test_the_interval_varies_by_a_tenth_at_most(pauses):
    assert pauses(2, 0.0, 9.0, a=[]) == pytest.approx([54.0, 66.0])


def test_a_failed_walk_is_soon_tried_again_and_not_by_all_at_once(pauses):
    assert pauses(2, 0.9, 1.1, a=None) == pytest.approx([0.9, 1.1])


@pytest.fixture
def waits(discovery):
    """How long each scrape so far waited for the first walk."""
    waited = []

    def wait(seconds):
        waited.append(seconds)
        return discovery._first_attempt.is_set()

    discovery._first_attempt.wait = wait
    return waited


def test_only_one_scrape_waits_for_a_first_walk_that_takes_long(discovery, waits):
    for _ in range(3):
        discovery.wait_for_first_walk(4.0)
    assert waits == [4.0]


def test_after_a_failed_attempt_a_scrape_waits_for_the_next_one(walked, discovery, waits, pauses):
    discovery.wait_for_first_walk(4.0)
    pauses(1, 1.0, a=None)
    discovery._stopped.clear()
    discovery.wait_for_first_walk(4.0)
    assert waits == [4.0, 4.0]
    walked(discovery, a=[b"a:1"])
    discovery.wait_for_first_walk(4.0)
    assert len(waits) == 2


def test_while_the_first_walk_goes_on_nearly_all_it_has_found_is_known(discovery, monkeypatch):
    known = []

    class SlowWalk:
        without_type = frozenset()

        def __init__(self, selection, *_):
            self.selection = selection

        def run(self, _servers, after_step):
            for number in range(1, 2001):
                self.selection.add(b"a:%d" % number)
                after_step()
                known.append((number, len(discovery.found.names)))
            return {"a": None}

    monkeypatch.setattr(discover, "Walk", SlowWalk)
    discovery._walk()
    assert all(found >= 0.99 * number for number, found in known)
    assert len({found for _, found in known}) < 500  # not one set of all names for every name
    assert len(discovery.found.names) == 2000

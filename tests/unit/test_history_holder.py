"""Where the history of a stream is read: at its holder only where streams have one of several."""

import pytest

from streamgauge.config import DiscoveryConfig, RedisConfig
from streamgauge.config.model import DEFAULT_CLASSES
from streamgauge.policy import Policy
from streamgauge.source.history import Archive, Unread


class Layout:
    """Holders by name; where keys do not move, nobody may ask for them."""

    def __init__(self, holders, *, keys_move):
        self.holders, self.keys_move = holders, keys_move

    def holder(self, name):
        assert self.keys_move
        return self.holders.get(name)


class Reader:
    def __init__(self, address):
        self.address = address

    def read(self, _name, _most_entries):
        return self.address


@pytest.fixture
def archive():
    redis = RedisConfig(name="r", host="h", port=1)
    archive = Archive(redis, DiscoveryConfig(), Policy(DEFAULT_CLASSES, []))
    archive._readers = {address: Reader(address) for address in ("a", "b")}
    return archive


def test_the_only_server_is_read_without_asking_who_holds_a_stream(archive):
    archive._topology = Layout({}, keys_move=False)
    assert archive.read(b"s", 9) == "a"


def test_each_stream_of_a_cluster_is_read_at_its_holder(archive):
    archive._topology = Layout({b"s": "b", b"t": "c"}, keys_move=True)
    assert archive.read(b"s", 9) == "b"
    assert isinstance(archive.read(b"t", 9), Unread)  # its holder could not be walked
    assert archive.read(b"nobody's", 9) == "a"  # who then says why it cannot tell

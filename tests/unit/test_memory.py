"""A node that was given up still concludes, into the memory that the next scrape works on."""

from streamgauge.model.ids import StreamId
from streamgauge.model.lag import LagError
from streamgauge.model.memory import Memory

ODD = StreamId(5, 1)


def learn(memory: Memory, stream: bytes) -> None:
    """Learn of a stream everything that there is to remember."""
    memory.saw_continuous(stream)
    memory.unchanged_seconds(stream, ODD, 1)
    memory.undelivered_seconds(stream, b"g", ODD, 1)
    memory.set_lag_error(stream, b"g", LagError(1, 1, 1, ODD))


class Meanwhile:
    """Names to keep; with every look at them, another thread learns of one more stream."""

    def __init__(self, memory, *names):
        self.memory, self.names, self.looks = memory, names, 0

    def __contains__(self, name):
        self.looks += 1
        learn(self.memory, b"late:%d" % self.looks)
        return name in self.names


def knows(memory: Memory, stream: bytes) -> bool:
    return (
        stream in memory.continuous
        or memory.knows_groups_of(stream)
        or memory.unchanged_seconds(stream, ODD, 2_000_001) > 0
    )


def test_streams_are_forgotten_while_others_are_learned():
    memory = Memory()
    for name in (b"kept", b"gone", b"also gone"):
        learn(memory, name)
    memory.forget_streams(Meanwhile(memory, b"kept"))
    assert knows(memory, b"kept")
    assert not knows(memory, b"gone")
    assert not knows(memory, b"also gone")


def test_two_threads_may_forget_the_last_group_of_a_stream():
    memory = Memory()
    learn(memory, b"s")

    class Contended(dict):
        """Groups that another thread forgets as well, and then their stream."""

        def pop(self, group, default=None):
            sighting = super().pop(group, default)
            memory._undelivered.pop(b"s", None)
            return sighting

    memory._undelivered[b"s"] = Contended(memory._undelivered[b"s"])
    memory.forget_undelivered(b"s", b"g")
    assert memory.undelivered_seconds(b"s", b"g", ODD, 2_000_001) == 0.0

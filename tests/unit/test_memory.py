"""A node that was given up still concludes, into the memory that the next scrape works on."""

from streamgauge.model.ids import NEVER
from streamgauge.model.memory import FeedMemory, Memory, StreamMemory


def learn(memory: Memory, stream: bytes) -> None:
    """Learn of a stream everything that there is to remember."""
    memory.keep_feed(stream, FeedMemory(1))
    memory.keep(stream, StreamMemory(1, NEVER, 0, None, None, None))


class Meanwhile:
    """Names to keep; with every look at them, another thread learns of one more stream."""

    def __init__(self, memory, *names):
        self.memory, self.names, self.looks = memory, names, 0

    def __contains__(self, name):
        self.looks += 1
        learn(self.memory, b"late:%d" % self.looks)
        return name in self.names


def test_streams_are_forgotten_while_others_are_learned():
    memory = Memory()
    for name in (b"kept", b"gone", b"also gone"):
        learn(memory, name)
    memory.forget_streams(Meanwhile(memory, b"kept"))
    known = {name for name in (b"kept", b"gone", b"also gone") if memory.stream(name)}
    assert known == {b"kept"}
    assert memory.continuous & {b"kept", b"gone", b"also gone"} == {b"kept"}

"""An incident on a Redis that does not exist, and what that Redis answered."""

from streamgauge.config import RedisConfig
from streamgauge.model.ids import StreamId
from streamgauge.model.looks import Seen, earlier_look
from streamgauge.model.memory import Change, Changes
from streamgauge.report.incident import Asked, incident, narrowed
from streamgauge.source.inquiry import Answer, PendingEntry
from support.looks import AT, consumer, look

SERVER = RedisConfig(name="main", host="127.0.0.1", port=6379)


def entry(seq=0, *, owner=b"w", idle=9.0, deliveries=1, is_held=True):
    return PendingEntry(
        StreamId(int(AT * 1000) - 60_000, seq), 60.0, owner, idle, deliveries, is_held
    )


def answer(*pending, consumers=None, last_delivered=None, refusal=None, server=SERVER):
    listed = (consumer(b"w"),) if consumers is None else consumers
    return Answer(server, AT, last_delivered, pending, listed, refusal)


def incident_on(*streams, name=b"s", group=None, changes=(), asked=None, earlier=None, **fields):
    seen = Seen(look(*streams, **fields), earlier and earlier_look(earlier))
    known = Changes(latest=tuple(changes))
    return incident(narrowed(seen, name), name, group, known, asked or Asked(), SERVER)


def change(group, before, after, ago, *, is_first=False):
    return Change(int((AT - ago) * 1e6), group, before, after, is_first)

"""What is said of looks at a Redis that does not exist."""

from streamgauge.model.looks import earlier_look
from streamgauge.verdict.judge import judge
from support.looks import AT, EVENT, look, stream


def verdict_on(*streams, earlier=None, **fields):
    """The verdict on one look, or on two."""
    return judge(look(*streams, **fields), earlier and earlier_look(earlier))


def found(*streams, **fields):
    """Kind and sentence of every finding in a look."""
    return [
        (one.kind, one.sentence.text(bytes.decode))
        for one in judge(look(*streams, **fields)).findings
    ]


def first_group(now, earlier=None, stream_class=EVENT, seconds=5.0, **fields):
    """The verdict on a group, and with an earlier look at it that was so many seconds before."""
    before = None
    if earlier is not None:
        before = earlier_look(look(stream(stream_class, earlier, **fields), at=AT - seconds))
    return judge(look(stream(stream_class, now, **fields)), before).groups[0]


def shown(verdict):
    """The state of a stream, group or key, and the reason for it."""
    return verdict.state, verdict.reason.text(bytes.decode)

"""The verdict in one line, and as an exit code."""

import pytest

from streamgauge.report.summary import exit_code, summary
from streamgauge.verdict.judge import judge
from support.looks import CONTINUOUS, EVENT, UNCLASSIFIED, group, key, look, stream, unreadable

FLOWING = stream(CONTINUOUS, name=b"feed")
SILENT = stream(EVENT, group(), name=b"jobs", age=9000.0)
UNSAID = stream(UNCLASSIFIED, group(), name=b"lab")
QUIET = stream(CONTINUOUS, group(), name=b"ticks", age=99.0)
BEHIND = stream(EVENT, group(lag=4, lag_seconds=99.0), name=b"late")
UNREADABLE = {"error_counts": [unreadable(CONTINUOUS)]}


@pytest.mark.parametrize(
    ("streams", "fields", "line", "code"),
    [
        (
            [FLOWING, SILENT],
            {},
            "as designed: 2 streams: 1 flowing, 1 idle by design",
            0,
        ),
        # What is unknown is no problem by itself.
        (
            [UNSAID],
            {},
            "was read, but no stream is classified, so none was judged: 1 unclassified",
            0,
        ),
        ([UNSAID, SILENT], {}, "as designed: 2 streams: 1 idle by design, 1 unclassified", 0),
        # Nobody is told that all is well where nothing was looked at.
        ([], {}, "was read, but no stream was found, so nothing was judged", 1),
        ([], {"keys": [key()]}, "as designed: no stream is watched", 0),
        # Nor where most was not looked at.
        ([FLOWING], {"streams_dropped": 9}, "works, with 1 warning: streams left out", 1),
        (
            [FLOWING],
            {"discovery_last_success_timestamp_seconds": None},
            "works, with 1 warning: keyspace not walked",
            1,
        ),
        ([FLOWING, BEHIND], {}, "works, with 1 warning: g on late (behind)", 1),
        ([QUIET, BEHIND], {}, "critical: ticks (quiet); 1 warning", 2),
        ([QUIET], {}, "critical: ticks (quiet)", 2),
        (
            [stream(CONTINUOUS, name=b"%d" % n, age=99.0) for n in range(5)],
            {},
            "critical: 0 (quiet), 1 (quiet), 2 (quiet) and 2 more",
            2,
        ),
        (
            [FLOWING],
            {"keys": [key(), key(b"old", field=b"f", deadline_seconds=-1.0)]},
            "works, with 1 warning: old (deadline passed)",
            1,
        ),
        ([FLOWING], {"keys": [key()]}, "as designed: 1 stream: 1 flowing", 0),
        ([FLOWING], UNREADABLE, "critical: continuous stream unreadable", 2),
        ([], {"up": 0}, "could not be read: nothing is known about its streams", 3),
    ],
)
def test_one_redis(streams, fields, line, code):
    verdict = judge(look(*streams, **fields))
    assert summary(verdict).text(bytes.decode) == line
    assert exit_code([verdict]) == code


def test_of_several_the_worst_counts():
    fine, late, dead = (judge(look(one)) for one in (FLOWING, BEHIND, QUIET))
    gone = judge(look(up=0))
    assert exit_code([]) == 0
    assert exit_code([fine, late]) == 1
    assert exit_code([dead, late, fine]) == 2
    assert exit_code([dead, gone, fine]) == 3

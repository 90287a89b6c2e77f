"""The streams that the reports of the tests tell: a feed with a late group, and empty jobs."""

from support.looks import AT, CONTINUOUS, EVENT, NEVER_WRITTEN, group, look, stream

SMALL = [
    stream(CONTINUOUS, group(lag=4, lag_seconds=70.0), name=b"feed"),
    stream(EVENT, group(b"workers"), name=b"jobs", **NEVER_WRITTEN),
]
BEFORE = look(stream(CONTINUOUS, name=b"feed", entries_added=1, age=12.0, at=AT - 5), at=AT - 5)

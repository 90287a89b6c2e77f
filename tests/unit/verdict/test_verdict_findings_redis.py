"""What is found of a Redis as a whole: unreadable, empty, or not looked at to its end."""

import pytest

from streamgauge.model.records import KeyCount
from streamgauge.verdict.judge import judge
from support.looks import AT, CONTINUOUS, EVENT, MISSING, group, key, look, stream, unreadable
from support.verdicts import found


class TestUnreadable:
    @pytest.mark.parametrize(
        ("stream_class", "kind", "severity"),
        [
            (CONTINUOUS, "continuous stream unreadable", "critical"),
            (EVENT, "stream unreadable", "warning"),
        ],
    )
    def test_a_feed_that_cannot_be_read_is_critical(self, stream_class, kind, severity):
        verdict = judge(look(error_counts=[unreadable(stream_class, "noperm", 2)]))
        assert verdict.findings[0].kind == kind
        assert verdict.severity == severity
        assert verdict.findings[0].sentence.template == (
            f"2 {stream_class} streams could not be read (noperm)"
        )

    def test_a_count_of_none_is_nothing(self):
        assert "stream unreadable" not in dict(
            found(stream(EVENT), error_counts=[unreadable(EVENT, streams=0)])
        )


class TestNothingFound:
    SENTENCE = "nothing was judged: no stream matches discovery.match, and streams declares none"

    def test_a_redis_without_a_stream_is_not_said_to_be_well(self):
        assert found() == [("no stream found", self.SENTENCE)]

    def test_a_walk_that_did_not_end_is_the_reason(self):
        ((_, sentence),) = found(discovery_last_success_timestamp_seconds=None)
        assert sentence == "nothing was judged: the keyspace was not walked to its end"

    @pytest.mark.parametrize(
        "fields",
        [
            {"keys": [key()]},
            {"key_counts": [KeyCount(b"h:*", 0)]},
            {"error_counts": [unreadable(EVENT)]},
        ],
    )
    def test_what_was_judged_or_could_not_be_read_is_something(self, fields):
        assert "no stream found" not in dict(found(**fields))

    def test_a_declared_stream_that_is_not_there_is_something(self):
        assert found(stream(EVENT, **MISSING)) == []


class TestNotLookedAt:
    """What alerts warn of as RedisStreamsDiscoveryStale and RedisStreamsDropped."""

    JOBS = stream(EVENT, group(), name=b"jobs")

    def found(self, **fields):
        verdict = judge(look(self.JOBS, **fields))
        return [(one.kind, one.severity, one.sentence.template) for one in verdict.findings]

    @pytest.mark.parametrize("fields", [{}, {"keys": [key()]}, {"streams_dropped": 1}])
    def test_a_keyspace_never_walked_is_a_warning(self, fields):
        assert "keyspace not walked" not in dict(found(self.JOBS, **fields))
        never = {"discovery_last_success_timestamp_seconds": None}
        assert (
            "keyspace not walked",
            "warning",
            (
                "the keyspace was not walked to its end yet: streams that nobody declared may be "
                "missing here"
            ),
        ) in self.found(**fields, **never)

    @pytest.mark.parametrize(
        ("age", "took", "offset", "is_stale"),
        [
            (3600.0, 0.0, 0.0, False),
            (3601.0, 0.0, 0.0, True),
            (3700.0, 50.0, 0.0, False),
            (3700.0, None, None, True),
            # It was written down by this machine's clock, and the look by the server's.
            (3700.0, 0.0, 200.0, False),
        ],
    )
    def test_a_walk_long_ago_is_one_too(self, age, took, offset, is_stale):
        found = self.found(
            discovery_last_success_timestamp_seconds=AT - age,
            discovery_duration_seconds=took,
            clock_offset_seconds=offset,
        )
        assert [kind for kind, *_ in found] == ["keyspace not walked"] * is_stale

    def test_it_says_how_long_ago(self):
        ((_, severity, sentence),) = self.found(discovery_last_success_timestamp_seconds=AT - 9000)
        assert severity == "warning"
        assert sentence == (
            "the keyspace was last walked to its end 2h30m ago: newer streams are not seen"
        )

    def test_streams_beyond_max_streams_are_a_warning(self):
        assert self.found(streams_dropped=2) == [
            (
                "streams left out",
                "warning",
                (
                    "2 streams were found and not looked at: there are more than "
                    "discovery.max_streams allows"
                ),
            )
        ]

    def test_who_was_not_read_is_not_said_to_be_walked_or_not(self):
        assert self.found(up=0, discovery_last_success_timestamp_seconds=None) == []

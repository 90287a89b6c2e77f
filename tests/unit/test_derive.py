"""From a reading to a record: ages on the server's clock, IDs that are no clocks, limits."""

import math
from dataclasses import replace

from streamgauge.model.derive import absent_record, stream_record
from streamgauge.model.ids import NEVER, StreamId
from streamgauge.model.memory import Memory
from streamgauge.model.readings import GroupReading, PendingReading, StreamReading
from streamgauge.model.records import Consumer
from streamgauge.policy import StreamClass, StreamPolicy
from streamgauge.schedule import Schedule

NOW = 1_800_000_000.0
NOW_US = 1_800_000_000_000_000
EVENT = StreamPolicy(StreamClass.EVENT, lag_limit_seconds=300.0)
CONTINUOUS = StreamPolicy(StreamClass.CONTINUOUS, quiet_limit_seconds=30.0)


def ago(seconds, seq=0):
    return StreamId(int((NOW - seconds) * 1000), seq)


def reading(last_generated, *, at=0.0, groups=(), length=3, first=None, added=None):
    return StreamReading(
        b"s", NOW_US + int(at * 1e6), length, len(groups), last_generated, first, added, groups
    )


def group(last_delivered, **fields):
    return GroupReading(
        b"g",
        **{"consumers": 1, "pending": 0, "entries_read": None, "reported_lag": None} | fields,
        last_delivered=last_delivered,
    )


class TestAge:
    def test_it_is_the_servers_time_less_the_last_generated_id(self):
        stream = stream_record(reading(ago(12.5)), EVENT, Memory())
        assert stream.age_seconds == 12.5
        assert stream.last_entry_timestamp_seconds == NOW - 12.5

    def test_it_is_unknown_where_nothing_was_ever_added(self):
        stream = stream_record(reading(NEVER, length=0), EVENT, Memory())
        assert (stream.exists, stream.length) == (1, 0)
        assert stream.age_seconds is None
        assert stream.last_entry_timestamp_seconds is None
        assert stream.first_entry_timestamp_seconds is None

    def test_an_id_slightly_ahead_is_no_negative_age(self):
        assert stream_record(reading(ago(-59)), EVENT, Memory()).age_seconds == 0.0

    def test_an_id_that_is_no_clock_ages_from_the_first_look(self):
        memory = Memory()
        ages = [
            stream_record(reading(StreamId(5, 1), at=at), EVENT, memory).age_seconds
            for at in (0, 10, 25)
        ]
        assert ages == [0.0, 10.0, 25.0]

    def test_and_from_the_last_change_seen(self):
        memory = Memory()
        ages = [
            stream_record(reading(StreamId(5, seq), at=at), EVENT, memory).age_seconds
            for at, seq in ((0, 1), (10, 2), (15, 2))
        ]
        assert ages == [0.0, 0.0, 5.0]

    def test_a_far_future_id_is_no_clock(self):
        stream = stream_record(reading(ago(-86_400), first=ago(-86_400)), EVENT, Memory())
        assert (stream.age_seconds, stream.age_is_least) == (0.0, True)
        assert stream.last_entry_timestamp_seconds == NOW
        assert stream.first_entry_timestamp_seconds is None

    def test_a_servers_clock_set_back_makes_no_negative_age(self):
        memory = Memory()
        stream_record(reading(StreamId(5, 1), at=60), EVENT, memory)
        assert stream_record(reading(StreamId(5, 1), at=0), EVENT, memory).age_seconds == 0.0


class TestQuietLimit:
    def test_only_continuous_streams_have_one(self):
        assert stream_record(reading(ago(1)), CONTINUOUS, Memory()).quiet_limit_seconds == 30.0
        assert stream_record(reading(ago(1)), EVENT, Memory()).quiet_limit_seconds is None

    def test_a_stream_that_is_missing_keeps_it(self):
        stream = absent_record(b"s", CONTINUOUS, NOW_US, Memory(), frozenset())
        assert (stream.exists, stream.quiet_limit_seconds) == (0, 30.0)
        assert stream.length is None

    def test_it_is_infinite_outside_active_hours(self):
        # NOW is Friday 2027-01-15 08:00 UTC
        closed = StreamPolicy(
            StreamClass.CONTINUOUS,
            quiet_limit_seconds=30.0,
            active=Schedule("mon-fri", "09:00-17:00", "UTC"),
        )
        assert stream_record(reading(ago(1)), closed, Memory()).quiet_limit_seconds == math.inf


class TestLagSeconds:
    def lag_seconds(self, memory, *, at=0.0, **fields):
        stream = reading(ago(0), at=at, first=ago(90), groups=(group(ago(60), **fields),))
        return stream_record(stream, EVENT, memory).groups[0].lag_seconds

    def test_a_group_with_nothing_undelivered_does_not_lag(self):
        assert self.lag_seconds(Memory()) == 0.0

    def test_it_is_the_age_of_the_oldest_undelivered_entry(self):
        assert self.lag_seconds(Memory(), oldest_undelivered=ago(42)) == 42.0

    def test_an_entry_whose_id_is_no_clock_waits_since_it_was_first_seen(self):
        memory, entry = Memory(), StreamId(7, 1)
        waits = [self.lag_seconds(memory, at=at, oldest_undelivered=entry) for at in (0, 20)]
        assert waits == [0.0, 20.0]


class TestGroup:
    def record(self, policy=EVENT, **fields):
        stream = reading(ago(0), first=ago(90), groups=(group(ago(0), **fields),), added=3)
        return stream_record(stream, policy, Memory()).groups[0]

    def test_limits_come_from_the_policy(self):
        assert self.record().lag_limit_seconds == 300.0
        assert self.record(StreamPolicy(StreamClass.UNCLASSIFIED)).lag_limit_seconds is None

    def test_the_oldest_pending_entry_has_an_age_and_deliveries(self):
        found = self.record(pending=1, oldest_pending=PendingReading(ago(33), 5_000, 7))
        assert (found.oldest_pending_age_seconds, found.oldest_pending_deliveries) == (33.0, 7)

    def test_a_pending_entry_is_unacknowledged_for_as_long_as_it_is_idle_when_delivered_once(self):
        found = self.record(pending=1, oldest_pending=PendingReading(StreamId(5, 1), 5_000, 1))
        assert (found.oldest_pending_age_seconds, found.unacknowledged_seconds) == (0.0, 5.0)

    def test_one_that_was_delivered_again_is_unacknowledged_since_the_first_look(self):
        found = self.record(pending=1, oldest_pending=PendingReading(ago(33), 5_000, 2))
        assert (found.oldest_pending_age_seconds, found.unacknowledged_seconds) == (33.0, 0.0)

    def test_nothing_pending_is_zero_not_unknown(self):
        found = self.record()
        assert (found.oldest_pending_age_seconds, found.oldest_pending_deliveries) == (0.0, 0)

    def test_its_consumers_are_as_they_were_read(self):
        consumer = Consumer(b"c", 2, 1.5, None)
        assert self.record(consumer_list=(consumer,)).consumer_list == (consumer,)

    def test_a_group_that_was_delivered_nothing_has_no_time_of_delivery(self):
        stream = reading(ago(0), first=ago(9), groups=(group(NEVER),))
        record = stream_record(stream, EVENT, Memory()).groups[0]
        assert record.last_delivered_timestamp_seconds is None


class TestMemory:
    @staticmethod
    def of_a_lag_that_is_none(*, reported, read, added, first):
        """A memory of a group at the end of its stream that Redis said lags all the same."""
        memory = Memory()
        caught_up = group(ago(10), entries_read=read, reported_lag=reported)
        stream_record(
            reading(ago(10), first=first, groups=(caught_up,), added=added), EVENT, memory
        )
        return memory

    def test_a_learned_error_is_applied_to_the_same_group_later(self):
        memory = self.of_a_lag_that_is_none(reported=950, read=50, added=1000, first=ago(20))
        behind = group(ago(10), entries_read=50, reported_lag=951, oldest_undelivered=ago(5))
        stream = reading(ago(5), first=ago(20), groups=(behind,), added=1001)
        assert stream_record(stream, EVENT, memory).groups[0].lag == 1

    def test_it_is_forgotten_with_a_stream_whose_counters_have_passed_the_old_ones(self):
        memory = self.of_a_lag_that_is_none(reported=5, read=5, added=10, first=ago(12))
        behind = group(ago(5), entries_read=12, reported_lag=8, oldest_undelivered=ago(4))
        again = reading(ago(1), first=ago(9), groups=(behind,), length=20, added=20)
        assert stream_record(again, EVENT, memory).groups[0].lag == 8

    def test_it_is_kept_of_a_stream_that_went_on(self):
        memory = self.of_a_lag_that_is_none(reported=5, read=5, added=10, first=ago(12))
        behind = group(ago(9), entries_read=6, reported_lag=24, oldest_undelivered=ago(8))
        trimmed = reading(ago(1), first=ago(9), groups=(behind,), length=20, added=30)
        assert stream_record(trimmed, EVENT, memory).groups[0].lag == 19

    def test_it_is_forgotten_with_the_stream(self):
        memory = self.of_a_lag_that_is_none(reported=950, read=50, added=1000, first=None)
        absent_record(b"s", EVENT, NOW_US, memory, frozenset())
        assert memory.stream(b"s") is None

    def test_only_continuous_streams_are_remembered_to_have_existed(self):
        memory = Memory()
        stream_record(replace(reading(ago(1)), name=b"event"), EVENT, memory)
        stream_record(replace(reading(ago(1)), name=b"feed"), CONTINUOUS, memory)
        assert memory.continuous == {b"feed"}

    def test_nothing_is_kept_of_streams_no_longer_watched(self):
        memory = Memory()
        odd = group(StreamId(3, 0), oldest_undelivered=StreamId(4, 0))
        stream_record(reading(StreamId(5, 1), groups=(odd,)), CONTINUOUS, memory)
        memory.forget_streams(frozenset())
        assert memory.continuous == frozenset()
        assert memory.stream(b"s") is None


class TestReplica:
    def test_its_lag_in_entries_is_withheld_and_nothing_else(self):
        behind = group(ago(5), reported_lag=2, entries_read=1, oldest_undelivered=ago(4))
        caught_up = group(ago(1), reported_lag=0, entries_read=3)
        primary = reading(ago(1), groups=(behind, caught_up), first=ago(5), added=3)
        replica = replace(primary, from_replica=True)
        shown = stream_record(primary, EVENT, Memory())
        hidden = stream_record(replica, EVENT, Memory())
        assert [one.lag for one in shown.groups] == [2, 0]
        assert [one.lag for one in hidden.groups] == [None, None]
        without_lag = tuple(one._replace(lag=None) for one in shown.groups)
        assert hidden == shown._replace(groups=without_lag)

    def test_nothing_is_learned_of_a_lag_that_a_replica_reports(self):
        memory = Memory()
        at_the_end = group(ago(1), reported_lag=950, entries_read=50)
        seen = reading(ago(1), groups=(at_the_end,), added=1000)
        stream_record(replace(seen, from_replica=True), EVENT, memory)
        assert memory.stream(b"s").groups[b"g"].lag_error is None
        stream_record(seen, EVENT, memory)
        assert memory.stream(b"s").groups[b"g"].lag_error is not None

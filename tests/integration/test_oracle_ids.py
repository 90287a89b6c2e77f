"""Ages and times where an entry's ID is a time, and where it is not."""

import pytest

from support.history import Witness
from support.metrics import ENTRY_AGES, ENTRY_TIMES, Scrape
from support.oracle import ZERO, Policy, StreamId

EVENT = Policy("event", lag_limit=300)


def ages(scrape: Scrape, stream: str) -> list[float]:
    series = scrape.of(stream)
    return [value for name in ENTRY_AGES for value in series[name].values()]


@pytest.fixture
def stream(request: pytest.FixtureRequest) -> str:
    """A stream name that no other test uses."""
    return f"event:{request.node.originalname}"


def test_automatic_ids_give_exact_times_and_ages(witness: Witness, stream: str) -> None:
    history = witness.history
    first, *_, last = history.add(stream, count=5)
    history.create_group(stream, "g")
    (delivered,) = history.read(stream, "g", "c")
    scrape = witness.check(stream, EVENT)
    assert {name: scrape.of(stream)[name] for name in ENTRY_TIMES} == {
        "redis_stream_last_entry_timestamp_seconds": {("event",): last.ms / 1000},
        "redis_stream_first_entry_timestamp_seconds": {("event",): first.ms / 1000},
        "redis_stream_group_last_delivered_timestamp_seconds": {
            ("event", "g"): delivered.ms / 1000
        },
    }


def test_last_entry_age_survives_trimming_and_deletion(witness: Witness, stream: str) -> None:
    history = witness.history
    an_hour_ago = int(history.now() * 1000) - 3_600_000
    ids = history.add(stream, f"{an_hour_ago}-0", count=3)
    history.delete(stream, ids[-1])
    assert witness.check(stream, EVENT).of(stream)["redis_stream_length"] == {("event",): 2}
    history.trim(stream, 0)
    series = witness.check(stream, EVENT).of(stream)
    assert series["redis_stream_last_entry_timestamp_seconds"] == {("event",): an_hour_ago / 1000}
    assert "redis_stream_first_entry_timestamp_seconds" not in series


def test_stream_that_was_never_written_has_no_age(witness: Witness, stream: str) -> None:
    history = witness.history
    history.create_group(stream, "g", mkstream=True)
    series = witness.check(stream, EVENT).of(stream)
    assert history.streams[stream].last_generated == ZERO
    assert not ENTRY_TIMES & series.keys()
    assert "redis_stream_last_entry_age_seconds" not in series


@pytest.mark.parametrize("ahead", [None, 3600], ids=["a counter", "an hour ahead"])
def test_ids_that_are_no_times_give_ages_since_this_process_saw_them(
    witness: Witness, stream: str, ahead: int | None
) -> None:
    history = witness.history
    stream += str(ahead)
    start = StreamId(int((history.now() + ahead) * 1000), 0) if ahead else StreamId(5, 1)
    history.add(stream, str(start), count=4)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 2)
    series = witness.check(stream, EVENT).of(stream)
    assert ENTRY_TIMES & series.keys() == {"redis_stream_last_entry_timestamp_seconds"}
    witness.exporter.scrape_until(
        lambda scrape: min(ages(scrape, stream)) > 0.15, "the ages are more than nothing"
    )
    witness.check(stream, EVENT)
    # The next entry begins its own age; the group still waits for the one of before.
    history.add(stream, str(start._replace(seq=start.seq + 4)))
    witness.check(stream, EVENT)
    history.read(stream, "g", "c", 1)
    witness.check(stream, EVENT)
    history.read(stream, "g", "c", 2)
    witness.check(stream, EVENT)


def test_automatic_id_after_a_future_one_is_no_time_either(witness: Witness, stream: str) -> None:
    history = witness.history
    ahead = int(history.now() * 1000) + 3_600_000
    history.add(stream, f"{ahead}-0")
    (pushed,) = history.add(stream)
    assert pushed == StreamId(ahead, 1)
    witness.check(stream, EVENT)


def test_id_a_moment_ahead_arrived_when_it_was_seen_and_its_age_is_not_negative(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    ahead = int(history.now() * 1000) + 30_000
    history.add(stream, f"{ahead}-0")
    history.create_group(stream, "g")
    series = witness.check(stream, EVENT).of(stream)
    assert series["redis_stream_last_entry_age_seconds"] == {("event",): 0}
    assert series["redis_stream_group_lag_seconds"] == {("event", "g"): 0}
    (arrived,) = series["redis_stream_last_entry_timestamp_seconds"].values()
    assert arrived < ahead / 1000 - 20


def test_first_id_may_be_no_time_while_the_last_one_is(witness: Witness, stream: str) -> None:
    history = witness.history
    history.add(stream, "5-1")
    history.add(stream, count=2)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 1)
    witness.check(stream, EVENT)
    history.read(stream, "g", "c", 1)
    witness.check(stream, EVENT)


def test_sequence_numbers_beyond_the_exactness_of_floats_order_the_ids(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    ms = int(history.now() * 1000) - 1000
    huge = 2**63 - 10
    history.add(stream, f"{ms}-{huge}", count=4)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 3)
    witness.check(stream, EVENT)
    history.read(stream, "g", "c", 1)
    scrape = witness.check(stream, EVENT)
    assert scrape.of(stream)["redis_stream_group_lag"] == {("event", "g"): 0}

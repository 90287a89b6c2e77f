"""Lag, against histories where Redis's own lag is nil or wrong; the oracle is support/oracle.py."""

import pytest

from support.history import Witness
from support.metrics import Scrape
from support.oracle import Policy

EVENT = Policy("event", lag_limit=300)


@pytest.fixture
def stream(request: pytest.FixtureRequest) -> str:
    """A stream name that no other test uses."""
    return f"event:{request.node.originalname}"


def lag(scrape: Scrape, stream: str, group: str = "g") -> float | None:
    return scrape["redis_stream_group_lag"].get((stream, "event", group))


def lag_seconds(scrape: Scrape, stream: str, group: str = "g") -> float | None:
    return scrape["redis_stream_group_lag_seconds"].get((stream, "event", group))


def test_group_in_the_middle_lags_by_what_redis_counts_and_is_unknown_where_it_does_not_count(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    history.add(stream, count=30)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 3)
    scrape = witness.check(stream, EVENT)
    assert lag(scrape, stream) == (27 if history.release.tells_lag else None)


def test_group_created_at_an_arbitrary_id_is_unknown_until_it_reaches_the_end(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    ids = history.add(stream, count=30)
    history.create_group(stream, "g", str(ids[4]))
    assert lag(witness.check(stream, EVENT), stream) is None
    history.read(stream, "g", "c", 2)
    assert lag(witness.check(stream, EVENT), stream) is None
    history.read(stream, "g", "c", 30)
    assert lag(witness.check(stream, EVENT), stream) == 0
    history.add(stream, count=3)
    assert lag(witness.check(stream, EVENT), stream) == 3


def test_group_set_back_by_setid_is_unknown_until_it_reaches_the_end(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    ids = history.add(stream, count=30)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 30)
    history.set_group(stream, "g", str(ids[2]))
    assert lag(witness.check(stream, EVENT), stream) is None
    history.set_group(stream, "g", "$")
    assert lag(witness.check(stream, EVENT), stream) == 0


def test_group_with_a_deleted_entry_ahead_is_unknown_until_it_has_passed_it(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    ids = history.add(stream, count=30)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 3)
    history.delete(stream, ids[6])
    assert lag(witness.check(stream, EVENT), stream) is None
    history.read(stream, "g", "c", 26)
    assert lag(witness.check(stream, EVENT), stream) == 0


def test_group_with_nothing_but_deleted_entries_ahead_waits_for_nothing(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    ids = history.add(stream, count=10)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 7)
    history.delete(stream, *ids[7:])
    scrape = witness.check(stream, EVENT, "redis_stream_group_lag_seconds", "redis_stream_length")
    assert lag_seconds(scrape, stream) == 0
    assert lag(scrape, stream) in (None, 0)


def test_trim_past_a_stalled_group_leaves_no_phantom_lag_behind(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    history.add(stream, count=1000)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 5)
    history.trim(stream, 50)
    assert lag(witness.check(stream, EVENT), stream) == 50
    history.read(stream, "g", "c", 50)
    if history.release.version == "7.0":
        assert history.reported(stream)["g"].lag == 945  # for good, if nobody corrects it
    assert lag(witness.check(stream, EVENT), stream) == 0
    history.add(stream, count=7)
    assert lag(witness.check(stream, EVENT), stream) == 7
    history.read(stream, "g", "c", 4)
    assert lag(witness.check(stream, EVENT), stream) == 3
    history.read(stream, "g", "c", 3)
    assert lag(witness.check(stream, EVENT), stream) == 0


def test_phantom_lag_that_nobody_saw_begin_is_unknown_and_never_the_phantom(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    history.add(stream, count=1000)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 5)
    history.trim(stream, 50)
    history.read(stream, "g", "c", 50)
    history.add(stream, count=17)
    shown = lag(witness.check(stream, EVENT), stream)
    if history.release.version == "7.0":
        assert history.reported(stream)["g"].lag == 962
    assert shown == (None if history.release.version in ("6.2", "7.0") else 17)


def test_learned_error_is_forgotten_when_the_stream_begins_anew(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    history.add(stream, count=30)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 1)
    history.trim(stream, 20)
    history.read(stream, "g", "c", 20)
    assert lag(witness.check(stream, EVENT), stream) == 0
    history.drop(stream)
    history.add(stream, count=20)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 5)
    expected = 15 if history.release.tells_lag else None
    assert lag(witness.check(stream, EVENT), stream) == expected


@pytest.mark.parametrize("how", ["moved to the end", "created again"])
def test_learned_error_is_forgotten_when_a_caught_up_group_is_seen_without_one(
    witness: Witness, stream: str, how: str
) -> None:
    history = witness.history
    stream += how
    history.add(stream, count=20)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 1)
    history.trim(stream, 14)
    history.read(stream, "g", "c", 14)
    assert lag(witness.check(stream, EVENT), stream) == 0
    if how == "moved to the end":
        history.set_group(stream, "g", "$")
    else:
        history.drop_group(stream, "g")
        history.create_group(stream, "g", "$")
    assert lag(witness.check(stream, EVENT), stream) == 0
    history.add(stream, count=10)
    history.read(stream, "g", "c", 10)
    history.add(stream, count=10)
    history.read(stream, "g", "c", 2)
    assert lag(witness.check(stream, EVENT), stream) == 8


def test_entries_lost_within_the_stream_never_give_more_than_redis_says(
    witness: Witness, stream: str
) -> None:
    """Fifteen entries were trimmed, five of them unread: Redis 7.0 counts these five as waiting."""
    history = witness.history
    history.add(stream, count=100)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 10)
    history.trim(stream, 85)
    assert lag(witness.check(stream, EVENT), stream) == 85
    history.read(stream, "g", "c", 45)
    said = lag(witness.check(stream, EVENT), stream)
    assert said == history.reported(stream)["g"].lag
    assert said is None or 40 <= said <= 45


def test_negative_lag_of_entriesread_beyond_the_stream_is_unknown(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    ids = history.add(stream, count=20)
    told = history.release.tells_lag  # and XGROUP CREATE takes ENTRIESREAD
    history.create_group(stream, "g", str(ids[0]), entries_read=100 if told else None)
    assert lag(witness.check(stream, EVENT), stream) is None
    history.read(stream, "g", "c", 19)
    assert lag(witness.check(stream, EVENT), stream) == 0


def test_cursor_before_the_first_entry_lags_by_exactly_the_length(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    history.add(stream, count=6)
    history.create_group(stream, "g", "0-1")
    assert lag(witness.check(stream, EVENT), stream) == 6
    history.trim(stream, 4)
    assert lag(witness.check(stream, EVENT), stream) == 4


def test_cursor_beyond_the_last_entry_lags_by_nothing(witness: Witness, stream: str) -> None:
    history = witness.history
    ids = history.add(stream, count=6)
    history.create_group(stream, "g", f"{ids[-1].ms + 30_000}-0")
    scrape = witness.check(stream, EVENT)
    assert (lag(scrape, stream), lag_seconds(scrape, stream)) == (0, 0)


def test_emptied_stream_has_no_lag_and_refilled_counts_anew(witness: Witness, stream: str) -> None:
    history = witness.history
    history.add(stream, count=20)
    history.create_group(stream, "g")
    history.read(stream, "g", "c", 4)
    history.trim(stream, 0)
    scrape = witness.check(stream, EVENT)
    assert (lag(scrape, stream), lag_seconds(scrape, stream)) == (0, 0)
    history.add(stream, count=5)
    assert lag(witness.check(stream, EVENT), stream) == 5
    history.read(stream, "g", "c", 2)
    scrape = witness.check(stream, EVENT, "redis_stream_group_lag_seconds", "redis_stream_length")
    assert lag(scrape, stream) == 3
    history.read(stream, "g", "c", 3)
    assert lag(witness.check(stream, EVENT), stream) == 0
    history.add(stream, count=2)
    history.read(stream, "g", "c", 1)
    assert lag(witness.check(stream, EVENT), stream) == 1


def test_groups_of_one_stream_are_judged_each_by_its_own_cursor(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    history.add(stream, count=40)
    for group in ("behind", "halfway", "done"):
        history.create_group(stream, group)
    history.read(stream, "halfway", "c", 20)
    history.read(stream, "done", "c", 40)
    scrape = witness.check(stream, EVENT)
    assert lag(scrape, stream, "behind") == 40
    assert lag(scrape, stream, "halfway") == (20 if history.release.tells_lag else None)
    assert lag(scrape, stream, "done") == 0


def test_few_entries_that_wait_are_counted_whatever_the_server_says(
    witness: Witness, stream: str
) -> None:
    history = witness.history
    ids = history.add(stream, count=30)
    history.create_group(stream, "g", str(ids[18]))
    assert lag(witness.check(stream, EVENT), stream) is None
    history.read(stream, "g", "c", 1)
    assert lag(witness.check(stream, EVENT), stream) == 10
    history.delete(stream, ids[25])
    assert lag(witness.check(stream, EVENT), stream) == 9

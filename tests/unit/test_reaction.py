"""For how long a trigger has gone unanswered: each rule alone, with the time as an argument."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.model.ids import NEVER, StreamId
from streamgauge.model.reaction import Side, limited, looked_at, place_to_ask

NOW = 1_800_000_000


def at(seconds, seq=0):
    """The ID of an entry that was added so many seconds after NOW."""
    return StreamId(int((NOW + seconds) * 1000), seq)


class Pair:
    """Two streams, and an exporter that looks at them; keeps every trigger for a look back."""

    def __init__(self, slack_seconds=0):
        self.triggers, self.answers = [], []
        self.known = None
        self.slack_us = int(slack_seconds * 1e6)

    def look(self, seconds):
        now_us = int((NOW + seconds) * 1e6)
        after = self._side(now_us, self.triggers)
        expect = self._side(now_us, self.answers)
        place = place_to_ask(self.known, after, expect, self.slack_us)
        behind = [] if place is None else [one for one in self.triggers if one > place]
        found = min(behind, default=None)
        self.known = looked_at(self.known, after, expect, found, self.slack_us)
        return self.known.wait_seconds

    def _side(self, now_us, ids):
        return Side(now_us, max(ids, default=NEVER), min(ids, default=None))


# triggers, answers (seconds), then how long one waits at 1000, at the first look of all
FIRST_LOOK = {
    "nothing was ever added": ((), (), 0),
    "an answer to nothing": ((), (900,), 0),
    "never answered: as old as the first that is held": ((100, 500), (), 900),
    "answered": ((100, 500), (501,), 0),
    "in the same millisecond: answered": ((500,), (500,), 0),
    "never older than the last answer": ((100, 500, 700), (300,), 500),
    "the answer came before its trigger": ((500,), (400,), 500),
    "no times, never answered: from now on": ((-NOW + 5,), (), 0),
    "no times, and an answer: answered": ((-NOW + 5,), (400,), 0),
    "an answer whose ID is no time": ((500,), (-NOW + 5,), 0),
}


@pytest.mark.parametrize("case", FIRST_LOOK)
def test_first_look(case):
    pair = Pair()
    triggers, answers, wait = FIRST_LOOK[case]
    pair.triggers, pair.answers = [*map(at, triggers)], [*map(at, answers)]
    assert pair.look(1000) == wait


def test_before_the_answers_stream_was_read_the_oldest_is_in_doubt_until_the_next_look():
    after = Side((NOW + 1000) * 1_000_000, at(700), at(100))
    expect = Side((NOW + 1000) * 1_000_000, at(300))
    assert place_to_ask(None, after, None, 0) is None
    first = looked_at(None, after, expect)
    assert first.wait_seconds == 300
    place = place_to_ask(first, after, expect, 0)
    assert at(300) < place < at(300.001)
    later = looked_at(first, after, expect, at(500))
    assert (later.wait_seconds, later.doubt) == (500, None)


def test_a_trigger_in_another_servers_time_is_answered_within_the_slack():
    pair = Pair(slack_seconds=5)
    pair.look(0)
    pair.triggers, pair.answers = [at(10)], [at(6)]
    assert pair.look(20) == 0
    pair.triggers, pair.answers = [at(40)], [at(30)]
    assert pair.look(50) == 10


def test_a_missing_stream_whose_ids_are_no_times_may_begin_with_the_same_id():
    pair = Pair()
    pair.triggers = [StreamId(5, 1)]
    pair.look(0)
    pair.answers = [StreamId(1, 1)]
    assert pair.look(60) == 0
    pair.triggers = []
    pair.look(120)
    pair.triggers = [StreamId(5, 1)]
    pair.look(180)
    assert pair.look(240) == 60


def test_a_stream_that_went_back_in_time_is_an_older_copy():
    pair = Pair()
    pair.triggers, pair.answers = [at(0)], [at(1)]
    pair.look(10)
    pair.triggers = [at(-50)]
    assert pair.look(600) == 0


ids = st.integers(0, 200).map(lambda tenths: tenths / 10)


@given(
    st.lists(st.tuples(ids, st.booleans()), max_size=12),
    st.lists(ids.map(lambda moment: moment + 0.05), min_size=1, max_size=8),
)
def test_it_is_the_oldest_trigger_after_the_last_answer(entries, moments):
    """With IDs that are times, whenever it is looked and whoever looks, if it is all held."""
    pair = Pair()
    for moment in sorted(moments):
        came = [(when, is_answer) for when, is_answer in entries if when < moment]
        pair.triggers = [at(when, 1) for when, is_answer in came if not is_answer]
        pair.answers = [at(when, 2) for when, is_answer in came if is_answer]
        last = max(pair.answers, default=NEVER)
        open_since = min((one.ms for one in pair.triggers if one.ms > last.ms), default=None)
        truth = 0 if open_since is None else moment - (open_since / 1000 - NOW)
        assert pair.look(moment) == pytest.approx(truth, abs=0.01)


def test_the_limit_is_lifted_for_five_minutes_after_an_outage_and_not_renewed():
    known = None
    limits = []
    for seconds, is_disturbed in (
        (0, False),
        (100, True),
        (399, True),
        (401, False),
        (605, False),
        (700, True),
    ):
        side = Side((NOW + seconds) * 1_000_000, at(0))
        seen = looked_at(known, side, Side(side.at_us))
        known, limit = limited(seen, known, 600, look=1, is_disturbed=is_disturbed)
        limits.append(limit)
    assert limits == [600, float("inf"), float("inf"), 600, 600, 600]


def test_a_trigger_that_is_overdue_has_no_limit_lifted():
    side = Side((NOW + 1000) * 1_000_000, at(0))
    seen = looked_at(None, side, Side(side.at_us))
    known, _ = limited(seen, None, 600, look=1, is_disturbed=False)
    assert not known.is_within
    assert limited(seen, known, 600, look=2, is_disturbed=True)[1] == 600

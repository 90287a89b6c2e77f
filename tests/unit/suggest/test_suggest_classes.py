"""The class and limits proposed for simulated streams, against what a person would say of them."""

import math
import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.config.model import DEFAULT_CLASSES
from streamgauge.model.ids import StreamId
from streamgauge.model.readings import GroupCursor, History
from streamgauge.policy import StreamClass, StreamPolicy
from streamgauge.suggest.limits import rounded_up
from streamgauge.suggest.proposal import Proposal, Terms, agreed
from streamgauge.suggest.propose import propose
from support.arrivals import DAY, HOUR, NOW, history_of
from support.labelled import PROCESSES, Labelled, drawn

SEEDS = ("", "again", "once more")
CLASSES = ("continuous", "hybrid", "event", "unclassified")


def proposed(history: History) -> Proposal:
    return propose(history, DEFAULT_CLASSES)


def class_of(proposal: Proposal) -> str:
    return proposal.terms.stream_class if proposal.terms else "unclassified"


def would_have_paged(arrivals: list[float], terms: Terms | None) -> bool:
    """Replay a history against the policy that the exporter would follow, minute by minute."""
    if terms is None:
        return False
    policy = StreamPolicy(
        terms.stream_class, quiet_limit_seconds=terms.quiet_limit_seconds, active=terms.active
    )
    limit = terms.quiet_limit_seconds
    if limit is None:
        return False
    for earlier, later in pairwise(arrivals):
        moment = earlier + limit
        while moment < later:
            if moment - earlier > (policy.quiet_limit_at(moment) or math.inf):
                return True
            moment += min(60, limit / 4)
    return False


@pytest.fixture(scope="module")
def outcomes(request) -> list[tuple[Labelled, Proposal]]:
    seeds = SEEDS if request.config.getoption("nightly") else SEEDS[:1]
    return [(each, proposed(each.history(seed))) for each in PROCESSES for seed in seeds]


def test_at_least_95_percent_of_the_labelled_processes_get_their_class(outcomes, capsys):
    assert len(PROCESSES) >= 60
    matrix = Counter(
        (each.label or "unclassified", class_of(proposal)) for each, proposal in outcomes
    )
    wrong = [
        f"{each.name}: {each.label} and not {class_of(proposal)}"
        for each, proposal in outcomes
        if (each.label or "unclassified") != class_of(proposal)
    ]
    with capsys.disabled():
        print(f"\n{len(PROCESSES)} processes, {len(outcomes)} histories; a row is a label")
        print(" " * 13 + "".join(f"{name:>13}" for name in CLASSES))
        for label in CLASSES:
            print(f"{label:13}" + "".join(f"{matrix[label, name]:13}" for name in CLASSES))
        print("\n".join(wrong) or "none is wrong")
    assert len(wrong) <= 0.05 * len(outcomes)


def test_the_share_holds_for_every_kind_of_process(outcomes):
    right, all_of = Counter[str](), Counter[str]()
    for each, proposal in outcomes:
        all_of[each.kind] += 1
        right[each.kind] += (each.label or "unclassified") == class_of(proposal)
    assert {kind for kind in all_of if right[kind] < 0.9 * all_of[kind]} == set()


def test_processes_that_nobody_chose_get_their_class_too():
    outcomes = [(each, each.history()) for each in drawn(random.Random(60), 15)]
    wrong = [
        f"{each.name}: {class_of(proposal)} ({proposal.class_reason})"
        for each, history in outcomes
        if class_of(proposal := proposed(history)) != each.label
        or would_have_paged(history.arrivals(), proposal.terms)
    ]
    print(f"\n{len(wrong)} of {len(outcomes)} wrong", *wrong, sep="\n")
    assert len(wrong) <= 0.05 * len(outcomes)


@pytest.mark.parametrize("each", PROCESSES, ids=lambda each: each.name)
def test_its_own_history_would_never_have_paged(each):
    for seed in SEEDS:
        history = each.history(seed)
        assert not would_have_paged(history.arrivals(), proposed(history).terms)


@pytest.mark.parametrize(
    "each", [each for each in PROCESSES if each.label == "continuous"], ids=lambda each: each.name
)
def test_hours_are_found_where_there_are_any_and_silence_is_told(each):
    proposal = proposed(each.history())
    assert proposal.terms is not None
    assert (proposal.terms.active is not None) == each.active
    assert (proposal.silent_seconds is not None) == (each.kind == "dead")


@pytest.mark.parametrize(
    ("name", "days", "hours"),
    [
        ("US market, a minute bar, 3 weeks", "mon-fri", "14:30-21:00"),
        ("Tokyo with its lunch break", "mon-fri", "00:00-02:30,03:30-06:00"),
        ("across midnight, every day", "mon-sun", "22:00-04:00"),
        ("weekdays, day and night", "mon-fri", "00:00-24:00"),
        ("European market, weekdays", "mon-fri", "08:00-16:30"),
    ],
)
def test_the_hours_are_those_of_the_process(name, days, hours):
    each = next(each for each in PROCESSES if each.name == name)
    terms = proposed(each.history()).terms
    assert terms is not None
    assert terms.active is not None
    assert (terms.active.days, terms.active.hours, terms.active.timezone) == (days, hours, "UTC")


def test_days_that_nobody_saw_are_told():
    each = next(each for each in PROCESSES if each.name == "US market, 10 s, 4 days")
    assert "none on thu yet: too short a history" in proposed(each.history()).active_reason


gaps = st.one_of(
    st.floats(0, 5), st.floats(0, 600), st.floats(0, 3 * DAY), st.sampled_from([1.0, 60.0, HOUR])
)


@given(st.lists(gaps, max_size=80), st.integers(1, 40), st.floats(0, 30 * DAY))
def test_no_history_at_all_breaks_the_limit_it_gave(lengths, repeats, silent):
    times = [NOW]
    for length in lengths * repeats:
        times.append(times[-1] - length)
    history = history_of(times, silent=silent)
    assert not would_have_paged(history.arrivals(), proposed(history).terms)


@given(st.floats(0.001, 300 * DAY))
def test_a_limit_is_rounded_up_and_not_beyond_double(seconds):
    assert seconds <= rounded_up(seconds) <= max(30, 2 * seconds)


class TestEvidence:
    def of(self, name: str) -> Proposal:
        return proposed(next(each for each in PROCESSES if each.name == name).history())

    def test_the_longest_gaps_are_counted(self):
        assert self.of("poisson 1 s").quiet_reason == (
            "9 of 9,999 gaps over 6.4s; longest 8s in 2h48m"
        )

    def test_a_short_history_says_what_it_cannot_tell(self):
        assert "too short to tell of nights: 2h46m seen" in self.of("steady 1 s").class_reason
        assert "too short to tell of weekends: 1d3h seen" in self.of("steady 10 s").class_reason
        assert "too short" not in self.of("jittered 10 min").class_reason

    def test_bursts_and_outages_are_named(self):
        assert "in bursts, one every 1h" in self.of("hourly, 20 min long").class_reason
        outage = self.of("steady 2 s, an outage of 20 min")
        assert "1 outage of up to 20m2s apart" in outage.class_reason
        assert "longest 20m2s" in outage.quiet_reason

    def test_more_is_to_be_had_where_the_stream_holds_more(self):
        history = history_of([NOW - each for each in range(200)])
        assert "--entries" not in proposed(history).class_reason
        longer = History(**{f: getattr(history, f) for f in history.__slots__} | {"length": 900})
        assert "(--entries reads more)" in proposed(longer).class_reason


class TestWhatDoesNotTell:
    def test_ids_that_are_no_times(self):
        ids = tuple(StreamId(n, 1) for n in range(1, 500))
        found = proposed(History(b"s", 1_771_373_520_000, ids, 499, ids[-1]))
        assert (found.terms, found.class_reason) == (None, "its IDs are no times")

    def test_ids_in_the_future(self):
        history = history_of([NOW - each for each in range(500)])
        ahead = History(history.name, history.now_ms - 3_600_000, history.ids, 500, history.ids[-1])
        assert proposed(ahead).class_reason == "its IDs are no times"

    def test_holes_in_a_history(self):
        history = history_of([NOW - 900 * each * each for each in range(40)])
        assert class_of(proposed(history)) == "event"
        fields = {f: getattr(history, f) for f in history.__slots__}
        holes = History(**fields | {"max_deleted": history.ids[20]})
        found = proposed(holes)
        assert found.terms is None
        assert "deleted from between" in found.class_reason

    def test_the_last_entry_counts_when_it_is_gone(self):
        last = StreamId(int(NOW * 1000), 0)
        history = History(b"s", last.ms + 30_000, (), 0, last, entries_added=5)
        assert history.arrivals() == [NOW]
        assert proposed(history).terms is None


class TestGroups:
    def history(self, *groups: GroupCursor) -> History:
        even = history_of([NOW - each for each in range(600)])
        return History(
            even.name, even.now_ms, even.ids, even.length, even.last_generated, groups=groups
        )

    def test_the_limit_is_the_default_and_what_waits_now_is_told(self):
        history = self.history()
        caught_up = GroupCursor(b"a", history.ids[-1])
        behind = GroupCursor(b"b", history.ids[-11])
        assert "no consumer group" in proposed(history).lag_reason
        assert "nothing waits for its group" in proposed(self.history(caught_up)).lag_reason
        reason = proposed(self.history(caught_up, behind)).lag_reason
        assert reason == "the default; the oldest entry that waits for its 2 groups is 9s old"

    def test_a_group_that_would_page_at_once_is_named(self):
        old = GroupCursor(b"old\n", StreamId(0, 0))
        found = proposed(self.history(old))
        assert found.slow_groups is not None
        assert found.slow_groups.names == (b"old\n",)
        assert found.slow_groups.template == "9m59s for {}"
        assert found.terms is not None
        assert found.terms.lag_limit_seconds == 300

    def test_groups_that_may_not_be_read(self):
        history = history_of([NOW - each for each in range(600)])
        unknown = History(
            history.name, history.now_ms, history.ids, 600, history.ids[-1], groups=None
        )
        assert proposed(unknown).lag_reason == "the default; its groups may not be read"


class TestSeveralServers:
    def test_the_longer_limit_counts(self):
        slow = proposed(history_of([NOW - 60 * each for each in range(600)]))
        fast = proposed(history_of([NOW - each for each in range(600)], silent=HOUR))
        assert slow.terms is not None
        for found in (agreed(slow, fast), agreed(fast, slow)):
            assert found.terms == slow.terms
            assert found.silent_seconds == HOUR

    def test_contradicting_classes_are_left_to_a_person(self):
        feed = proposed(history_of([NOW - each for each in range(600)]))
        event = proposed(history_of([NOW - DAY * each * each for each in range(9)]))
        assert agreed(feed, event).terms is None
        assert "on one server" in agreed(feed, event).class_reason

    def test_a_history_that_tells_nothing_does_not_object(self):
        feed = proposed(history_of([NOW - each for each in range(600)]))
        none = proposed(history_of([]))
        assert agreed(feed, none) == agreed(none, feed) == feed


def test_the_default_limits_are_those_of_the_configuration():
    classes = dict(DEFAULT_CLASSES)
    hybrid = classes[StreamClass.HYBRID]
    classes[StreamClass.HYBRID] = type(hybrid)(lag_limit_seconds=math.inf)
    each = next(each for each in PROCESSES if each.label == "hybrid")
    terms = propose(each.history(), classes).terms
    assert terms is not None
    assert math.isinf(terms.lag_limit_seconds)

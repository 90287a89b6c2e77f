"""The status page says the verdicts, problems first, and no more than a page can hold."""

import math

import pytest

from streamgauge.config import ConfigError, Problem
from streamgauge.model.memory import Change, Changes
from streamgauge.model.records import Failure
from streamgauge.shard import WHOLE
from streamgauge.target_manager import Configuration, Links
from streamgauge.verdict.judge import judge
from streamgauge.web.overview import MOST_ALIKE, MOST_OTHERS, MOST_PROBLEMS, overview
from streamgauge.web.status import status_page
from support.looks import (
    AT,
    CONTINUOUS,
    EVENT,
    HYBRID,
    MISSING,
    NEVER_WRITTEN,
    UNCLASSIFIED,
    group,
    look,
    refused,
    stream,
    unreadable,
)
from support.pages import Page, names, page, page_of

QUIET = {"age": 31.0}
LATE = {"lag": 7, "lag_seconds": 125.0}


class TestStates:
    @pytest.mark.parametrize(
        ("shown", "severity", "words"),
        [
            (stream(CONTINUOUS, **QUIET), "critical", "quiet s silent for 31s"),
            (stream(CONTINUOUS, age=29.0), "ok", "flowing s last entry 29s ago"),
            (
                stream(CONTINUOUS, age=9999.0, quiet_limit_seconds=math.inf),
                "ok",
                "outside active hours s",
            ),
            (stream(CONTINUOUS, **MISSING), "critical", "missing s"),
            (stream(CONTINUOUS, **NEVER_WRITTEN), "critical", "never written s"),
            (stream(EVENT, **MISSING), "ok", "empty by design s"),
            (stream(EVENT, age=1e7), "ok", "idle by design s"),
            (stream(UNCLASSIFIED), "unknown", "unclassified s nobody has said what it is"),
        ],
    )
    def test_a_stream_has_its_state_in_words_and_as_a_mark(self, shown, severity, words):
        shown_page = page(shown)
        assert f"{severity}: {words}" in shown_page.text
        assert f'class="class {severity}"' in shown_page.markup

    @pytest.mark.parametrize(
        ("fields", "severity", "words"),
        [
            (LATE, "warning", "behind group g 7 entries wait, the oldest for 2m5s (limit 1m)"),
            (
                {**LATE, "stalled_seconds": 125.0},
                "critical",
                "stalled group g 7 entries wait",
            ),
            ({}, "ok", "active group g caught up"),
        ],
    )
    def test_a_group_has_its_state_beneath_its_stream(self, fields, severity, words):
        shown = page(stream(HYBRID, group(**fields))).text
        assert f"{severity}: {words}" in shown

    def test_figures_have_names_and_limits(self):
        shown = page(stream(CONTINUOUS, group(**LATE, pending=2), age=12.0)).text
        assert "length 3 last entry 12s ago limit 30s" in shown
        assert "waiting 7 oldest waits 2m5s limit 1m pending 2 consumers 1" in shown

    def test_what_is_unknown_is_no_number(self):
        shown = page(
            stream(EVENT, group(lag=None, lag_limit_seconds=None)),
            stream(name=b"never", **NEVER_WRITTEN),
        ).text
        assert "waiting unknown" in shown
        assert "limit none" in shown
        assert "last entry never" in shown

    def test_an_age_that_is_a_lower_bound_says_so(self):
        assert "last entry at least 10s ago" in page(stream(clock=False)).text

    def test_growth_is_told_with_the_age_of_the_look_it_is_measured_from(self):
        before = look(stream(CONTINUOUS, age=1.0, at=AT - 20, entries_added=1), at=AT - 20)
        shown = page(stream(CONTINUOUS, age=2.0), earlier=before).text
        assert "compared with a look 20s before" in shown
        assert "added in 20s 2" in shown

    def test_ages_carry_what_the_script_counts_on_from(self):
        assert page(stream(age=70.25)).values("data-age") == ["70.2"]


class TestOrder:
    def test_problems_come_first_and_the_rest_is_folded(self):
        shown = page(
            stream(EVENT, name=b"calm-event"),
            stream(CONTINUOUS, name=b"calm-feed"),
            stream(CONTINUOUS, name=b"dead-feed", **QUIET),
            stream(HYBRID, group(**LATE), name=b"late"),
        )
        assert names(shown) == ["dead-feed", "calm-feed", "late", "calm-event"]
        opened, *_ = shown.markup.split("<details")
        assert "dead-feed" in opened
        assert "calm" not in opened

    def test_what_is_lost_comes_before_what_waits(self):
        standing = group(lag=7, lag_seconds=125.0, stalled_seconds=125.0)
        losing = group(lag=7, lag_seconds=9.0, entries_lost=2, lost_ago_seconds=5.0)
        shown = page(stream(HYBRID, standing, name=b"a"), stream(HYBRID, losing, name=b"b"))
        assert names(shown) == ["b", "a"]
        both = group(b"h", lag=7, lag_seconds=9.0, entries_lost=2, lost_ago_seconds=5.0)
        verdict = judge(look(stream(HYBRID, standing, both)))
        assert [str(one.state) for one in verdict.groups] == ["losing entries", "stalled"]

    def test_alike_ones_say_what_is_wrong_with_the_first(self):
        late = group(lag=7, lag_seconds=125.0)
        shown = page(*(stream(HYBRID, late, name=b"s.%d" % n) for n in range(6))).text
        assert "6 alike: s.*, behind; the first: 7 entries wait, the oldest for 2m5s" in shown

    def test_since_when_stands_with_each_problem(self):
        late = Change(int((AT - 60) * 1e6), b"g", "", "behind")
        quiet = Change(int((AT - 99) * 1e6), None, "", "quiet", is_first=True)
        changes = {b"s": Changes("quiet", {b"g": "behind"}, (quiet, late))}
        seen = judge(look(stream(CONTINUOUS, group(**LATE), **QUIET)))
        shown = Page(status_page([overview(seen, "", changes)])).text
        assert "it may be silent for 30s; already so when first seen at 07:58:21 UTC" in shown
        assert "cannot tell whether it catches up; since 07:59:00 UTC" in shown

    def test_a_class_without_a_problem_is_one_line(self):
        shown = page(stream(EVENT, name=b"a"), stream(EVENT, name=b"b", **NEVER_WRITTEN))
        assert "<summary>2 streams: 1 flowing, 1 empty by design</summary>" in shown.markup

    def test_the_worst_redis_comes_first(self):
        shown = page_of(
            look(stream(EVENT), redis="fine"),
            look(stream(CONTINUOUS, **QUIET), redis="ill"),
        ).text
        assert shown.index("ill db0") < shown.index("fine db0")

    @pytest.mark.parametrize(
        ("streams", "title"),
        [
            ([stream(EVENT)], "as designed"),
            ([stream(UNCLASSIFIED)], "nothing judged"),
            ([stream(EVENT), stream(UNCLASSIFIED)], "as designed"),
            ([stream(CONTINUOUS, **QUIET)], "1 critical"),
            (
                [stream(HYBRID, group(b"a", **LATE), group(b"b", **LATE))],
                "2 warnings",
            ),
        ],
    )
    def test_the_title_counts_what_is_wrong(self, streams, title):
        assert f"<title>{title} – Streamgauge</title>" in page(*streams).markup


class TestUnreadable:
    def test_a_redis_that_cannot_be_read_says_why_and_shows_no_number(self):
        failure = Failure("main", "other", "Connection refused by <b>10.0.0.1</b>")
        shown = page(up=0, failures=[failure])
        assert "could not be read: nothing is known" in shown.text
        assert "other: Connection refused by <b>10.0.0.1</b>" in shown.text
        assert "No number is shown" in shown.text
        assert "runbooks/RedisStreamsMonitoringBlind" in shown.values("href")
        assert "<dl" not in shown.markup

    def test_an_empty_redis_says_so(self):
        assert "no stream was found, so nothing was judged" in page().text

    def test_a_key_of_another_type_is_not_said_to_be_absent(self):
        shown = page(
            stream(HYBRID, **MISSING),
            failures=[refused(b"s", "wrongtype", stream_class=HYBRID)],
            error_counts=[unreadable(HYBRID, "wrongtype")],
        )
        assert "wrong type s the key of this name holds another type" in shown.text
        assert "does not exist" not in shown.text
        assert "empty by design" not in shown.text

    def test_a_stream_that_may_not_be_read_is_named_with_the_reason(self):
        failure = refused(b"feed", "noperm", "NOPERM no rights")
        shown = page(stream(EVENT), failures=[failure]).text
        assert "critical: unreadable feed could not be read (noperm): NOPERM no rights" in shown

    def test_a_stream_is_one_problem_though_a_finding_names_it_too(self):
        failures, counts = [refused(b"feed", "noperm")], [unreadable(CONTINUOUS)]
        shown = page(stream(EVENT), failures=failures, error_counts=counts).markup
        assert "<title>1 critical – Streamgauge</title>" in shown

    def test_a_node_that_cannot_be_read_is_named_with_its_streams(self):
        node = Failure("10.0.0.1:6379", "timeout", "no answer")
        hidden = [node._replace(subject=name, server=node.subject) for name in (b"a", b"b")]
        shown = page(stream(EVENT), failures=[node, *hidden]).text
        assert "node 10.0.0.1:6379 could not be read (timeout): no answer; 2 streams" in shown


class TestSearch:
    STREAMS = (
        stream(EVENT, group(b"Workers"), name=b"jobs"),
        stream(EVENT, name=b"orders:new"),
        stream(CONTINUOUS, name=b"feed", **QUIET),
    )

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("jobs", ["jobs"]),
            ("WORK", ["jobs"]),
            ("o", ["feed", "jobs", "orders:new"]),
            ("event", ["jobs", "orders:new"]),
            ("quiet", ["feed"]),
            ("nothing like it", []),
        ],
    )
    def test_names_groups_states_and_classes_are_searched(self, query, found):
        shown = page(*self.STREAMS, query=query)
        assert sorted(names(shown)) == found
        assert f"{len(found)} of 3 streams match" in shown.text

    def test_the_verdict_on_redis_stays_whole(self):
        shown = page(*self.STREAMS, query="jobs")
        assert "critical: feed (quiet)" in shown.text


class TestManyStreams:
    def test_a_page_is_bounded_and_says_how_many_more_there_are(self):
        problems = [stream(CONTINUOUS, name=b"dead-%d" % n, **QUIET) for n in range(2_500)]
        others = [stream(EVENT, group(), name=b"fine-%d" % n) for n in range(2_500)]
        shown = page(*problems, *others)
        assert len(shown.markup) < 400_000
        assert "2,500 alike: dead-*, quiet" in shown.text
        assert f"{2_500 - MOST_ALIKE:,} more; a search finds them" in shown.text
        assert f"{2_500 - MOST_OTHERS // 2:,} more; a search finds them" in shown.text
        assert "2,500 streams: 2,500 quiet" in shown.text

    def test_problems_that_are_not_alike_are_bounded_as_well(self):
        words = [bytes([97 + n // 26, 97 + n % 26, 122]) for n in range(600)]
        shown = page(*(stream(CONTINUOUS, name=word, **QUIET) for word in words))
        assert len(names(shown)) == MOST_PROBLEMS
        assert f"{600 - MOST_PROBLEMS:,} more; a search finds them" in shown.text

    def test_a_search_finds_what_is_not_shown(self):
        others = [stream(EVENT, name=b"fine-%d" % n) for n in range(2_500)]
        assert "<bdi>fine-2499</bdi>" not in page(*others).markup
        assert "<bdi>fine-2499</bdi>" in page(*others, query="fine-2499").markup

    def test_groups_are_bounded_and_the_worst_are_shown(self):
        groups = [group(b"g-%d" % n) for n in range(500)] + [group(b"late", **LATE)]
        shown = page(stream(EVENT, *groups)).text
        assert "group late" in shown
        assert "481 more groups, none of them worse" in shown


class TestAlike:
    STREAMS = tuple(stream(CONTINUOUS, name=b"orders:%d" % n, **QUIET) for n in range(66))

    def test_many_alike_are_one_line_that_unfolds(self):
        shown = page(*self.STREAMS, stream(CONTINUOUS, name=b"ticks", **QUIET))
        assert "66 alike: orders:*, quiet" in shown.text
        opened, folded, *_ = shown.markup.split("<details")
        assert "orders:0" not in opened.partition('class="class')[2]
        assert "<bdi>orders:0</bdi>" in folded
        assert "46 more; a search finds them" in folded
        assert names(shown)[-1] == "ticks"

    def test_many_findings_of_one_kind_are_one_line_as_well(self):
        held = {"pending": 1, "unacknowledged_seconds": 9e5, "oldest_pending_deliveries": 9}
        streams = [stream(EVENT, group(**held), name=b"jobs:%d" % n) for n in range(9)]
        shown = page(*streams)
        assert "9 × poison entry" in shown.text
        assert shown.text.count("never acknowledged") == 9
        assert "× poison" not in page(*streams[:4]).text

    def test_a_few_are_not(self):
        assert "alike" not in page(*self.STREAMS[:4]).text

    def test_those_with_another_state_or_name_are_told_apart(self):
        others = [stream(HYBRID, group(**LATE), name=b"jobs:%d" % n) for n in range(9)]
        shown = page(*self.STREAMS, *others).text
        assert "66 alike: orders:*, quiet" in shown
        assert "9 alike: jobs:*, behind" in shown


class TestAllWell:
    def test_a_stream_that_nobody_reads_and_a_group_without_a_limit_are_green(self):
        free = group(lag=7, lag_seconds=9000.0, lag_limit_seconds=None, consumers=0)
        shown = page(stream(EVENT, name=b"alone"), stream(EVENT, free, name=b"free"))
        assert 'class="verdict ok"' in shown.markup
        assert "ok: no limit group g" in shown.text
        assert "unread stream" in shown.text


def test_each_row_links_to_the_page_of_its_stream_or_group():
    shown = page(stream(CONTINUOUS, group(b"a b"), name=b"x&y", **QUIET))
    links = [link for link in shown.values("href") if link.startswith("stream?")]
    assert links == [
        "stream?redis=main&db=db0&stream=x%26y",
        "stream?redis=main&db=db0&stream=x%26y&group=a+b",
    ]


class TestConfiguration:
    def shown(self, error=None, links=None):
        seen = judge(look(stream(EVENT)))
        state = Configuration(AT, AT + 60, error)
        return Page(status_page([overview(seen)], "", WHOLE, state, links or Links()))

    def test_which_is_in_force_is_said(self):
        assert "Configuration read at 2027-01-15 08:00:00 UTC." in self.shown().text

    def test_a_failed_reload_stands_on_top_with_its_mistakes(self):
        problems = [Problem("streams[0].clas", "is unknown; did you mean 'class'?")]
        shown = self.shown(ConfigError("/etc/<s>.yml", problems))
        assert "the one read at 2027-01-15 08:00:00 UTC stays in force" in shown.text
        assert "/etc/<s>.yml: streams[0].clas: is unknown; did you mean 'class'?" in shown.text
        assert shown.text.index("stays in force") < shown.text.index("as designed: 1 stream")
        assert "runbooks/RedisStreamsConfigReloadFailed" in shown.values("href")

    def test_prometheus_and_grafana_are_linked_when_they_are_given(self):
        shown = self.shown(links=Links("http://prometheus:9090", None))
        assert "http://prometheus:9090" in shown.values("href")
        assert "Grafana" not in shown.text

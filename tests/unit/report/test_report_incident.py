"""The page of one stream: what, since when, and what to do, in that order."""

import json
import shlex

import pytest

from streamgauge.model.looks import Seen
from streamgauge.report.incident import Asked, incident_of, narrowed
from streamgauge.report.incident_text import (
    incident_json,
    incident_markdown,
    incident_text,
    to_text,
)
from streamgauge.source.inquiry import Refusal
from streamgauge.verdict.words import Sentence
from streamgauge.web.status import stream_page
from support.incidents import SERVER, answer, change, entry, incident_on
from support.looks import AT, CONTINUOUS, EVENT, HYBRID, MISSING, consumer, group, look, stream
from support.pages import Page

LATE = group(b"g", lag=7, lag_seconds=125.0, stalled_seconds=125.0, entries_lost=2, pending=1)


def texts(found):
    """The incident as each of its writers for people says it."""
    page = Page(stream_page(found))
    return page.text, incident_text(found, 400), incident_markdown(found).replace("`", "")


class TestSentence:
    def test_the_worst_group_speaks_with_its_measured_and_its_declared_value(self):
        found = incident_on(stream(HYBRID, group(b"fine"), LATE))
        assert found.sentence.text(bytes.decode) == (
            "g on s: stalled: 7 entries wait, the oldest for 2m5s (limit 1m), and it was handed "
            "none for 2m5s"
        )
        assert (found.severity, found.exit_code) == ("critical", 2)
        assert found.runbook.path == "runbooks/RedisStreamGroupStalled"

    def test_the_group_that_was_asked_about_speaks_for_itself(self):
        found = incident_on(stream(HYBRID, group(b"fine"), LATE), group=b"fine")
        assert found.sentence.text(bytes.decode).startswith("fine on s: active")
        assert (found.severity, found.exit_code, found.runbook) == ("ok", 0, None)

    def test_a_feed_without_a_group_speaks_itself(self):
        found = incident_on(stream(CONTINUOUS, age=99.0))
        assert found.sentence.text(bytes.decode) == (
            "s: quiet: silent for 1m39s; it may be silent for 30s"
        )
        for text in texts(found):
            assert "No consumer group reads this stream." in text

    def test_a_group_that_is_not_there_is_said(self):
        found = incident_on(stream(HYBRID, group()), group=b"nope")
        assert found.sentence.text(bytes.decode) == "the stream s has no group nope now"
        assert (found.severity, found.exit_code) == ("unknown", 3)
        near = incident_on(stream(HYBRID, group(b"workers")), group=b"worker")
        assert near.sentence.text(bytes.decode).endswith("; did you mean workers?")

    def test_a_group_that_is_not_there_does_not_hide_what_is_wrong_with_the_stream(self):
        found = incident_on(stream(CONTINUOUS, age=99.0), group=b"nope")
        assert (found.severity, found.exit_code) == ("critical", 3)

    def test_a_stream_that_is_not_known_is_none(self):
        assert incident_on(stream(HYBRID), name=b"other") is None

    def test_a_redis_that_cannot_be_read_leaves_what_was_known(self):
        found = incident_on(up=0, changes=[change(None, "", "quiet", 600.0)])
        assert (found.severity, found.exit_code) == ("critical", 3)
        assert found.runbook.path == "runbooks/RedisStreamsMonitoringBlind"
        for text in texts(found):
            assert "Redis could not be read" in text
            assert "(10m ago)" in text

    def test_other_streams_have_no_part_in_it(self):
        found = incident_on(stream(HYBRID), stream(CONTINUOUS, name=b"zzz", age=99.0))
        assert found.severity == "ok"
        assert all("zzz" not in text for text in texts(found))


class TestChanges:
    def test_the_latest_comes_first_with_what_was_before(self):
        changes = [
            change(None, "", "quiet", 3600.0, is_first=True),
            change(b"g", "behind", "stalled", 60.0),
            change(b"g", "stalled", "", 30.0),
        ]
        found = incident_on(stream(HYBRID, group()), changes=changes)
        for text in texts(found):
            places = [text.index(word) for word in ("(30s ago)", "(1m ago)", "(1h ago)")]
            assert places == sorted(places)
            assert "before: behind" in text
            assert "so it was when it was first seen; it may have begun before" in text
        rows = incident_json(found, AT)["changes"]
        assert [(one["state"], one["before"], one["at_seconds"]) for one in rows] == [
            ("no problem", "stalled", AT - 30),
            ("stalled", "behind", AT - 60),
            ("quiet", "", AT - 3600),
        ]

    @pytest.mark.parametrize(
        ("changes", "since"),
        [
            ([change(b"g", "behind", "stalled", 60.0)], "Since 07:59:00 UTC."),
            ([change(b"g", "", "stalled", 86_400.0)], "Since 2027-01-14 08:00:00 UTC."),
            (
                [change(b"g", "", "stalled", 60.0, is_first=True)],
                "Already so when first seen at 07:59:00 UTC.",
            ),
            ([change(b"g", "", "stalled", 60.0), change(b"g", "stalled", "", 30.0)], ""),
            ([change(None, "", "stalled", 60.0)], ""),
            ([], ""),
        ],
    )
    def test_since_when_stands_below_the_sentence(self, changes, since):
        found = incident_on(stream(HYBRID, LATE), changes=changes)
        assert found.since == since
        for text in texts(found):
            assert since in text.partition("before: ")[0]

    def test_where_nothing_changed_it_is_said(self):
        for text in texts(incident_on(stream(HYBRID))):
            assert "No state was seen to change." in text


class TestGroups:
    def one(self, now, earlier=None, seconds=10.0):
        before = None if earlier is None else look(stream(HYBRID, earlier), at=AT - seconds)
        found = incident_on(stream(HYBRID, now, length=20), earlier=before)
        (row,) = incident_json(found, AT)["groups"]
        return row

    def test_it_tells_how_much_room_is_left(self):
        row = self.one(group(lag=5, lag_seconds=9.0, retention_used_ratio=0.25))
        assert row["headroom_entries"] == 15
        assert self.one(group(lag=5, lag_seconds=9.0))["headroom_entries"] is None

    def test_it_tells_when_it_will_have_drained(self):
        waits = group(lag=30, lag_seconds=9.0)
        assert self.one(waits, group(lag=50))["drain_seconds"] == 15.0
        assert self.one(waits)["drain_seconds"] is None
        assert self.one(waits, group(lag=30))["drain_seconds"] is None
        assert self.one(group())["drain_seconds"] == 0.0

    def test_a_backlog_that_does_not_shrink_is_said_to(self):
        before = look(stream(HYBRID, group(lag=7)), at=AT - 10)
        for text in texts(incident_on(stream(HYBRID, LATE), earlier=before)):
            assert "does not shrink" in text

    def test_wait_standing_loss_are_told(self):
        text = incident_text(incident_on(stream(HYBRID, LATE)), 200)
        assert "Wait  Standing  Falling behind  Lost  Headroom  Drains in" in text
        assert "2m5s      2m5s" in text


class TestAnswer:
    def test_pending_entries_tell_owner_age_deliveries_and_whether_they_are_there(self):
        entries = [entry(0, is_held=False), entry(1, deliveries=7), entry(2, is_held=None)]
        found = incident_on(stream(HYBRID, LATE), asked=Asked(answer(*entries)))
        rows = incident_json(found, AT)["pending"]
        assert [(one["still_there"], one["deliveries"], one["owner"]) for one in rows] == [
            (False, 1, "w"), (True, 7, "w"), (None, 1, "w"),
        ]  # fmt: skip
        for text in texts(found):
            assert "gone from the stream" in text
            assert "still there" in text
            assert "not looked up" in text
            assert "owned by consumer w, untouched for 9s" in text

    def test_an_entry_that_nobody_owns_is_said_to_be_released(self):
        found = incident_on(stream(HYBRID, LATE), asked=Asked(answer(entry(owner=b""))))
        assert all("released: no consumer owns it" in text for text in texts(found))

    def test_consumers_tell_whether_their_removal_loses_anything(self):
        listed = (consumer(b"busy", 1.0, 3), consumer(b"gone", 9e5), consumer(b"held", 99.0, 1))
        found = incident_on(stream(HYBRID, LATE), asked=Asked(answer(consumers=listed)))
        rows = incident_json(found, AT)["consumers"]
        assert [(one["consumer"], one["is_safe_to_remove"]) for one in rows] == [
            ("gone", True), ("held", False), ("busy", False),
        ]  # fmt: skip
        for text in texts(found):
            assert "loses nothing" in text
            assert "loses track of 3 entries" in text

    def test_of_many_consumers_the_longest_idle_are_shown(self):
        listed = tuple(consumer(b"c%d" % n, float(n)) for n in range(5_000))
        found = incident_on(stream(HYBRID, LATE), asked=Asked(answer(consumers=listed)))
        part = found.parts[-1]
        assert (len(part.rows), part.rows[0].name) == (50, b"c4999")
        assert part.title == "Consumers by idle time, 50 of 5,000"

    def test_what_is_not_permitted_is_said_in_its_place(self):
        denied = Refusal(b"NOPERM no rights for XPENDING")
        asked = Asked(answer(consumers=denied)._replace(pending=denied))
        for text in texts(incident_on(stream(HYBRID, LATE), asked=asked)):
            assert text.count("Not told: NOPERM no rights for XPENDING") == 2
        looked = Asked(answer(entry(is_held=None), refusal=Refusal(b"NOPERM xrange")))
        for text in texts(incident_on(stream(HYBRID, LATE), asked=looked)):
            assert "Not told: NOPERM xrange" in text
            assert "owned by consumer w" in text

    def test_why_redis_was_not_asked_is_said(self):
        asked = Asked(None, Sentence("Redis is asked too often"))
        for text in texts(incident_on(stream(HYBRID, LATE), asked=asked)):
            assert "Redis is asked too often" in text
            assert "Oldest pending" not in text


class TestWriters:
    def test_the_json_is_ascii_and_whole(self):
        found = incident_on(stream(HYBRID, LATE), asked=Asked(answer(entry())))
        text = to_text(incident_json(found, AT))
        assert text.isascii()
        told = json.loads(text)
        assert (told["schema"], told["redis"], told["db"]) == (1, "main", "db0")
        assert (told["group"], told["stream"]["stream"]) == ("g", "s")
        assert (told["severity"], told["exit_code"]) == ("critical", 2)
        assert told["runbook"] == "RedisStreamGroupStalled"
        assert told["commands"][0]["cannot_undo"] is None

    def test_the_runbook_has_the_names_of_the_group_in_place_of_its_samples(self):
        text = incident_on(stream(HYBRID, LATE)).runbook.text
        assert "\nHOST=127.0.0.1 PORT=6379 DB=0 STREAM=s GROUP=g\n" in text
        assert '{redis="main", stream="s", group="g"}' in text

    def test_the_runbook_of_a_stream_has_no_group_of_it(self):
        text = incident_on(stream(CONTINUOUS, **MISSING)).runbook.text
        assert "STREAM=s\n" in text
        assert "GROUP='workers'" in text

    @pytest.mark.parametrize("name", [b"a\nb", b"```", b"\x1b[31m", b"\xff"])
    def test_a_name_that_cannot_be_pasted_stays_a_sample(self, name):
        late = LATE._replace(name=name)
        text = incident_on(stream(HYBRID, late)).runbook.text
        assert "STREAM=s GROUP='workers'\n" in text
        assert name.decode("latin-1") not in text.replace("```", "") or name == b"```"

    def test_a_name_that_needs_quotes_is_one_word(self):
        late = LATE._replace(name=b"it's $(id)")
        text = incident_on(stream(HYBRID, late)).runbook.text
        (line,) = [one for one in text.splitlines() if one.startswith("HOST=")]
        assert shlex.split(line)[-1] == "GROUP=it's $(id)"

    def test_the_runbook_itself_is_there(self):
        for text in texts(incident_on(stream(HYBRID, LATE))):
            assert "Entries have been waiting for this consumer group" in text

    @pytest.mark.parametrize("width", [60, 80, 200])
    def test_all_but_commands_and_the_runbook_fits(self, width):
        found = incident_on(stream(HYBRID, LATE), asked=Asked(answer(entry())))
        text = incident_text(found, width).partition("COMMANDS")[0]
        assert max(map(len, text.splitlines())) <= width

    @pytest.mark.parametrize(
        "name",
        [b"<script>alert(1)</script>", b"a\nb\x1b[31m\x00", "\u202ex\u2066".encode(), b"\xff'\"`|"],
    )
    def test_hostile_names_are_text(self, name):
        pending = group(name, lag=7, lag_seconds=125.0, pending=1)
        told = answer(entry(owner=name), consumers=(consumer(name, 9e5),))
        changes = [change(name, "", "behind", 9.0)]
        found = incident_on(
            stream(HYBRID, pending, name=name), name=name, changes=changes, asked=Asked(told)
        )
        page = Page(stream_page(found))
        assert "script" not in page.tags
        assert all(char.isprintable() for char in page.text)
        text = incident_text(found, 80)
        assert all(char.isprintable() for line in text.split("\n") for char in line)
        json.loads(to_text(incident_json(found, AT)))


class Target:
    """Stands for a Redis that is watched."""

    redis = SERVER

    @staticmethod
    def changes():
        return {}


def test_a_name_is_found_by_its_label_and_only_its_own_stream_is_judged():
    asked = []

    def ask(*about):
        asked.append(about)
        return Asked()

    both = look(stream(EVENT, group(b"\xfe"), name=b"\xff"), stream(EVENT))
    seen = Seen(both)
    assert [one.name for one in narrowed(seen, b"s").snapshot.streams] == [b"s"]
    found = incident_of(Target, seen, "\ufffd\\xff", "\ufffd\\xfe", ask)
    assert (found.stream.name, found.group) == (b"\xff", b"\xfe")
    assert asked == [(b"\xff", b"\xfe", 1)]


def test_a_stream_that_is_missing_is_found_and_nothing_is_asked_of_it():
    seen = Seen(look(stream(CONTINUOUS, **MISSING)))
    assert incident_of(Target, seen, "s", None, None).stream.state == "missing"

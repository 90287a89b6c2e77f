"""A report as JSON: its structure, and what each field holds where nothing is known."""

import json

from streamgauge.report.status import status, status_json
from streamgauge.report.view import view
from support.looks import AT, CONTINUOUS, EVENT, consumer, group, stream
from support.reported import BEFORE, SMALL
from support.verdicts import verdict_on


class TestJson:
    def test_its_structure(self):
        now = stream(CONTINUOUS, group(), name=b"feed")
        found = status([view(verdict_on(now, earlier=BEFORE))], AT + 0.5)
        assert found["schema"] == 1
        assert (found["time"], found["time_seconds"]) == ("2027-01-15T08:00:00.500Z", AT + 0.5)
        assert (found["severity"], found["exit_code"]) == ("ok", 0)
        redis = found["redis"][0]
        assert redis["streams"] == [
            {
                "stream": "feed",
                "class": "continuous",
                "state": "flowing",
                "severity": "ok",
                "reason": "last entry 10s ago; it may be silent for 30s",
                "exists": True,
                "length": 3,
                "age_seconds": 10.0,
                "age_is_least": False,
                "last_entry": "2027-01-15T07:59:50.000Z",
                "last_entry_seconds": AT - 10.0,
                "quiet_limit_seconds": 30.0,
                "groups": 1,
                "entries_added": 3,
                "added_in_window": 2,
            }
        ]
        assert redis["groups"] == [
            {
                "stream": "feed",
                "class": "continuous",
                "group": "g",
                "state": "active",
                "severity": "ok",
                "reason": "caught up: no entry waits",
                "lag": 0,
                "lag_seconds": 0.0,
                "lag_limit_seconds": 60.0,
                "stalled_seconds": None,
                "falling_behind_seconds": None,
                "entries_lost": None,
                "retention_used_ratio": None,
                "pending": 0,
                "oldest_pending_age_seconds": 0.0,
                "oldest_pending_deliveries": 0,
                "unacknowledged_seconds": None,
                "ack_limit_seconds": None,
                "consumers": 1,
                "consumers_dead": None,
                "entries_read": 3,
                "last_delivered": "2027-01-15T07:59:50.000Z",
                "last_delivered_seconds": AT - 10.0,
            }
        ]
        rest = {key: redis[key] for key in redis if key not in ("streams", "groups", "unknown")}
        assert rest == {
            "redis": "main",
            "db": "db0",
            "up": True,
            "severity": "ok",
            "summary": "as designed: 1 stream: 1 flowing",
            "time": "2027-01-15T08:00:00.000Z",
            "time_seconds": AT,
            "window_seconds": 5.0,
            "errors": [],
            "keys": [],
            "keys_matching": [],
            "findings": [],
        }

    def test_a_finding_names_its_subjects(self):
        held = {"pending": 1, "unacknowledged_seconds": 9e5}
        dead = group(**held, consumer_list=(consumer(idle=9e5, pending=1),))
        finding = status([view(verdict_on(stream(EVENT, dead)))], AT)["redis"][0]["findings"][0]
        assert finding["kind"] == "pending entries of dead consumers"
        assert finding["subjects"] == [{"stream": "s", "group": "g", "consumer": "c"}]

    def test_no_number_is_infinite(self):
        closed = stream(CONTINUOUS, quiet_limit_seconds=float("inf"))
        text = status_json([view(verdict_on(closed))], AT)
        assert "Infinity" not in text
        assert json.loads(text)["redis"][0]["streams"][0]["quiet_limit_seconds"] is None

    def test_only_problems_leaves_the_rest_out(self):
        found = status([view(verdict_on(*SMALL), only_problems=True)], AT)["redis"][0]
        assert found["streams"] == []
        assert [one["group"] for one in found["groups"]] == ["g"]
        assert found["unknown"], "what is not known is said all the same"

    def test_a_redis_that_was_not_read(self):
        found = status([view(verdict_on(up=0))], AT)
        assert (found["severity"], found["exit_code"]) == ("critical", 3)
        assert found["redis"][0]["up"] is False
        assert found["redis"][0]["streams"] == []

"""A group pages for what was measured: entries lost within the hour, held too long, left behind."""

import pytest

from streamgauge.model.records import AbsentGroup
from streamgauge.verdict.judge import judge
from support.groups import behind
from support.looks import EVENT, group, look, stream
from support.verdicts import first_group

LOST = {"entries_lost": 70, "lag": 20, "lag_seconds": 5.0}


def test_entries_that_were_lost_within_the_hour():
    verdict = judge(look(stream(EVENT, group(**LOST, lost_ago_seconds=60.0))))
    assert verdict.groups[0].state == "losing entries"
    assert verdict.groups[0].reason.template == (
        "entries left the stream before the group was handed them, the last 1m ago: 70 or more in "
        "all; 20 entries wait, the oldest for 5s (limit 1m)"
    )
    assert verdict.findings == [], "the state has said it"


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({**LOST, "lost_ago_seconds": 3600.0}, "losing entries"),
        ({**LOST, "lost_ago_seconds": 3601.0}, "active"),
        ({**LOST, "lost_ago_seconds": None}, "active"),
        ({**LOST, "lost_ago_seconds": 1.0, "lag_limit_seconds": None}, "active"),
        # Past its limit, three times as long but five minutes at least, ever more wait.
        ({"lag": 9, "lag_seconds": 61.0, "falling_behind_seconds": 300.0}, "behind"),
        ({"lag": 9, "lag_seconds": 61.0, "falling_behind_seconds": 301.0}, "lag growing"),
        (
            {
                "lag": 9,
                "lag_seconds": 9001.0,
                "lag_limit_seconds": 9000.0,
                "falling_behind_seconds": 1801.0,
            },
            "lag growing",
        ),
        # In somebody's hands for longer than was declared.
        ({"unacknowledged_seconds": 600.0, "ack_limit_seconds": 600.0}, "active"),
        ({"unacknowledged_seconds": 601.0, "ack_limit_seconds": 600.0}, "not acknowledging"),
        ({"unacknowledged_seconds": 9e9}, "active"),
    ],
)
def test_a_group_is_judged_as_the_alerts_do(fields, state):
    assert first_group(group(**fields)).state == state


def test_a_group_that_is_stalled_is_that_and_the_loss_is_a_finding():
    verdict = judge(
        look(stream(EVENT, behind(stalled_seconds=900.0, entries_lost=3, lost_ago_seconds=60.0)))
    )
    assert verdict.groups[0].state == "stalled"
    assert [finding.kind for finding in verdict.findings] == ["entries trimmed unread"]


def test_a_declared_group_that_is_not_there_is_critical():
    absent = AbsentGroup(b"engine", 60.0, None)
    verdict = judge(look(stream(EVENT, group(), absent_groups=(absent,))))
    assert [(one.group.name, one.state, one.severity) for one in verdict.groups] == [
        (b"engine", "group missing", "critical"),
        (b"g", "active", "ok"),
    ]

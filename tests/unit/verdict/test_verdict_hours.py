"""What a feed with active hours is called, and a limit that never holds in them."""

import pytest

from streamgauge.policy import StreamClass, StreamPolicy
from streamgauge.schedule import Schedule
from streamgauge.verdict.judge import judge
from support.looks import CLOSED, CONTINUOUS, MISSING, NEVER_WRITTEN, look, stream


def feed_open(hours, quiet_limit):
    """The policy of a feed that is open in these hours of a working day."""
    return StreamPolicy(
        StreamClass.CONTINUOUS,
        quiet_limit_seconds=quiet_limit,
        active=Schedule("mon-fri", hours, "UTC"),
    )


# AT is Friday 2027-01-15 08:00 UTC.
@pytest.mark.parametrize(
    ("hours", "age", "state", "reason"),
    [
        # Closed.
        (
            "09:00-10:00",
            900.0,
            "outside active hours",
            "its active hours are over or have not begun",
        ),
        # Open for less than one quiet limit: nothing pages yet, whatever it does.
        (
            "07:59-10:00",
            900.0,
            "idle by design",
            (
                "its active hours began 1m ago, and from then it may be silent for 2m; "
                "3 entries, the last 15m ago"
            ),
        ),
        (
            "07:59-10:00",
            MISSING,
            "empty by design",
            (
                "its active hours began 1m ago, and from then it may be silent for 2m; "
                "it does not exist yet"
            ),
        ),
        (
            "07:59-10:00",
            NEVER_WRITTEN,
            "empty by design",
            (
                "its active hours began 1m ago, and from then it may be silent for 2m; "
                "nothing was ever added yet"
            ),
        ),
        # Silent for no longer than it may be when open: it flows.
        ("09:00-10:00", 100.0, "flowing", "last entry 1m40s ago"),
    ],
)
def test_the_policy_tells_what_an_infinite_limit_does_not(hours, age, state, reason):
    fields = age if isinstance(age, dict) else {"age": age}
    policy = feed_open(hours, quiet_limit=120.0)
    verdict = judge(look(stream(CONTINUOUS, policy=policy, **fields, **CLOSED))).streams[0]
    assert not verdict.severity.is_problem
    assert verdict.state == state
    assert verdict.reason.template.startswith(reason)


class TestLimitsThatNeverHold:
    @staticmethod
    def found(hours):
        policy = feed_open(hours, quiet_limit=3600.0)
        verdict = judge(look(stream(CONTINUOUS, age=9000.0, policy=policy, **CLOSED)))
        return {one.kind: one for one in verdict.findings}.get("quiet limit never holds")

    def test_a_limit_as_long_as_the_hours_is_a_warning(self):
        finding = self.found("07:30-08:30")
        assert finding.severity == "warning"
        assert finding.sentence.text(bytes.decode) == (
            "silence of s never pages: a limit of 1h holds from one limit after the hours "
            "begin, and they last 1h"
        )

    def test_a_limit_shorter_than_the_hours_is_none(self):
        assert self.found("07:30-08:31") is None

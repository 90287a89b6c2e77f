"""A group that loses entries is called so when its loss grows between two looks."""

import pytest

from streamgauge.verdict.judge import judge
from support.groups import idle
from support.looks import AT, CONTINUOUS, group, look, stream


class TestLosing:
    """entries-added less entries-read less lag is what is lost; only its growth is news."""

    @staticmethod
    def verdict(then, now, **fields):
        """Both as (added, read, lag, length)."""
        looks = []
        for at, (added, read, lag, length) in ((AT - 5, then), (AT, now)):
            one = group(
                **{"lag": lag, "lag_seconds": 0.0 if lag == 0 else 5.0, "entries_read": read}
                | fields
            )
            looks.append(look(stream(CONTINUOUS, one, entries_added=added, length=length), at=at))
        return judge(looks[1], looks[0])

    def test_entries_that_left_unread_between_the_looks(self):
        verdict = self.verdict((100, 40, 20, 20), (130, 40, 20, 20))
        assert verdict.groups[0].state == "losing entries"
        assert verdict.groups[0].reason.template == (
            "30 entries left the stream in 5s before the group read them, 70 in all; "
            "20 entries wait, the oldest for 5s (limit 1m)"
        )
        assert verdict.findings == [], "the state has said it"

    def test_an_unknown_lag_is_at_most_all_that_is_held(self):
        verdict = self.verdict((100, 40, None, 20), (190, 40, None, 20)).groups[0]
        assert verdict.state == "losing entries"
        assert verdict.reason.template.startswith(
            "70 entries left the stream in 5s before the group read them; entries wait, how many is"
        )

    def test_a_group_that_reads_a_little_of_what_is_held_loses_the_rest_all_the_same(self):
        assert (
            self.verdict((100, 40, 20, 20), (130, 45, 18, 20)).groups[0].state == "losing entries"
        )

    @pytest.mark.parametrize(
        ("then", "now", "state"),
        [
            # An old loss that does not grow.
            ((100, 40, 20, 20), (130, 70, 20, 30), "active"),
            ((100, 40, 20, 20), (100, 40, 20, 20), "active"),
            # It keeps up: most of what is held was read, so a difference is only two moments.
            ((100, 41, 20, 20), (130, 88, 1, 20), "active"),
            # The lag is unknown: what was lost may all have been lost before, or wait.
            ((100, 40, None, 20), (110, 40, None, 20), "lag unknown"),
            # The server does not count.
            ((None, None, 20, 20), (None, None, 20, 20), "active"),
            # A count ahead of itself, as two moments of a busy stream are, is no loss.
            ((100, 81, 20, 20), (130, 110, 20, 20), "active"),
        ],
    )
    def test_what_is_no_loss(self, then, now, state):
        assert self.verdict(then, now).groups[0].state == state

    def test_a_group_without_a_limit_may_lose_what_it_likes(self):
        verdict = self.verdict((100, 40, 20, 20), (130, 40, 20, 20), lag_limit_seconds=None)
        assert verdict.groups[0].state != "losing entries"
        assert verdict.findings == []

    def test_a_group_that_is_stalled_is_that_and_the_loss_is_a_finding(self):
        verdict = self.verdict(
            (100, 40, 20, 20), (130, 40, 20, 20), lag_limit_seconds=1.0, **idle(900.0)
        )
        assert verdict.groups[0].state == "stalled"
        assert [finding.kind for finding in verdict.findings] == ["entries trimmed unread"]

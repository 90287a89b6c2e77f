"""What is wrong with calendars, labels and limits is told in one sentence each, and all at once."""

import pytest

from streamgauge.config import ConfigError, load_config
from streamgauge.policy import Policy

FEED = "streams:\n  - {match: feed, class: continuous, active: {hours: %s, calendar: %s}}\n"


def mistakes(tmp_path, text: str) -> list[str]:
    file = tmp_path / "streamgauge.yml"
    file.write_text("redis: {url: 'redis://h'}\n" + text)
    with pytest.raises(ConfigError) as raised:
        load_config(file, environ={})
    return [f"{one.path}: {one.message}" for one in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("calendars: {x: {market: NYSSE}}\n", ["calendars.x.market: found 'NYSSE', allowed: ASX"]),
        ("calendars: {x: {market: NYSE}}\n", ["calendars.x.early: early_close is missing"]),
        ("calendars: {x: {closed: [tomorrow]}}\n", ["calendars.x.closed[0]: found 'tomorrow'"]),
        (
            "calendars: {x: {early: {2026-12-31: 14}}}\n",
            ["calendars.x.early: found 14, allowed: a"],
        ),
        ("calendars: {x: {close: []}}\n", ["calendars.x.close: unknown key, allowed: market"]),
        (FEED % ('"09:30-16:00"', "nyse"), ["streams[0].active.calendar: found 'nyse', but no"]),
        (
            "calendars: {ours: {}}\n" + FEED % ('"09:30-16:00"', "our"),
            ["streams[0].active.calendar: found 'our', allowed: ours; did you mean 'ours'?"],
        ),
        (FEED % ('["09:30-25:00"]', "''"), ["streams[0].active.hours: found '09:30-25:00'"]),
        (
            "streams: [{match: a, class: event, labels: {redis: x}}]\n",
            ["streams[0].labels: redis is a label of the exporter"],
        ),
        (
            "streams: [{match: a, class: event, labels: {a-b: x}}]\n",
            ["streams[0].labels: found 'a-b', allowed: letters"],
        ),
        (
            "streams: [{match: a, class: event, length_limit: many}]\n",
            ["streams[0].length_limit: found 'many', allowed: a whole number"],
        ),
        (
            "streams: [{match: a, ignore: true, length_limit: 1}]\n",
            ["streams[0].length_limit: an ignored stream is not exported"],
        ),
    ],
)
def test_a_mistake_is_told_in_a_sentence(tmp_path, text, said):
    found = mistakes(tmp_path, text)
    for sentence in said:
        assert any(one.startswith(sentence) for one in found), found


def test_a_rule_holds_for_the_servers_that_its_pattern_names(tmp_path):
    file = tmp_path / "streamgauge.yml"
    file.write_text(
        "redis: [{name: prod-a, url: 'redis://h'}, {name: test, url: 'redis://i'}]\n"
        "streams:\n"
        "  - {match: feed, class: continuous, redis: 'prod-*', labels: {team: feeds}}\n"
        "  - {match: '*', class: event, length_limit: 0}\n"
    )
    config = load_config(file, environ={})
    policies = {
        name: Policy(config.classes, config.streams, redis=name) for name in ("prod-a", "test")
    }
    assert {name: one.resolve(b"feed").stream_class for name, one in policies.items()} == {
        "prod-a": "continuous",
        "test": "event",
    }
    assert policies["prod-a"].declared == (b"feed",)
    assert policies["test"].declared == ()
    assert policies["prod-a"].resolve(b"feed").labels == (("team", "feeds"),)
    assert policies["test"].resolve(b"feed").length_limit == 0

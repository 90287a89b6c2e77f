"""check-config says what a configuration comes to and what in it has no effect."""

import textwrap

import pytest

from streamgauge.config import load_config
from streamgauge.config.describe import describe, warnings
from streamgauge.config.document import read_document
from streamgauge.config.foreign import foreign_syntax

SHOWN = r"""
redis:
  - {name: main, url: redis://u:hunter2@h/1, timeout: 500ms}
  - {url: rediss://t, tls: {insecure_skip_verify: true}}
  - {url: rediss://v:7000, mode: cluster}
discovery: {match: [q*, r*], interval: 90s}
classes: {event: {lag_limit: none}}
streams:
  - match: qa
    class: continuous
    quiet_limit: 30s
    active: {days: sun, hours: "01:00-02:00"}
  - {match: "qb*", class: continuous}
  - match: "q\n*"
    class: hybrid
    lag_limit: 26h
    groups: [{match: old-*, lag_limit: none}]
  - {match: rx*, ignore: true}
  - {match: r*, class: event}
  - {match: q*, class: unclassified}
"""
PASSWORDS = """
redis:
  - {url: "redis://:hunter2@a", password: hunter2, password_file: p}
  - {url: "redis://:hunter2@b", password: hunter2}
  - {sentinel: {service: c, nodes: [s], password: hunter2, password_file: p}}
  - {url: redis://d, password_file: p}
streams: [{match: "*", class: event}]
"""
DESCRIPTION = r"""
Servers
  name    address  db   mode     login                      tls           timeout
  main    h:6379   db1  auto     u, with password           no            500ms
  t:6379  t:6379   db0  auto     default user, no password  not verified  5s
  v:7000  v:7000   db0  cluster  default user, no password  verified      5s

Discovery
  match          q* r*
  interval       1m30s
  max_streams    10000
  max_consumers  100

Classes
  class         quiet limit  lag limit
  continuous    5m           5m
  hybrid        -            5m
  event         -            none
  unclassified  -            none

Streams (the first match wins)
       match          class         quiet limit  active               lag limit
  [0]  qa             continuous    30s          sun 01:00-02:00 UTC  5m
  [1]  qb*            continuous    5m           always               5m
  [2]  'q\n*'         hybrid        -            -                    1d2h
         group old-*                                                  none
  [3]  rx*            ignored       -            -                    -
  [4]  r*             event         -            -                    none
  [5]  q*             unclassified  -            -                    none
       (any other)    unclassified  -            -                    none

Declared (exported even while absent)
  stream  qa  its absence pages
"""
SOUND = """
redis: {url: redis://h}
discovery: {match: ["q:*"]}
streams:
  - {match: "q:a", class: event}
  - {match: "q:a*", class: event}
  - match: "q:*"
    class: hybrid
    groups: [{match: a, lag_limit: 1m}, {match: "*", lag_limit: 2m}]
  - {match: "elsewhere", class: hybrid}
  - {match: "foreign:*", ignore: true}
"""
HIDDEN = r"""
redis: {url: redis://h}
streams:
  - {match: "a*", class: event}
  - {match: "abc", class: hybrid}
  - {match: "ab*", class: hybrid}
  - {match: exact, class: hybrid}
  - {match: 'e\xact', class: hybrid}
  - match: "b?"
    class: hybrid
    groups: [{match: g, lag_limit: 1m}, {match: g, lag_limit: 2m}]
"""
REACTIONS = """
redis: {url: redis://h}
streams:
  - {match: feed, class: continuous}
  - {match: old, ignore: true}
  - {match: "*", class: event}
reactions:
  - {after: ask, expect: answer, within: 10m}
  - {after: ask, expect: feed, within: 1m}
  - {after: ask, expect: old, within: 1m}
"""
APART = """
redis: {url: redis://h}
discovery: {match: ["q:*", "exact"]}
streams:
  - {match: "r:*", class: event}
  - {match: "s*", class: event}
  - {match: "seven", class: event}
"""


@pytest.fixture
def load(tmp_path):
    def load_text(text: str):
        path = tmp_path / "config.yml"
        path.write_text(textwrap.dedent(text))
        return load_config(path, environ={})

    return load_text


def test_a_reaction_that_is_answered_by_accident_or_by_nobody_is_named(load):
    config = load(REACTIONS)
    accident = "it is continuous, so its next entry answers by accident"
    assert [one for one in warnings(config) if one.startswith("reactions")] == [
        f"reactions[1] (feed) never pages while that stream flows: {accident}",
        "reactions[2] (old) has no effect: the stream that must answer is ignored",
    ]
    assert describe(config).endswith(
        "Reactions\n"
        "       after  expect  within\n"
        "  [0]  ask    answer  10m\n"
        "  [1]  ask    feed    1m\n"
        "  [2]  ask    old     1m"
    )


def test_everything_is_shown_resolved_and_without_secrets(load):
    assert describe(load(SHOWN)) == DESCRIPTION.strip()


def test_what_few_rules_have_stands_behind_the_rule_or_group_that_has_it(load):
    shown = describe(
        load(
            """
            redis: {url: redis://h}
            streams:
              - match: dead
                class: event
                redis: main*
                length_limit: 0
                labels: {team: core}
                groups: [{match: g, ack_limit: 2m, optional: true}]
            """
        )
    )
    assert "on redis main*, length_limit 0, team=core\n" in shown
    assert "  optional, ack_limit 2m\n" in shown


def test_discovery_that_is_off_is_said(load):
    config = load(
        "redis: {url: redis://h}\ndiscovery: {match: []}\nstreams: [{match: a, class: event}]"
    )
    assert "match          only the exact names below" in describe(config)
    assert warnings(config) == []


def test_a_state_file_in_a_folder_that_is_not_there_is_named(load, tmp_path):
    folder = tmp_path / "none"
    config = load(f"redis: {{url: redis://h}}\nstate_file: {folder}/state.json\n")
    assert f"state_file: there is no folder {folder} on this machine" in warnings(config)


def test_a_sound_configuration_has_no_warnings(load):
    assert warnings(load(SOUND)) == []


def test_a_password_that_another_one_overrules_is_named_and_not_told(load, tmp_path):
    (tmp_path / "p").write_text("hunter2")
    pairs = [
        ("redis[0].password", "redis[0].password_file"),
        ("the password in redis[0].url", "redis[0].password_file"),
        ("the password in redis[1].url", "redis[1].password"),
        ("redis[2].sentinel.password", "redis[2].sentinel.password_file"),
    ]
    assert warnings(load(PASSWORDS)) == [
        f"{loser} has no effect: {winner} is given too, and wins" for loser, winner in pairs
    ]


def test_what_an_earlier_rule_hides_is_named(load):
    assert warnings(load(HIDDEN)) == [
        "streams[1] (abc) never decides: streams[0] (a*) matches first",
        "streams[2] (ab*) never decides: streams[0] (a*) matches first",
        r"streams[4] (e\xact) never decides: streams[3] (exact) matches first",
        "streams[5].groups[1] (g) never decides: streams[5].groups[0] (g) matches first",
    ]


def test_rules_and_discovery_that_cannot_meet_are_named(load):
    unruled = "no rule fits what it finds, so all of it is unclassified and never pages"
    unmet = "matches no stream: discovery.match finds no such name and none is declared"
    assert warnings(load(APART)) == [
        "streams[2] (seven) never decides: streams[1] (s*) matches first",
        f"streams[0] (r:*) {unmet}",
        f"discovery.match[0] (q:*): {unruled}",
        f"discovery.match[1] (exact): {unruled}",
    ]


@pytest.mark.parametrize(
    ("limit", "hours", "warned"),
    [
        ("45m", "21:59-22:44", True),
        ("44m", "21:59-22:44", False),
        ("5h", "09:00-12:00,12:00-14:00", True),  # windows that touch are one
        ("4h59m", "09:00-12:00,12:00-14:00", False),
        ("400d", "00:00-24:00", False),  # on every day: never closed, so never waited for
    ],
)
def test_hours_that_end_before_the_limit_holds_are_named(load, limit, hours, warned):
    config = load(
        "redis: {url: redis://h}\n"
        "streams:\n"
        f"  - {{match: a, class: continuous, quiet_limit: {limit}, active: {{hours: '{hours}'}}}}"
    )
    said = [warning for warning in warnings(config) if "never pages for silence" in warning]
    assert len(said) == warned


DECLARED = """
redis: {url: redis://h}
streams:
  - {match: feed, class: continuous}
  - match: jobs.*
    class: event
    groups: [{match: g}, {match: h, optional: true}, {match: "i*"}, {match: j, lag_limit: none}]
  - {match: dead, class: hybrid}
  - {match: "?", class: unclassified}
"""


def test_what_is_declared_is_listed_with_what_its_absence_does(load):
    shown = describe(load(DECLARED))
    table = [line.split(maxsplit=2) for line in shown.rpartition("Declared")[2].splitlines()[1:]]
    assert table == [
        ["stream", "feed", "its absence pages"],
        ["group", "g", "jobs.*  its absence pages while the stream is there"],
        ["stream", "dead", "its absence is shown"],
    ]


def test_what_is_written_for_another_tool_is_warned_of(tmp_path):
    file = tmp_path / "streamgauge.yml"
    file.write_text(
        'redis: {url: redis://h, password: "${SECRET}"}\n'
        'discovery: {match: ["^q"]}\n'
        "streams:\n"
        '  - {match: "x{a,b}"}\n'
        '  - {match: "y$", groups: [{match: ".*"}]}\n'
        '  - {match: "orders.*"}\n'
    )
    found = list(foreign_syntax(read_document(file)))
    assert [warning.partition(":")[0] for warning in found] == [
        "redis.password",
        "discovery.match[0]",
        "streams[0].match",
        "streams[1].match",
        "streams[1].groups[0].match",
    ]
    assert not any("SECRET" in warning for warning in found)

"""A label matcher is replaced wherever it stands, quoted as PromQL and Alertmanager read it."""

import pytest

from streamgauge.pack.matchers import Label, quote, replace_matcher

JOB = Label("job", "streamgauge")
CRITICAL = Label("severity", "critical")


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ('up{job="streamgauge"} == 0', 'up{job="redis.x"} == 0'),
        ('up{a="b", job = "streamgauge", c="d"}', 'up{a="b", job = "redis.x", c="d"}'),
        (
            "up{job='streamgauge'} or up{job=`streamgauge`}",
            'up{job="redis.x"} or up{job="redis.x"}',
        ),
        ('up{job!="streamgauge"}', 'up{job!="redis.x"}'),
        ('up{job=~"streamgauge"}', r'up{job=~"redis\\.x"}'),
        ('up{job=~"a|streamgauge"}', r'up{job=~"a|redis\\.x"}'),
        ("job = streamgauge", 'job = "redis.x"'),
        ('up{job=~"streamgauge|$job"}', 'up{job=~"streamgauge|$job"}'),
        ('up{exported_job="streamgauge"}', 'up{exported_job="streamgauge"}'),
        ('up{job="streamgauge-2"}', 'up{job="streamgauge-2"}'),
        ("job=streamgauge-2 job=streamgauge:9", "job=streamgauge-2 job=streamgauge:9"),
        ("/d/x?job=streamgauge&var-job=streamgauge", "/d/x?job=streamgauge&var-job=streamgauge"),
        ("the streamgauge job: streamgauge", "the streamgauge job: streamgauge"),
    ],
)
def test_only_matchers_of_the_label_are_replaced(text, replaced):
    assert replace_matcher(text, JOB, Label("job", "redis.x")) == replaced


def test_another_label_takes_the_place_of_the_whole_matcher():
    text = '{severity="critical", severity=~"critical", severity!~"critical"}'
    assert replace_matcher(text, CRITICAL, Label("priority", "P.1")) == (
        r'{priority="P.1", priority=~"P\\.1", priority!~"P\\.1"}'
    )


def test_alternatives_keep_their_label():
    text = 'severity=~"warning|critical"'
    assert replace_matcher(text, CRITICAL, Label("priority", "P1")) == text
    assert replace_matcher(text, CRITICAL, Label("severity", "page")) == 'severity=~"warning|page"'


def test_what_ends_a_literal_is_escaped():
    assert quote('say "a\\b"') == r'"say \"a\\b\""'


@pytest.mark.parametrize("special", [*"\\.+*?()|[]{}^$"])
def test_what_means_something_in_a_regular_expression_is_escaped(special):
    replaced = replace_matcher('job=~"streamgauge"', JOB, Label("job", f"a{special}b"))
    again = "\\\\" if special == "\\" else special
    assert replaced == f'job=~"a\\\\{again}b"'

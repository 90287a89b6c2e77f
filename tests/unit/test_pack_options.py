"""Which values a site may give; the others are refused in one sentence."""

import pytest

from streamgauge.pack.matchers import Label
from streamgauge.pack.options import parse_base, parse_job, parse_paging_label


@pytest.mark.parametrize("text", ["streamgauge", "ns/redis-streams/0", 'a "b" \\', "é"])
def test_a_job_name_is_any_printable_line(text):
    assert parse_job(text) == text


@pytest.mark.parametrize("text", ["", "a\nb", "a\tb", "\x00", "\udcff"])
def test_a_job_name_that_no_file_could_hold_is_refused(text):
    with pytest.raises(ValueError, match="is not a job name: write one line"):
        parse_job(text)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("severity=page", Label("severity", "page")),
        ("priority=P1", Label("priority", "P1")),
        ("_team=a=b c", Label("_team", "a=b c")),
    ],
)
def test_a_paging_label_is_a_name_and_a_value(text, label):
    assert parse_paging_label(text) == label


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "write LABEL=VALUE, such as severity=page"),
        ("page", "write LABEL=VALUE"),
        ("=page", "write LABEL=VALUE"),
        ("severity=", "write LABEL=VALUE"),
        ("1st=a", "Prometheus allows no label '1st'"),
        ("my-label=a", "Prometheus allows no label 'my-label'"),
        ("prioritÿ=a", "Prometheus allows no label"),
        ("__name__=a", "Prometheus allows no label '__name__'"),
        ("stream=a", "the label 'stream' tells one alert from another"),
        ("alertname=a", "the label 'alertname' tells one alert from another"),
        ("severity=warning", "severity=warning is not for pages"),
        ("severity=a\nb", "is not a label value"),
        ("severity={{ $value }}", "is not a label value.* without {{"),
    ],
)
def test_a_paging_label_that_would_not_work_is_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        parse_paging_label(text)


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://g.site", "https://g.site"),
        ("http://g:3000/", "http://g:3000"),
        ("https://[::1]:3000/a%20b//", "https://[::1]:3000/a%20b"),
    ],
)
def test_a_base_is_an_address_without_its_last_slash(text, base):
    assert parse_base(text) == base


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "does not start with http:// or https://"),
        ("grafana.site", "does not start with http:// or https://"),
        ("ftp://g.site", "does not start with http:// or https://"),
        ("https://u:secret@g.site/", "a link must hold no login"),
        ("ftp://u:secret@g.site/", "a link must hold no login"),
        ("https://g.site/a b", "a URL must write as %XX"),
        ("https://g.site/{{ x }}", "a URL must write as %XX"),
        ("https://g.site/é", "a URL must write as %XX"),
        ("https://g.site/?a=b", "must end before any"),
        ("https://g.site/#a", "must end before any"),
        ("https://", "names no host"),
        ("https://:80", "names no host"),
        ("https://g:99999", "names no host"),
        ("https://[::1", "names no host"),
    ],
)
def test_a_base_that_no_link_could_start_with_is_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        parse_base(text)
    assert "secret" not in str(refused.value)

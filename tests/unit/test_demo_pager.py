"""What the demo's pager prints of an alert."""

import re

import pytest

from streamgauge_demo.pager import as_line

SUMMARY = {"summary": "A feed has gone quiet."}


@pytest.mark.parametrize(
    ("receiver", "status", "labels", "line"),
    [
        ("pager", "firing", {"stream": "s"}, "page: A on s: A feed has gone quiet."),
        ("pager", "resolved", {"stream": "s", "group": "g"}, "page resolved: A on s g"),
        ("tickets", "resolved", {"redis": "r", "key": "k"}, "ticket resolved: A on k"),
        ("tickets", "firing", {"redis": "r"}, "ticket: A on r: A feed has gone quiet."),
        ("pager", "resolved", {}, "page resolved: A on the exporter"),
    ],
)
def test_an_alert_is_a_line(receiver: str, status: str, labels: dict, line: str):
    alert = {"status": status, "labels": {"alertname": "A", **labels}, "annotations": SUMMARY}
    assert re.sub(r"^\d\d:\d\d:\d\d ", "", as_line(receiver, alert)) == line

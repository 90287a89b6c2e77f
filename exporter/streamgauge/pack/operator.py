"""A rule file as an object of the Prometheus Operator."""

from __future__ import annotations

import re
from typing import Final

_HEADER: Final = re.compile(r"\A(?:(?:#.*|---[ \t]*)?\r?\n)*")
_FILLED_LINE: Final = re.compile(r"^(?=.*\S)", re.MULTILINE)
_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9]+")

_OBJECT: Final = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: streamgauge
spec:
"""


def as_prometheus_rule(file_name: str, rules: str) -> str:
    """Wrap the text of a rule file; the comment at its head stays on top.

    The object's name comes from the file's: `streams.rules.yml` is `streamgauge-streams`.
    """
    body = _HEADER.sub("", rules)
    header = rules.removesuffix(body)
    spec = _FILLED_LINE.sub("  ", body)
    return header + _OBJECT.format(name=_object_name(file_name)) + spec


def _object_name(file_name: str) -> str:
    stem = file_name.lower().partition(".")[0]
    return f"streamgauge-{_NOT_IN_A_NAME.sub('-', stem).strip('-')}"

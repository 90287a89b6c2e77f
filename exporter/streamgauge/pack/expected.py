"""The rule that says when a server is no longer reported: only who was named can be missed."""

from __future__ import annotations

from typing import Final

from streamgauge.pack.adapt import JOB
from streamgauge.pack.scalars import double_quoted

FILE: Final = "alerts/expected.rules.yml"

_HEAD: Final = """\
# Says when one of the servers that must be watched is no longer reported at all. Beside the other
# files; written by streamgauge pack --redis.
groups:
  - name: redis-streams.expected
    rules:
"""
_RECORD: Final = """\
      - record: redis:redis_up:absent
        expr: |
          {expression}
"""
_ALERT: Final = """\
      # While no exporter answers, exporter.rules.yml says so once for all of them.
      - alert: RedisStreamsMonitoringBlind
        expr: |
          redis:redis_up:absent
          and
          last_over_time(redis:redis_up:absent[1m] offset 2m)
          unless on (job)
          job:up:absent
          unless on (job)
          max_over_time(job:up:max[2m]) == 0
        for: 1m
        keep_firing_for: 3m
        labels:
          severity: critical
        annotations:
          summary: Redis streams are not being monitored.
          description: >-
            No exporter
            {{- with $labels.job }} of the job {{ . }}{{ end }} reports Redis {{ $labels.redis }}
            any more, and somebody declared that it must. Nothing is known about its streams, and no
            alert about them can fire.
"""


def expected_rules(names: tuple[str, ...]) -> str:
    """The rule file for servers of these names, as it would be shipped."""
    absent = [
        f'absent(redis_up{{job="{JOB.value}", redis={double_quoted(name)}}})' for name in names
    ]
    record = _RECORD.format(expression="\n          or\n          ".join(absent))
    return _HEAD + record + _ALERT

"""The report as JSON: a structure that only ever grows within one `schema`.

    {
      "schema": 1, "generator": "streamgauge 0.1.0",
      "time": "2026-02-18T00:12:00.000Z", "time_seconds": 1771373520.0,
      "severity": "warning", "exit_code": 1,
      "redis": [{
        "redis": "quantum", "db": "db0", "up": true, "severity": "warning", "summary": "...",
        "time": ..., "time_seconds": ..., "window_seconds": 5.0,
        "errors":   [{"kind", "name", "error", "reason", "streams"}],
        "streams":  [{"stream", "class", "state", "severity", "reason", "exists", "length",
                      "age_seconds", "age_is_least", "last_entry", "last_entry_seconds",
                      "quiet_limit_seconds", "groups", "entries_added", "added_in_window"}],
        "groups":   [{"stream", "class", "group", "state", "severity", "reason", "lag",
                      "lag_seconds", "lag_limit_seconds", "stalled_seconds",
                      "falling_behind_seconds", "entries_lost", "retention_used_ratio", "pending",
                      "oldest_pending_age_seconds", "oldest_pending_deliveries",
                      "unacknowledged_seconds", "ack_limit_seconds", "consumers",
                      "consumers_dead", "entries_read", "last_delivered",
                      "last_delivered_seconds"}],
        "keys":     [{"key", "state", "severity", "reason", "exists", "ttl_seconds",
                      "deadline_seconds"}],
        "keys_matching": [{"pattern", "state", "severity", "reason", "keys"}],
        "findings": [{"kind", "severity", "sentence",
                      "subjects": [{"stream", "group", "consumer"}]}],
        "unknown":  ["..."]
      }]
    }

Names are those of the labels on /metrics. A time is there twice: as ISO 8601 in UTC and as Unix
seconds; ages and limits are seconds. null is unknown or none; a quiet limit that does not apply at
this hour is null as well. `age_is_least` is true where the IDs are no clocks: such an age counts
from the first look, so the last entry is at least as old.

`errors` holds what could not be read: `kind` is redis, node or stream,
`error` one of the reasons of streamgauge_stream_errors, `reason` the same in words, and `streams`
those that cannot be seen because of it, where they are known.

`severity` is ok, unknown, warning or critical; lists begin with the most serious. With problems
alone asked for, the lists of verdicts hold warnings and criticals only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from streamgauge import __version__
from streamgauge.labels import label_value
from streamgauge.model.records import Failure
from streamgauge.report.summary import exit_code, severity_of
from streamgauge.report.view import Part, Row, View, time_figures
from streamgauge.shard import WHOLE, Shard
from streamgauge.verdict.records import RedisVerdict
from streamgauge.verdict.words import Sentence, outside

SCHEMA: Final = 1


def status_json(views: Sequence[View], now: float, *, shard: Shard = WHOLE) -> str:
    """Write the views as JSON in ASCII; `now` is this machine's Unix time.

    Of an exporter that watches one shard of the streams, the JSON says which.
    """
    document = status(views, now)
    if shard != WHOLE:
        document["shard"] = str(shard)
    return json.dumps(document, indent=2) + "\n"


def status(views: Sequence[View], now: float) -> dict[str, Any]:
    """Return the views as the structure that this module documents."""
    verdicts = [one.verdict for one in views]
    return {
        "schema": SCHEMA,
        "generator": f"streamgauge {__version__}",
        **time_json("time", now),
        "severity": severity_of(verdicts),
        "exit_code": exit_code(verdicts),
        "redis": [_redis(one) for one in views],
    }


def _redis(view: View) -> dict[str, Any]:
    verdict = view.verdict
    return {
        "redis": verdict.redis,
        "db": f"db{verdict.db}",
        "up": verdict.up,
        "severity": view.severity,
        "summary": text_json(view.summary),
        **time_json("time", verdict.at),
        "window_seconds": verdict.seconds,
        "errors": [*_errors(verdict)],
        **{part.key: part_json(part) for part in view.parts},
    }


def part_json(part: Part) -> list[Any]:
    """Return the rows of a part; what cannot be told is sentences alone."""
    if part.key == "unknown":
        return [text_json(row.why) for row in part.rows]
    if part.key == "findings":
        return [_finding(row) for row in part.rows]
    return [row_json(row) for row in part.rows]


def row_json(row: Row) -> dict[str, Any]:
    """Return a row under the names of its parts and of its figures."""
    return {
        **{key: label_value(name) for key, name in row.names},
        "state": row.state,
        "severity": row.severity,
        "reason": text_json(row.why),
        **{one.key: one.value for one in row.figures},
    }


def _finding(row: Row) -> dict[str, Any]:
    return {
        "kind": row.state,
        "severity": row.severity,
        "sentence": text_json(row.why),
        **{one.key: one.value for one in row.figures},
    }


def _errors(verdict: RedisVerdict) -> Iterator[dict[str, Any]]:
    for server, failure, hidden in verdict.outages():
        yield _error("node" if verdict.up else "redis", outside(server), failure, hidden)
    for failure in verdict.failures:
        if isinstance(failure.subject, bytes) and failure.server is None:
            yield _error("stream", failure.subject, failure)


def _error(
    kind: str, name: bytes, failure: Failure, hidden: Sequence[bytes] = ()
) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": label_value(name),
        "error": failure.reason,
        "reason": label_value(outside(failure.detail)),
        "streams": [*map(label_value, hidden)],
    }


def text_json(sentence: Sentence) -> str:
    """Write a sentence with its names as they are on /metrics."""
    return sentence.text(label_value)


def time_json(key: str, seconds: float | None) -> dict[str, Any]:
    """Return a moment under two keys: `key` in ISO 8601 and `key_seconds`."""
    return {one.key: one.value for one in time_figures(key, seconds)}

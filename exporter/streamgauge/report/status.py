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
                      "lag_seconds", "lag_limit_seconds", "consumers", "pending",
                      "oldest_pending_age_seconds", "oldest_pending_deliveries", "entries_read",
                      "last_delivered", "last_delivered_seconds"}],
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
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from streamgauge import __version__
from streamgauge.labels import label_value
from streamgauge.report.sections import chosen, utc
from streamgauge.report.summary import exit_code, severity_of, summary
from streamgauge.shard import WHOLE, Shard
from streamgauge.verdict.faults import Fault
from streamgauge.verdict.records import (
    Finding,
    GroupVerdict,
    KeyCountVerdict,
    KeyVerdict,
    RedisVerdict,
    StreamVerdict,
)
from streamgauge.verdict.words import Sentence

SCHEMA: Final = 1


def status_json(
    verdicts: Sequence[RedisVerdict],
    now: float,
    *,
    only_problems: bool = False,
    shard: Shard = WHOLE,
) -> str:
    """Write the verdicts as JSON in ASCII; `now` is this machine's Unix time.

    Of an exporter that watches one shard of the streams, the JSON says which.
    """
    document = status(verdicts, now, only_problems=only_problems)
    if shard != WHOLE:
        document["shard"] = str(shard)
    return json.dumps(document, indent=2) + "\n"


def status(
    verdicts: Sequence[RedisVerdict], now: float, *, only_problems: bool = False
) -> dict[str, Any]:
    """Return the verdicts as the structure that this module documents."""
    return {
        "schema": SCHEMA,
        "generator": f"streamgauge {__version__}",
        **_time("time", now),
        "severity": severity_of(verdicts),
        "exit_code": exit_code(verdicts),
        "redis": [_redis(verdict, only_problems) for verdict in verdicts],
    }


def _redis(verdict: RedisVerdict, only_problems: bool) -> dict[str, Any]:
    return {
        "redis": verdict.redis,
        "db": f"db{verdict.db}",
        "up": verdict.up,
        "severity": severity_of([verdict]),
        "summary": _text(summary(verdict)),
        **_time("time", verdict.at),
        "window_seconds": verdict.seconds,
        "errors": [_error(kind, fault) for kind, fault in _faults(verdict)],
        "streams": [_stream(one) for one in chosen(verdict.streams, only_problems)],
        "groups": [_group(one) for one in chosen(verdict.groups, only_problems)],
        "keys": [_key(one) for one in chosen(verdict.keys, only_problems)],
        "keys_matching": [_key_count(one) for one in chosen(verdict.key_counts, only_problems)],
        "findings": [_finding(one) for one in chosen(verdict.findings, only_problems)],
        "unknown": [_text(one) for one in verdict.unknowns],
    }


def _faults(verdict: RedisVerdict) -> Iterator[tuple[str, Fault]]:
    if verdict.faults.redis is not None:
        yield "redis", verdict.faults.redis
    yield from (("node", node) for node in verdict.faults.nodes)
    watched = {one.stream.name for one in verdict.streams}
    yield from (("stream", one) for one in verdict.faults.streams if one.name in watched)


def _error(kind: str, fault: Fault) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": label_value(fault.name),
        "error": fault.reason,
        "reason": label_value(fault.detail),
        "streams": _labels(fault.streams),
    }


def _stream(verdict: StreamVerdict) -> dict[str, Any]:
    stream = verdict.stream
    return {
        "stream": label_value(stream.name),
        "class": stream.stream_class,
        "state": verdict.state,
        "severity": verdict.severity,
        "reason": _text(verdict.reason),
        "exists": None if stream.exists is None else bool(stream.exists),
        "length": stream.length,
        "age_seconds": stream.age_seconds,
        "age_is_least": verdict.age_is_least,
        **_time("last_entry", stream.last_entry_timestamp_seconds),
        "quiet_limit_seconds": _finite(stream.quiet_limit_seconds),
        "groups": stream.group_count,
        "entries_added": stream.entries_added,
        "added_in_window": verdict.added,
    }


def _group(verdict: GroupVerdict) -> dict[str, Any]:
    group = verdict.group
    return {
        "stream": label_value(verdict.stream),
        "class": verdict.stream_class,
        "group": label_value(group.name),
        "state": verdict.state,
        "severity": verdict.severity,
        "reason": _text(verdict.reason),
        "lag": group.lag,
        "lag_seconds": group.lag_seconds,
        "lag_limit_seconds": _finite(group.lag_limit_seconds),
        "consumers": group.consumers,
        "pending": group.pending,
        "oldest_pending_age_seconds": group.oldest_pending_age_seconds,
        "oldest_pending_deliveries": group.oldest_pending_deliveries,
        "entries_read": group.entries_read,
        **_time("last_delivered", group.last_delivered_timestamp_seconds),
    }


def _key(verdict: KeyVerdict) -> dict[str, Any]:
    key = verdict.key
    return {
        "key": label_value(key.declared.name),
        "state": verdict.state,
        "severity": verdict.severity,
        "reason": _text(verdict.reason),
        "exists": None if key.exists is None else bool(key.exists),
        "ttl_seconds": key.ttl_seconds,
        "deadline_seconds": key.deadline_seconds,
    }


def _key_count(verdict: KeyCountVerdict) -> dict[str, Any]:
    return {
        "pattern": label_value(verdict.matching.pattern),
        "state": verdict.state,
        "severity": verdict.severity,
        "reason": _text(verdict.reason),
        "keys": verdict.matching.keys,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "sentence": _text(finding.sentence),
        "subjects": [
            dict(zip(("stream", "group", "consumer"), _labels(subject), strict=True))
            for subject in finding.subjects
        ],
    }


def _labels(names: Iterable[bytes | None]) -> list[str | None]:
    return [None if name is None else label_value(name) for name in names]


def _text(sentence: Sentence) -> str:
    return sentence.text(label_value)


def _time(key: str, seconds: float | None) -> dict[str, Any]:
    """A moment under two keys: `key` in ISO 8601 and `key_seconds`."""
    written = None
    if seconds is not None:
        written = utc(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {key: written, f"{key}_seconds": seconds}


def _finite(seconds: float | None) -> float | None:
    return None if seconds is None or math.isinf(seconds) else seconds

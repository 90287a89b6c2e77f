"""(table, snapshot) -> text, in the Prometheus text format 0.0.4 and in OpenMetrics 1.0.

Each record's label part is built once and serves every metric of its level.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from streamgauge.labels import escaped, label_value
from streamgauge.metrics import METRICS, Level, Metric, Value
from streamgauge.model.records import RedisSnapshot, Snapshot

Format = Literal["text", "openmetrics"]

CONTENT_TYPES: Final[dict[Format, str]] = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
}

Row = tuple[str, Any]
"""The label part of a series, braces included, and the record that holds its values."""


def render(snapshot: Snapshot, text_format: Format, table: Sequence[Metric] = METRICS) -> str:
    """Write every metric that has a value; OpenMetrics' closing `# EOF` is left to the caller."""
    rows = _rows(snapshot)
    parts: list[str] = []
    for metric in table:
        lines = _lines(metric, rows[metric.level])
        if lines:
            family = metric.name
            if text_format == "openmetrics" and metric.kind == "counter":
                family = family.removesuffix("_total")
            parts.append(f"# HELP {family} {_escaped_help(metric.help, text_format)}")
            parts.append(f"# TYPE {family} {metric.kind}")
            parts += lines
    return "\n".join(parts) + "\n" if parts else ""


def _lines(metric: Metric, rows: Iterable[Row]) -> list[str]:
    name, value_of = metric.name, metric.value
    return [
        f"{name}{labels} {_number(value)}"
        for labels, record in rows
        if (value := value_of(record)) is not None
    ]


def _number(value: Value) -> str:
    if isinstance(value, float) and math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(value)


def _escaped_help(text: str, text_format: Format) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if text_format == "openmetrics" else text


def _rows(snapshot: Snapshot) -> dict[Level, list[Row]]:
    rows: dict[Level, list[Row]] = {level: [] for level in Level}
    for instance in snapshot.instances:
        _add_instance(rows, instance)
    process = snapshot.process
    if process is not None:
        rows[Level.PROCESS].append(("", process))
        labels = _labels(("version", process.version), ("python", process.python))
        rows[Level.BUILD].append((labels, process))
    return rows


def _add_instance(rows: dict[Level, list[Row]], instance: RedisSnapshot) -> None:
    redis = ("redis", instance.redis)
    rows[Level.REDIS].append((_labels(redis), instance))
    for server in instance.servers:
        rows[Level.INSTANCE].append((_labels(redis, ("role", server.role)), server))
    for errors in instance.error_counts:
        labels = _labels(redis, ("class", errors.stream_class), ("reason", errors.reason))
        rows[Level.ERRORS].append((labels, errors))
    for count in instance.class_counts:
        rows[Level.CLASS].append((_labels(redis, ("class", count.stream_class)), count))
    for duration in instance.durations:
        rows[Level.STAGE].append((_labels(redis, ("stage", duration.stage)), duration))
    for key_errors in instance.key_error_counts:
        labels = _labels(redis, ("reason", key_errors.reason))
        rows[Level.KEY_ERRORS].append((labels, key_errors))
    _add_keys(rows, instance)
    _add_streams(rows, instance)


def _add_keys(rows: dict[Level, list[Row]], instance: RedisSnapshot) -> None:
    database = ("redis", instance.redis), ("db", f"db{instance.db}")
    for key in instance.keys:
        labels = _labels(*database, ("key", label_value(key.declared.name)))
        rows[Level.KEY].append((labels, key))
    for count in instance.key_counts:
        labels = _labels(*database, ("pattern", label_value(count.pattern)))
        rows[Level.PATTERN].append((labels, count))


def _add_streams(rows: dict[Level, list[Row]], instance: RedisSnapshot) -> None:
    stream_rows, group_rows = rows[Level.STREAM], rows[Level.GROUP]
    consumer_rows = rows[Level.CONSUMER]
    start = f'{{redis="{escaped(instance.redis)}",db="db{instance.db}",stream="'
    for stream in instance.streams:
        of_stream = f'{start}{_name(stream.name)}",class="{stream.stream_class}"'
        stream_rows.append((of_stream + "}", stream))
        for group in stream.groups:
            of_group = f'{of_stream},group="{_name(group.name)}"'
            group_rows.append((of_group + "}", group))
            for consumer in group.consumer_list:
                of_consumer = f'{of_group},consumer="{_name(consumer.name)}"}}'
                consumer_rows.append((of_consumer, consumer))


def _name(name: bytes) -> str:
    return escaped(label_value(name))


def _labels(*pairs: tuple[str, str]) -> str:
    return "{" + ",".join([f'{key}="{escaped(value)}"' for key, value in pairs]) + "}"

"""(table, snapshot) -> text, in the Prometheus text format 0.0.4 and in OpenMetrics 1.0.

Each record's label part is built once and serves every metric of its level.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any, Final, Literal, NamedTuple

from streamgauge.labels import escaped, label_value
from streamgauge.metrics import METRICS, Level, Metric, Value
from streamgauge.model.records import RedisSnapshot, Snapshot

Format = Literal["text", "openmetrics"]

CONTENT_TYPES: Final[dict[Format, str]] = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
}

_BLOCK_ROWS: Final = 1_024
"""Lines are made and joined by so many: the text of all of them never exists twice."""

_INFINITE: Final = {"inf": "+Inf", "-inf": "-Inf"}
"""How OpenMetrics names what Python calls so."""


class Labelled(NamedTuple):
    """What is exported at one level: records, and beside each its labels as in a line: `{...} `."""

    labels: list[str]
    records: list[Any]

    def add(self, labels: str, record: Any) -> None:
        """Append one record."""
        self.labels.append(labels)
        self.records.append(record)


def render(
    snapshot: Snapshot, text_format: Format, table: Sequence[Metric] = METRICS
) -> Iterator[str]:
    """Write every metric that has a value, piece by piece.

    OpenMetrics' closing `# EOF` is left to the caller.
    """
    rows = _rows(snapshot)
    for metric in table:
        heading = _heading(metric, text_format)
        for text in _blocks(metric, rows[metric.level]):
            yield heading + text
            heading = ""


def _heading(metric: Metric, text_format: Format) -> str:
    family = metric.name
    if text_format == "openmetrics" and metric.kind == "counter":
        family = family.removesuffix("_total")
    help_text = _escaped_help(metric.help, text_format)
    return f"# HELP {family} {help_text}\n# TYPE {family} {metric.kind}\n"


def _blocks(metric: Metric, rows: Labelled) -> Iterator[str]:
    value_of = metric.value
    for first in range(0, len(rows.records), _BLOCK_ROWS):
        labels: Sequence[str] = rows.labels[first : first + _BLOCK_ROWS]
        values: Sequence[Value] = [*map(value_of, rows.records[first : first + _BLOCK_ROWS])]
        if None in values:
            known = [value is not None for value in values]
            labels, values = [*compress(labels, known)], [*compress(values, known)]
        if values:
            yield _lines(metric.name, labels, values)


def _lines(name: str, labels: Sequence[str], values: Sequence[Value]) -> str:
    """Write one line per row, in a few calls for all of them: they are most of a scrape's text."""
    texts = [*map(repr, values)]
    if "inf" in texts or "-inf" in texts:
        texts = [_INFINITE.get(text, text) for text in texts]
    parts = ["\n" + name] * (3 * len(texts))
    parts[0] = name
    parts[1::3] = labels
    parts[2::3] = texts
    parts.append("\n")
    return "".join(parts)


def _escaped_help(text: str, text_format: Format) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if text_format == "openmetrics" else text


def _rows(snapshot: Snapshot) -> dict[Level, Labelled]:
    rows = {level: Labelled([], []) for level in Level}
    for instance in snapshot.instances:
        _add_instance(rows, instance)
    process = snapshot.process
    if process is not None:
        rows[Level.PROCESS].add(" ", process)
        labels = _labels(("version", process.version), ("python", process.python))
        rows[Level.BUILD].add(labels, process)
    return rows


def _add_instance(rows: dict[Level, Labelled], instance: RedisSnapshot) -> None:
    redis = ("redis", instance.redis)
    rows[Level.REDIS].add(_labels(redis), instance)
    for server in instance.servers:
        rows[Level.INSTANCE].add(_labels(redis, ("role", server.role)), server)
    for errors in instance.error_counts:
        labels = _labels(redis, ("class", errors.stream_class), ("reason", errors.reason))
        rows[Level.ERRORS].add(labels, errors)
    for count in instance.class_counts:
        rows[Level.CLASS].add(_labels(redis, ("class", count.stream_class)), count)
    for duration in instance.durations:
        rows[Level.STAGE].add(_labels(redis, ("stage", duration.stage)), duration)
    for key_errors in instance.key_error_counts:
        labels = _labels(redis, ("reason", key_errors.reason))
        rows[Level.KEY_ERRORS].add(labels, key_errors)
    _add_keys(rows, instance)
    _add_streams(rows, instance)


def _add_keys(rows: dict[Level, Labelled], instance: RedisSnapshot) -> None:
    database = ("redis", instance.redis), ("db", f"db{instance.db}")
    for key in instance.keys:
        labels = _labels(*database, ("key", label_value(key.declared.name)))
        rows[Level.KEY].add(labels, key)
    for count in instance.key_counts:
        labels = _labels(*database, ("pattern", label_value(count.pattern)))
        rows[Level.PATTERN].add(labels, count)


def _add_streams(rows: dict[Level, Labelled], instance: RedisSnapshot) -> None:
    of_streams, of_groups, of_consumers, of_reactions = (
        rows[level] for level in (Level.STREAM, Level.GROUP, Level.CONSUMER, Level.REACTION)
    )
    start = f'{{redis="{escaped(instance.redis)}",db="db{instance.db}",stream="'
    of_streams.records.extend(instance.streams)
    for stream in instance.streams:
        of_stream = f'{start}{_name(stream.name)}",class="{stream.stream_class}"'
        if stream.labels:
            of_stream += _declared(stream.labels)
        of_streams.labels.append(of_stream + "} ")
        of_groups.records.extend(stream.groups)
        of_groups.records.extend(stream.absent_groups)
        for group in stream.groups:
            of_group = f'{of_stream},group="{_often_used_name(group.name)}"'
            of_groups.labels.append(of_group + "} ")
            consumers = group.consumer_list
            of_consumers.records.extend(consumers)
            of_consumers.labels.extend(
                [f'{of_group},consumer="{_often_used_name(one.name)}"}} ' for one in consumers]
            )
        for reaction in stream.reactions:
            of_reactions.add(f'{of_stream},after="{_name(reaction.after)}"}} ', reaction)
        for absent in stream.absent_groups:
            of_groups.labels.append(f'{of_stream},group="{_name(absent.name)}"}} ')


@functools.lru_cache(maxsize=1_024)
def _declared(labels: tuple[tuple[str, str], ...]) -> str:
    return "".join([f',{key}="{escaped(value)}"' for key, value in labels])


def _name(name: bytes) -> str:
    return escaped(label_value(name))


_often_used_name: Final = functools.lru_cache(maxsize=4_096)(_name)
"""Groups and consumers of many streams have the same few names."""


def _labels(*pairs: tuple[str, str]) -> str:
    return "{" + ",".join([f'{key}="{escaped(value)}"' for key, value in pairs]) + "} "

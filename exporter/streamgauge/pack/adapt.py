"""One file of the pack, adapted to a site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import yaml

from streamgauge.pack.matchers import Label, literal_regex, quote, replace_matcher
from streamgauge.pack.options import Format, PackOptions
from streamgauge.pack.scalars import double_quoted, edit_json, edit_yaml, items, value

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

SHIPPED: Final = Label("severity", "critical")
_PLAIN: Final = re.compile(r"[A-Za-z][\w-]+")
_OF_A_GROUP: Final = re.compile(r"RedisStreamGroup[A-Z]")
_OF_A_STREAM: Final = re.compile(r"RedisStream[A-Z]")
JOB: Final = Label("job", "streamgauge")
IDENTITY_LABELS: Final = ("job", "cluster", "namespace", "environment", "team")
"""What the rules aggregate by beside the labels of the contract."""

_JOB_IN_WORDS: Final = re.compile(rf"(?<=\bname than ){JOB.value}\b")
"""In the sentence that says what to change where the job has another name."""


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


def expected_rules(names: tuple[str, ...]) -> str:
    """The rule file for servers of these names, as it would be shipped."""
    absent = [
        f'absent(redis_up{{job="{JOB.value}", redis={double_quoted(name)}}})' for name in names
    ]
    record = _RECORD.format(expression="\n          or\n          ".join(absent))
    return _HEAD + record + _ALERT


class _Replacement(NamedTuple):
    start: int
    end: int
    text: str


def label_pages(rules: str, label: Label) -> str:
    """Give every alert of a rule file that pages this label.

    A `severity` takes the place of the shipped one. Any other label stands beside it, so that
    whatever reads the severity of an alert goes on working.
    """
    replacements = {
        _replacement(labels, label) for labels in _alert_labels(rules) if _pages(labels)
    }
    for start, end, text in sorted(replacements, reverse=True):
        rules = rules[:start] + text + rules[end:]
    return rules


def _alert_labels(rules: str) -> Iterator[yaml.MappingNode]:
    """The labels of each alert: one mapping again and again where aliases share it."""
    for group in items(value(yaml.compose(rules, Loader=yaml.SafeLoader), "groups")):
        for rule in items(value(group, "rules")):
            labels = value(rule, "labels")
            if value(rule, "alert") and isinstance(labels, yaml.MappingNode):
                yield labels


def _pages(labels: yaml.MappingNode) -> bool:
    severity = value(labels, SHIPPED.name)
    return severity is not None and severity.value == SHIPPED.value


def _replacement(labels: yaml.MappingNode, label: Label) -> _Replacement:
    present = value(labels, label.name)
    if present:
        return _Replacement(present.start_mark.index, present.end_mark.index, _string(label.value))
    first_key = labels.value[0][0].start_mark
    separator = ", " if labels.flow_style else "\n" + " " * first_key.column
    text = f"{label.name}: {_string(label.value)}{separator}"
    return _Replacement(first_key.index, first_key.index, text)


def _string(value: str) -> str:
    """The value as YAML reads a string, whichever version of YAML reads it."""
    if _PLAIN.fullmatch(value) and isinstance(yaml.safe_load(value), str):
        return value
    return double_quoted(value)


def add_links(rules: str, options: PackOptions) -> str:
    """Write the links that the options name a base for into each alert of a rule file.

    Values of labels are escaped by `urlquery`, which templates have in every Prometheus.
    """
    for alert, node in reversed([*_annotations(rules)]):
        links = _links(alert, options)
        start = node.value[0][0].start_mark
        between = ", " if node.flow_style else "\n" + " " * start.column
        text = "".join(f"{name}: '{url}'{between}" for name, url in links.items())
        rules = rules[: start.index] + text + rules[start.index :]
    return rules


def _annotations(rules: str) -> Iterator[tuple[str, yaml.MappingNode]]:
    for group in items(value(yaml.compose(rules, Loader=yaml.SafeLoader), "groups")):
        for rule in items(value(group, "rules")):
            alert, annotations = value(rule, "alert"), value(rule, "annotations")
            if alert is not None and isinstance(annotations, yaml.MappingNode):
                yield alert.value, annotations


def _links(alert: str, options: PackOptions) -> dict[str, str]:
    """The links of one alert; its name tells what it is about."""
    links = {}
    if options.page_url:
        links["page_url"] = options.page_url + _page(alert)
    if options.dashboard_base:
        links["dashboard_url"] = f"{options.dashboard_base}/d/{_dashboard(alert)}"
    if options.runbook_base:
        links["runbook_url"] = f"{options.runbook_base}/{alert}.md"
    return links


def _page(alert: str) -> str:
    if _OF_A_GROUP.match(alert):
        return "/stream?" + _query("redis", "db", "stream", "group")
    if _OF_A_STREAM.match(alert):
        return "/stream?" + _query("redis", "db", "stream")
    return "/"


def _dashboard(alert: str) -> str:
    if _OF_A_GROUP.match(alert):
        return "streamgauge-stream?" + _query("redis", "stream", "group", "class", prefix="var-")
    if _OF_A_STREAM.match(alert):
        return "streamgauge-stream?" + _query("redis", "stream", "class", prefix="var-")
    return "streamgauge-exporter{{ with $labels.redis }}?var-redis={{ . | urlquery }}{{ end }}"


def _query(*labels: str, prefix: str = "") -> str:
    return "&".join(f"{prefix}{name}={{{{ $labels.{name} | urlquery }}}}" for name in labels)


def adapt(name: PurePosixPath, text: str, options: PackOptions) -> str:
    """The text of the file `name` of the pack (`alerts/streams.rules.yml`) for a site.

    Rules, the Alertmanager example, dashboards and runbooks are adapted. Any other file stays as
    it is; a README describes what is shipped.
    """

    def edit(value: str) -> str:
        return _edit_value(value, options)

    if options.identity_labels and name.suffix in (".yml", ".yaml"):
        text = _identified_by(text, options.identity_labels)
    if name.suffix in (".yml", ".yaml"):
        return _adapt_yaml(name, edit_yaml(text, edit), options)
    if name.suffix == ".json":
        return edit_json(text, edit)
    if name.parent.name == "runbooks":
        return edit(text)
    return text


def _edit_value(value: str, options: PackOptions) -> str:
    if options.jobs:
        value = _JOB_IN_WORDS.sub(lambda _: " or ".join(options.jobs), value)
        value = _of_jobs(value, options.jobs)
    if options.paging_label:
        value = replace_matcher(value, SHIPPED, options.paging_label)
    return value


def _of_jobs(text: str, jobs: tuple[str, ...]) -> str:
    """Let what selects the shipped job select these; each of several can be absent."""
    if len(jobs) == 1:
        return replace_matcher(text, JOB, Label(JOB.name, jobs[0]))
    absent = " or ".join(f"absent(up{{job={quote(job)}}})" for job in jobs)
    any_of = quote("|".join(map(literal_regex, jobs)))
    text = text.replace(f'absent(up{{job="{JOB.value}"}})', absent)
    return text.replace(f'job="{JOB.value}"', f"job=~{any_of}")


def _identified_by(text: str, names: tuple[str, ...]) -> str:
    """Rules and inhibitions that tell environments apart by other labels, and texts that ask so."""
    for form, between in (("{}", ", "), ("{}=%q", ","), ("$labels.{}", " ")):
        shipped = between.join(map(form.format, IDENTITY_LABELS))
        text = text.replace(shipped, between.join(map(form.format, names)))
    return text


def _adapt_yaml(name: PurePosixPath, text: str, options: PackOptions) -> str:
    if not name.name.endswith((".rules.yml", ".rules.yaml")):
        return text
    if options.paging_label:
        text = label_pages(text, options.paging_label)
    text = add_links(text, options)
    if options.format is Format.PROMETHEUS_OPERATOR:
        text = as_prometheus_rule(name.name, text)
    return text

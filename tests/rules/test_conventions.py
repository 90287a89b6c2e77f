"""What holds for every rule, alert and runbook that is shipped."""

import os
import re
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streamgauge.bundled import bundle_path
from streamgauge.metrics import METRICS
from support import fast_yaml
from support.every import every
from support.peers import Peer
from support.servers import RealServer, missing

ALERTS_FOLDER = bundle_path("alerts")
FILES = {
    file.name: fast_yaml.load(file.read_text())
    for file in sorted(ALERTS_FOLDER.glob("*.rules.yml"))
}
GROUPS = [group for document in FILES.values() for group in document["groups"]]
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDS = {rule["record"]: rule for rule in RULES if "record" in rule}
README = (ALERTS_FOLDER / "README.md").read_text()
RUNBOOKS = {file.stem: file.read_text() for file in sorted(ALERTS_FOLDER.glob("runbooks/*.md"))}

PAGES = {
    "RedisStreamQuiet",
    "RedisStreamMissing",
    "RedisStreamGroupLagGrowing",
    "RedisStreamGroupStalled",
    "RedisStreamGroupLosingEntries",
    "RedisStreamGroupMissing",
    "RedisStreamGroupNotAcknowledging",
    "RedisStreamReactionOverdue",
    "RedisStreamsMonitoringBlind",
}
HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
MAX_NAME = 40
MAX_GROUP = 20

# A rule's level is the first part of its recorded series' names.
LEVELS = {
    "job": (),
    "redis": ("redis",),
    "key": ("redis", "db", "key"),
    "stream": ("redis", "db", "stream", "class"),
    "group": ("redis", "db", "stream", "class", "group"),
    "reaction": ("redis", "db", "stream", "class", "after"),
}
IDENTITY = {"job", "cluster", "namespace", "environment", "team", "shard"}
TARGET_LABELS = {"instance", "pod", *IDENTITY}
EXPORTED = {metric.name: {*metric.level.value, *TARGET_LABELS} for metric in METRICS}
KNOWN = EXPORTED | {
    "up": TARGET_LABELS,
    "ALERTS": {"alertname", "alertstate", "severity", *LEVELS["group"]},
    **{name: {*LEVELS[name.split(":")[0]], "class", "reason", *IDENTITY} for name in RECORDS},
}
# All of these are in Prometheus 2.42; what came later is left out on purpose.
GROUP_KEYS = {"name", "rules", "interval", "limit"}
RULE_KEYS = {"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"}
FUNCTIONS = {
    *(
        "abs",
        "absent",
        "absent_over_time",
        "ceil",
        "changes",
        "clamp",
        "clamp_min",
        "delta",
        "deriv",
    ),
    *(
        "increase",
        "predict_linear",
        "rate",
        "resets",
        "round",
        "time",
        "timestamp",
        "count",
        "max",
        "min",
        "sum",
    ),
    *(f"{name}_over_time" for name in ("avg", "count", "last", "max", "min", "present", "sum")),
}
TEMPLATE_WORDS = {
    *("if", "else", "end", "with", "not", "eq", "lt", "gt", "printf", "urlquery"),
    *("query", "first", "value", "humanize", "humanizeDuration", "humanizePercentage"),
}

GROUPERS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
KEYWORDS = GROUPERS | {"and", "or", "unless", "offset", "bool", "Inf", "NaN"}
TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<comment>\#.*)
    |(?P<number>\d[\w.]*)|(?P<name>[A-Za-z_:][\w:]*)|(?P<mark>[^\s])""",
    re.VERBOSE,
)


class Names(NamedTuple):
    """What an expression is made of: (metric, labels matched on), labels grouped by, functions."""

    selectors: list[tuple[str, list[str]]]
    grouped: set[str]
    functions: set[str]


def names_in(expression: str) -> Names:
    """Tell metrics, labels and functions of PromQL apart, in an expression that parses."""
    found = Names([], set(), set())
    tokens = [
        (match.lastgroup, match.group())
        for match in TOKEN.finditer(expression)
        if match.lastgroup not in ("comment", "string", "number")
    ]
    grouping = matching = False
    for (kind, text), (_, after) in pairwise([*tokens, ("mark", "")]):
        if text in "{}":
            matching = text == "{"
        elif text == ")":
            grouping = False
        elif kind != "name":
            continue
        elif text in GROUPERS and after == "(":
            grouping = True
        elif matching:
            found.selectors[-1][1].append(text)
        elif grouping:
            found.grouped.add(text)
        elif (after == "(" and text not in KEYWORDS) or text in FUNCTIONS:
            found.functions.add(text)
        elif text not in KEYWORDS:
            found.selectors.append((text, []))
    return found


def check_names(expression: str) -> None:
    """Fail unless every metric, label and function exists."""
    names = names_in(expression)
    assert names.selectors, expression
    for metric, labels in names.selectors:
        assert metric in KNOWN, f"{metric} is not exported or recorded"
        assert {*labels} <= KNOWN[metric], f"{metric} has no such label"
    assert names.grouped <= set().union(*KNOWN.values()) | {"consumer"}
    assert names.functions <= FUNCTIONS


def labels_of(alert: dict[str, Any]) -> set[str]:
    """The labels of an alert about streams: those of the first series of its expression."""
    metric = names_in(alert["expr"]).selectors[0][0]
    return {*LEVELS[metric.split(":")[0]]} - {"db"}


# --- rule files


def test_the_tokenizer_tells_names_apart():
    names = names_in(
        'max without (pod) (up{job="a"}) > on (x) group_left () rate(b:c[5m] offset 1h) # d\n'
    )
    assert names == ([("up", ["job"]), ("b:c", [])], {"pod", "x"}, {"max", "rate"})


@pytest.mark.newest_too
def test_promtool_finds_no_fault(each_promtool: Peer):
    files = [ALERTS_FOLDER / name for name in FILES]
    each_promtool.run("check", "rules", "--lint=all", "--lint-fatal", *files)


def test_groups_are_small_and_named_once():
    names = [group["name"] for group in GROUPS]
    assert len(names) == len({*names})
    for group in GROUPS:
        assert re.fullmatch(r"redis-streams(\.[a-z]+)+", group["name"])
        assert len(group["rules"]) <= MAX_GROUP, group["name"]


def test_nothing_needs_more_than_prometheus_2_42():
    for document in FILES.values():
        assert document.keys() == {"groups"}
    assert {key for group in GROUPS for key in group} <= GROUP_KEYS
    assert {key for rule in RULES for key in rule} <= RULE_KEYS
    for rule in ALERTS.values():
        for text in rule.get("annotations", {}).values():
            for code in re.findall(r"\{\{-?(.*?)-?\}\}", text):
                plain = re.sub(r'"(?:[^"\\]|\\.)*"', "", code)
                words = set(re.findall(r"(?<![$.\w])[a-zA-Z]\w*", plain))
                assert words <= TEMPLATE_WORDS, code


@every(RECORDS)
def test_recorded_series_are_level_metric_operation(name):
    level, metric, operation = name.split(":")
    assert level in LEVELS
    assert metric.startswith(("redis_up", "up", "streamgauge_", "redis_stream_", "redis_key_"))
    assert metric.startswith("redis_stream_group_") == (level == "group")
    assert metric.startswith("redis_stream_reaction_") == (level == "reaction")
    assert metric.startswith("redis_key_") == (level == "key")
    assert re.fullmatch(r"[a-z][a-z0-9_]*", operation)


def test_nothing_is_named_twice():
    assert len(ALERTS) + len(RECORDS) == len(RULES)


@every(RULES, name=lambda rule: rule.get("alert") or rule["record"])
def test_every_metric_and_label_is_exported(rule):
    check_names(rule["expr"])


def test_exporters_are_told_apart_before_anything_else():
    for name, rule in RECORDS.items():
        if {metric for metric, _ in names_in(rule["expr"]).selectors} & EXPORTED.keys():
            assert "by (job, cluster, namespace, environment, team" in rule["expr"], name
    for name, rule in ALERTS.items():
        raw = {metric for metric, _ in names_in(rule["expr"]).selectors} - RECORDS.keys()
        assert raw <= {"up"}, name


# --- alerts


def test_what_pages_is_what_the_contract_says():
    severities = {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}
    assert {name for name, severity in severities.items() if severity == "critical"} == PAGES
    assert {*severities.values()} == {"critical", "warning"}
    tickets = {
        rule["alert"]
        for g in FILES["hygiene.rules.yml"]["groups"]
        for rule in g["rules"]
        if "alert" in rule
    }
    assert tickets == ALERTS.keys() - PAGES


def test_the_readme_lists_every_ticket_and_every_page_with_its_words():
    listed = re.findall(r"^\| (`Redis.*?`) \| (.+?) \|", README, re.MULTILINE)
    words: dict[str, set[str]] = {}
    for names, said in listed:
        for name in re.findall(r"`(Redis\w+)`", names):
            words.setdefault(name, set()).add(said)
    assert words.keys() == ALERTS.keys()
    assert all(all(said) for said in words.values())


@every(ALERTS)
def test_names_and_labels(name):
    assert re.fullmatch(r"Redis(Stream|Key)s?([A-Z][a-z]+)+", name)
    assert len(name) <= MAX_NAME
    assert ALERTS[name]["labels"].keys() == {"severity"}


@every(ALERTS)
def test_annotations(name):
    annotations = ALERTS[name].get("annotations", {})
    assert annotations.keys() == {"summary", "description"}
    assert re.fullmatch(r"[A-Z][^{}]*[a-z]\.", annotations["summary"])
    description = annotations["description"]
    assert re.match(r"[A-Z]|\{\{ if .*?\}\}\s*[A-Z]|\{\{ \$value \| humanize", description)
    assert re.search(r"\.(\s*\{\{-? end -?\}\})?$", description.strip())
    for label in labels_of(ALERTS[name]):
        assert re.search(rf"\$labels\.{label}\b(?! *\|)", description), f"without its {label}"
    assert not re.search(r"\b(\$?value)\s*-?\}\}", description), "a value that is not humanized"


# --- runbooks


def blocks(text: str, language: str) -> Iterator[str]:
    """The code blocks of one language, without their indentation."""
    for indent, code in re.findall(
        rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL
    ):
        assert all(line.startswith(indent) or not line for line in code.splitlines())
        yield textwrap.dedent(code).strip()


def test_every_alert_has_a_runbook_and_no_other_has():
    assert RUNBOOKS.keys() == ALERTS.keys()


@every(RUNBOOKS)
def test_runbook_headings(name):
    text = RUNBOOKS[name]
    assert re.findall(r"^# (.*)$", text, re.MULTILINE)[0] == name
    sections = re.split(r"^## (.*)$", text, flags=re.MULTILINE)[1:]
    assert sections[::2] == HEADINGS
    assert all(section.strip() for section in sections[1::2])
    diagnosis = sections[5]
    assert [*blocks(diagnosis, "promql")]
    assert [*blocks(diagnosis, "sh")]


@every(RUNBOOKS)
def test_runbooks_name_files_that_exist(name):
    for other in re.findall(r"\b(Redis(?:Stream|Key)\w+)\b", RUNBOOKS[name]):
        assert other in ALERTS


@every(RUNBOOKS)
def test_runbook_queries_name_what_exists(name):
    for query in blocks(RUNBOOKS[name], "promql"):
        check_names(query)


@pytest.mark.newest_too
def test_runbook_queries_parse(tmp_path, each_promtool: Peer):
    queries = [query for text in RUNBOOKS.values() for query in blocks(text, "promql")]
    rules = [
        {"record": f"runbook:query:n{number}", "expr": query}
        for number, query in enumerate(queries)
    ]
    file = tmp_path / "queries.yml"
    file.write_text(fast_yaml.dump({"groups": [{"name": "queries", "rules": rules}]}))
    each_promtool.run("check", "rules", "--lint=all", "--lint-fatal", file)


class Shell:
    """Runs the lines of a runbook as somebody would who has filled in the first block."""

    def __init__(self, server: RealServer, directory: Path) -> None:
        redis_cli = shutil.which("redis-cli", path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")
        if redis_cli is None:
            missing("redis-cli")
        # With -e an error reply ends redis-cli with a failure.
        self._server, self._path = server, f"{directory}:{os.environ['PATH']}"
        wrapper = directory / "redis-cli"
        wrapper.write_text(f'#!/bin/sh\nexec {redis_cli} -e "$@"\n')
        wrapper.chmod(0o755)

    def run(self, assignments: list[str], line: str, *, has_group: bool = True) -> None:
        """Run one line on a fresh stream of five entries, of which a consumer took three."""
        self._server.flush()
        with self._server.client() as client:
            for number in range(5):
                client.xadd("orders", {"number": number})
            client.xgroup_create("orders", "workers", "0")
            taken = client.xreadgroup("workers", "w1", {"orders": ">"}, count=3)
            if not has_group:
                client.xgroup_destroy("orders", "workers")
        filled_in = f"PORT={self._server.port} ENTRY={taken[0][1][0][0]}"
        script = "\n".join(["set -u", *assignments, filled_in, line])
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            capture_output=True,
            text=True,
            env=os.environ | {"PATH": self._path},
        )
        assert (done.returncode, done.stderr) == (0, ""), f"{line}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("release", ["redis-6.2", "redis-7.0"])
def test_runbook_commands_work_on_a_real_server(release, session_server, tmp_path):
    shell = Shell(session_server(release), tmp_path)
    commands = 0
    for text in RUNBOOKS.values():
        lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
        assignments = [line for line in lines if re.match(r"[A-Z]+=", line)]
        assert all(re.fullmatch(r"([A-Z]+=(\S+|'[^']*') ?)+", line) for line in assignments)
        for line in lines:
            if line.startswith("redis-cli "):
                shell.run(assignments, line, has_group="XGROUP CREATE" not in line)
                commands += 1
    assert commands > len(RUNBOOKS)

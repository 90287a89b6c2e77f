"""Plays histories against all rule files in few runs of promtool, each as a Redis of its own."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field

from rules.hygiene.alert import Look, Said
from rules.hygiene.histories import History
from streamgauge.bundled import bundle_path
from support import fast_yaml
from support.peers import Peer

FILES = ("streams", "exporter", "hygiene", "reactions")
RULES = [bundle_path("alerts") / f"{name}.rules.yml" for name in FILES]


@dataclass
class Played:
    """What the rules made of histories: which alerts ever fired, and what was seen at each look."""

    ever: dict[str, dict[str, int]] = field(default_factory=dict)
    seen: dict[tuple[str, Look], list[Said]] = field(default_factory=dict)


def play(
    promtool: Peer, directory, histories: dict[str, History], looks: Iterable[Look] = ()
) -> Played:
    """Judge histories of one length in one run; AssertionError when promtool cannot."""
    tokens = {name: f"redis-{index:02}" for index, name in enumerate(histories)}
    series = {
        text.replace('redis="main"', f'redis="{tokens[name]}"'): values
        for name, history in histories.items()
        for text, values in history.series.items()
    }
    one = next(iter(histories.values()))
    output = _run(promtool, directory, series, one, sorted(set(looks)))
    found = Played({name: {} for name in histories})
    by_token = {token: name for name, token in tokens.items()}
    alerts, _, counts = output.partition('expr: "')
    for labels, count in re.findall(r"(\{(?:__name|after|alertname).*?\}) ([\d.E+]+)", counts):
        said = _labels(labels)
        name = by_token.get(said.get("redis"), next(iter(histories)))
        found.ever[name][said["alertname"]] = int(float(count))
    for block in alerts.split("alertname: ")[1:]:
        alert, hours, rest = re.match(r"(\w+), time: (?:(\d+)h)?(?:(\d+)m)?", block).groups()
        look = Look(alert, int(hours or 0) * 60 + int(rest or 0))
        got = block.partition("got:[")[2]
        for said in re.findall(r"Labels:(\{.*\})\s+Annotations:(\{.*\})", got):
            token = _labels(said[0]).get("redis", "")
            name = by_token.get(token, next(iter(histories)))
            plain = [part.replace(token, "main") if token in by_token else part for part in said]
            found.seen.setdefault((name, look), []).append((_labels(plain[0]), _labels(plain[1])))
    return found


def _run(promtool: Peer, directory, series: dict[str, str], one: History, looks: list[Look]) -> str:
    ever = f'count_over_time(ALERTS{{alertstate="firing"}}[{one.minutes}m])'
    content = {
        "rule_files": [str(file) for file in RULES],
        "evaluation_interval": f"{one.step_seconds}s",
        "group_eval_order": [
            group["name"] for file in RULES for group in fast_yaml.load(file.read_text())["groups"]
        ],
        "tests": [
            {
                "interval": f"{one.step_seconds}s",
                "input_series": [{"series": s, "values": v} for s, v in series.items()],
                "alert_rule_test": [
                    {"eval_time": f"{look.minute}m", "alertname": look.alert, "exp_alerts": []}
                    for look in looks
                ],
                "promql_expr_test": [{"expr": ever, "eval_time": f"{one.minutes}m"}],
            }
        ],
    }
    file = directory / "test.yml"
    file.write_text(fast_yaml.dump(content))
    command = [promtool.binary, "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert done.returncode == 0 or "got:" in output, output
    assert "err: " not in output, output  # a query that failed has found nothing and proves nothing
    return output


def _labels(text: str) -> dict[str, str]:
    pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', text)
    return {key: ast.literal_eval(value) for key, value in pairs}

"""Asks vmalert's unit tests which alerts rule files fire on what was scraped, and when."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from support import fast_yaml
from support.peers import newest
from support.promtool import EVALUATION_SECONDS, Firing, Recording, runs, without_annotations

_LOOK = re.compile(r"alertname: (\w+), time: (?:(\d+)h)?(?:(\d+)m)?(\d+)s,")
_LABELS = re.compile(r"Labels:\{(.*)\}")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def firings(recording: Recording, rule_files: Sequence[Path], directory: Path) -> list[Firing]:
    """Return every alert that ever fired: it is asked at each evaluation, and nothing expected."""
    files = [directory / f"{number}.rules.yml" for number, _ in enumerate(rule_files)]
    for file, rules in zip(files, rule_files, strict=True):
        file.write_text(without_annotations(rules.read_text()))
    groups = [group for file in files for group in fast_yaml.load(file.read_text())["groups"]]
    looks = [
        {"eval_time": f"{at}s", "groupname": group["name"], "alertname": rule["alert"]}
        for group in groups
        for rule in group["rules"]
        if "alert" in rule
        for at in range(0, recording.seconds + 1, EVALUATION_SECONDS)
    ]
    test = {
        "interval": f"{recording.interval}s",
        "input_series": [
            {"series": series, "values": " ".join(runs(values))}
            for series, values in recording.series.items()
        ],
        "alert_rule_test": [look | {"exp_alerts": []} for look in looks],
    }
    document = {
        "rule_files": [*map(str, files)],
        "evaluation_interval": f"{EVALUATION_SECONDS}s",
        "group_eval_order": [group["name"] for group in groups],
        "tests": [test],
    }
    file = directory / "vmalert.yml"
    file.write_text(fast_yaml.dump(document))
    command = [newest("vmalert-tool").binary, "unittest", "--files", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    output = done.stdout + done.stderr
    if done.returncode == 0:
        return []
    _, *blocks = output.split("groupname: ")
    assert blocks, output[:2000]
    return _firings(blocks)


def _firings(blocks: Sequence[str]) -> list[Firing]:
    seen: defaultdict[tuple[tuple[str, str], ...], list[int]] = defaultdict(list)
    for block in blocks:
        look = _LOOK.search(block)
        assert look, block[:2000]
        hours, minutes, seconds = (int(part or 0) for part in look.groups()[1:])
        for labels in _LABELS.findall(block):
            seen[tuple(_LABEL.findall(labels))].append((hours * 60 + minutes) * 60 + seconds)
    return [Firing(dict(key), min(at), max(at), len(at)) for key, at in seen.items()]

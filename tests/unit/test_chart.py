"""The chart without Helm: what is generated is up to date, and its schema fits its values."""

import copy
import json
import re
import runpy
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from streamgauge import __version__
from support.every import every
from support.servers import ROOT

CHART = ROOT / "deploy" / "helm" / "streamgauge"
GENERATOR = runpy.run_path(str(ROOT / "deploy" / "kubernetes" / "generate.py"))
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def unfit(values: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [error.message for error in validator.iter_errors(values)]


def changed(path: str, value: Any) -> Any:
    """The default values with one of them changed or added."""
    values = copy.deepcopy(VALUES)
    inner = values
    *folders, last = path.split(".")
    for key in folders:
        inner = inner[key]
    inner[last] = value
    return values


@every(GENERATOR["chart_files"]().items(), name=lambda item: item[0].name)
def test_a_file_of_the_chart_is_what_its_source_says(item):
    path, text = item
    assert path.read_text() == text, "run make generate"


@every(GENERATOR["manifests"]().items(), name=lambda item: item[0].name)
def test_a_manifest_is_what_its_source_says(item):
    path, text = item
    assert path.read_text() == text, "run make generate"


def test_nothing_is_left_in_the_chart_whose_source_is_gone():
    there = {path for path in (CHART / "files").rglob("*") if path.is_file()}
    assert there == {path for path in GENERATOR["chart_files"]() if "files" in path.parts} | {
        CHART / "files" / "probe.py"
    }


def test_the_chart_has_the_version_of_the_program():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == __version__


def test_the_schema_is_one_and_the_default_values_fit():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert unfit(VALUES) == []


MISTAKES = [
    ("replica", 2),
    ("replicas", "2"),
    ("shards", 0),
    ("image.pullPolicy", "always"),
    ("config.redis", []),
    ("config.redis", "redis://redis:6379"),
    ("config.redis", {"name": "main", "password": "secret"}),
    ("config.redis", {"name": "main", "url": "redis://:secret@h"}),
    ("config.redis", {"name": "main", "sentinel": {"service": "m", "password": "secret"}}),
    ("config.redis", [{"name": 1}]),
    ("existingSecrets", [{"name": "redis"}]),
    ("persistence.size", "64 MB"),
    ("service.port", 0),
    ("ingress.enabled", True),
    ("serviceMonitor.interval", "15 s"),
    ("serviceMonitor.labels", {"release": 1}),
    ("prometheusRule.grafanaBase", "https://grafana.example.com"),
    ("networkPolicy.from", {"podSelector": {}}),
]


@every(MISTAKES)
def test_a_mistake_in_the_values_is_refused(mistake):
    assert unfit(changed(*mistake))


def test_the_schema_knows_the_same_values_as_the_file_and_the_readme():
    documented = set(
        re.findall(r"^\| `([\w.]+)` \|", (CHART / "README.md").read_text(), re.MULTILINE)
    )
    known = {path for path in in_schema(SCHEMA, "") if path != "global"}
    # config is streamgauge's own file; the schema looks at what the chart needs of it.
    assert {path for path in known if not path.startswith("config.")} == documented


def in_schema(schema: Any, prefix: str) -> Iterator[str]:
    for name, inner in schema["properties"].items():
        if "properties" in inner and name != "config":
            yield from in_schema(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_the_example_of_the_readme_is_one():
    (example,) = re.findall(r"```yaml\n(.*?)```", (CHART / "README.md").read_text(), re.DOTALL)
    values = VALUES | yaml.safe_load(example)
    assert unfit(values) == []
    (secret,) = values["existingSecrets"]
    assert values["config"]["redis"]["password_file"].startswith(f"/run/secrets/{secret}/")


@pytest.mark.parametrize("name", sorted(path.name for path in (CHART / "templates").iterdir()))
def test_a_template_uses_only_values_that_there_are(name):
    text = (CHART / "templates" / name).read_text()
    for used in re.findall(r"\.Values\.([\w.]+)", text):
        inner = VALUES
        for key in used.split("."):
            assert key in inner, used
            inner = inner[key]

"""A rule file becomes a PrometheusRule whose spec is the file."""

import pytest
import yaml

from streamgauge.pack.adapt import as_prometheus_rule

RULES = """\
# What pages.
#
# And why.

groups:
  # The first.
  - name: g
    rules:
      - record: a:b:max
        expr: |
          a

            unless b
        labels: {team: "x
          y"}
"""


def test_the_spec_is_the_file_and_its_header_stays_on_top():
    text = as_prometheus_rule("streams.rules.yml", RULES)
    assert yaml.safe_load(text) == {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": "streamgauge-streams",
            "labels": {"app.kubernetes.io/name": "streamgauge"},
        },
        "spec": yaml.safe_load(RULES),
    }
    assert text.startswith("# What pages.\n#\n# And why.\n\napiVersion:")
    assert "spec:\n  groups:\n    # The first.\n    - name: g\n" in text
    assert not [line for line in text.splitlines() if line != line.rstrip()]


@pytest.mark.parametrize("header", ["", "---\n", "# x\n---\n# y\n", "\n", "# x\r\n"])
def test_any_header_is_kept(header):
    text = as_prometheus_rule("a.rules.yml", header + "groups: []\n")
    assert text.startswith(f"{header}apiVersion:")
    assert yaml.safe_load(text)["spec"] == {"groups": []}


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("streams.rules.yml", "streamgauge-streams"),
        ("My_streams 2.rules.yaml", "streamgauge-my-streams-2"),
        ("_odd_.rules.yml", "streamgauge-odd"),
    ],
)
def test_the_name_is_one_that_kubernetes_allows(file_name, name):
    assert yaml.safe_load(as_prometheus_rule(file_name, RULES))["metadata"]["name"] == name

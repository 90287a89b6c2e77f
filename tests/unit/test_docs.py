"""What the README shows is what the program says."""

import re
from pathlib import Path

import yaml
from click.testing import CliRunner

from streamgauge.cli.metrics import metrics
from streamgauge.config import load_config
from streamgauge.demo.config import render_config
from streamgauge.demo.pace import Pace

README = (Path(__file__).parent.parent.parent / "README.md").read_text()
DEMO_URL = "redis://127.0.0.1:6379/0"


def section(name: str) -> str:
    found = re.search(rf"<!-- {name}.*?-->\n(.*?)<!-- end of {name} -->", README, re.DOTALL)
    assert found, f"README.md has no section {name}"
    return found[1]


def test_the_metric_table_is_the_one_of_the_program():
    assert section("metrics") == CliRunner().invoke(metrics).output


def test_the_example_is_the_demos_own_configuration(tmp_path):
    example = section("example").removeprefix("```yaml\n").removesuffix("```\n")
    assert example == render_config(DEMO_URL, Pace(1))
    file = tmp_path / "streamgauge.yml"
    file.write_text(example)
    assert {rule.stream_class for rule in load_config(file, environ={}).streams} == {
        "continuous",
        "hybrid",
        "event",
        "unclassified",
    }


def test_every_yaml_block_can_be_parsed():
    blocks = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        assert yaml.safe_load(block)

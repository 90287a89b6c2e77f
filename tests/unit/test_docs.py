"""What the documents show is what the program says, and what they link to is there."""

import re
from pathlib import Path

import yaml
from click.testing import CliRunner

from streamgauge.cli.metrics import metrics
from streamgauge.config import load_config
from streamgauge.web.config.load import load_web_config
from streamgauge_demo.config import render_config
from streamgauge_demo.pace import Pace
from support.certificates import issue, make_authority
from support.every import every

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "alerts").glob("*.md"),
        *(ROOT / "grafana").glob("*.md"),
        *(ROOT / "benchmarks").glob("*.md"),
        *(ROOT / "deploy").glob("*.md"),
    ]
)
DEMO_URL = "redis://127.0.0.1:6379/0"
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def text(name: str) -> str:
    return (ROOT / name).read_text()


def section(document: str, name: str) -> str:
    found = re.search(rf"<!-- {name}.*?-->\n(.*?)<!-- end of {name} -->", text(document), re.DOTALL)
    assert found, f"{document} has no section {name}"
    return found[1]


def yaml_block(document: str, beginning: str) -> str:
    """The one YAML block of a document that begins so."""
    (found,) = [block for block in YAML.findall(text(document)) if block.startswith(beginning)]
    return found


def test_the_metric_table_is_the_one_of_the_program():
    assert section("docs/metrics.md", "metrics") == CliRunner().invoke(metrics).output


def test_the_documents_name_metrics_that_exist():
    every = set(re.findall(r"^\| `(\w+)`", text("docs/metrics.md"), re.MULTILINE))
    pages = [text("README.md"), text("docs/evidence.md"), text("docs/architecture.md")]
    named = re.findall(r"`(redis_stream_\w+|streamgauge_\w+)`", "\n".join(pages))
    assert named
    assert set(named) <= every


def test_the_long_example_is_the_demos_own_configuration(tmp_path):
    example = section("docs/configuration.md", "example")
    example = example.removeprefix("```yaml\n").removesuffix("```\n")
    assert example == render_config(DEMO_URL, Pace(1))
    assert classes(example, tmp_path) == {"continuous", "hybrid", "event", "unclassified"}


def test_the_short_example_is_accepted(tmp_path):
    assert {"continuous", "hybrid", "event"} < classes(yaml_block("README.md", "redis:"), tmp_path)


def classes(configuration: str, folder: Path) -> set[str]:
    file = folder / "streamgauge.yml"
    file.write_text(configuration)
    return {rule.stream_class for rule in load_config(file, environ={}).streams}


def test_the_example_of_sentinel_and_cluster_is_accepted(tmp_path):
    for name in ("redis-password", "sentinel-password"):
        (tmp_path / name).write_text("secret")
    file = tmp_path / "streamgauge.yml"
    file.write_text(yaml_block("docs/redis.md", "redis:"))
    assert [one.mode for one in load_config(file, environ={}).redis] == ["sentinel", "cluster"]


def test_the_web_configuration_is_accepted(tmp_path):
    authority = make_authority(tmp_path)
    server = issue(authority, "server", "IP:127.0.0.1")
    assert server.cert.name == "server.pem"
    file = tmp_path / "web.yml"
    file.write_text(yaml_block("docs/serving.md", "tls_server_config:"))
    config = load_web_config(file)
    assert config.tls is not None
    assert list(config.users) == ["prometheus"]


@every(DOCUMENTS)
def test_every_yaml_block_can_be_parsed(document):
    for block in YAML.findall(document.read_text()):
        assert yaml.safe_load(block)


@every(DOCUMENTS)
def test_every_link_to_a_file_leads_somewhere(document):
    for target in LINK.findall(document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([\w-]+):", text("Makefile"), re.MULTILINE))
    for document in DOCUMENTS:
        shown = "".join(SHELL.findall(document.read_text()))
        named = re.findall(r"^make ([\w-]+)", shown, re.MULTILINE)
        assert set(named) <= targets, document.name

"""The adapted pack is as valid as the shipped one, and differs only in what was asked for."""

import json
import re
from pathlib import Path

import pytest

from rules.packing import OPTION_SETS, SITE, adapted_rule_files
from streamgauge.bundled import bundle_path
from streamgauge.pack import PackOptions
from streamgauge.pack.matchers import quote
from support import fast_yaml
from support.peers import Peer

EXAMPLE = "alertmanager.example.yml"
LEFT_OVER = re.compile(r"""\bjob\s*[=!]~?\s*\\?["']streamgauge""")
LINKS = {"page_url": "page_url", "dashboard_base": "dashboard_url", "runbook_base": "runbook_url"}


@pytest.fixture(params=OPTION_SETS)
def options(request: pytest.FixtureRequest) -> PackOptions:
    return OPTION_SETS[request.param]


def expected_rule(rule: dict, options: PackOptions) -> dict:
    """The shipped rule with the site's values, made from the parsed rule and not from its text."""
    jobs = options.jobs or ("streamgauge",)
    absent = [f"absent(up{{job={quote(job)}}})" for job in jobs]
    expression = rule["expr"].replace('absent(up{job="streamgauge"})', " or ".join(absent))
    rule = rule | {"expr": expression.replace('job="streamgauge"', matcher(jobs))}
    label = options.paging_label
    if label and rule.get("alert") and rule["labels"]["severity"] == "critical":
        rule["labels"] = rule["labels"] | {label.name: label.value}
    return rule


def matcher(jobs: tuple[str, ...]) -> str:
    escaped = [re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", job) for job in jobs]
    return f"job={quote(jobs[0])}" if len(jobs) == 1 else f"job=~{quote('|'.join(escaped))}"


def test_promtool_accepts_the_rules(tmp_path, options, each_promtool: Peer):
    files = adapted_rule_files(tmp_path, options)
    assert files
    each_promtool.run("check", "rules", "--lint=all", "--lint-fatal", *files)


def test_every_rule_is_the_shipped_one_with_the_sites_values_and_links(tmp_path, options):
    wanted = {link for base, link in LINKS.items() if getattr(options, base)}
    for file in adapted_rule_files(tmp_path, options):
        document = fast_yaml.load((bundle_path("alerts") / file.name).read_text())
        for group in document["groups"]:
            group["rules"] = [expected_rule(rule, options) for rule in group["rules"]]
        found = fast_yaml.load(file.read_text())
        for rule in (rule for group in found["groups"] for rule in group["rules"]):
            if "alert" in rule:
                links = {link: rule["annotations"].pop(link) for link in wanted}
                assert all(url.startswith("http") for url in links.values())
        assert found == document


def test_no_comment_is_lost(tmp_path, options):
    adapted_rule_files(tmp_path, options)
    jobs = options.jobs or ("streamgauge",)
    for file in (tmp_path / "pack" / "alerts").glob("*.rules.yml"):
        shipped = comments((bundle_path("alerts") / file.name).read_text())
        expected = [
            line.replace('job="streamgauge"', matcher(jobs)).replace(
                "name than streamgauge,", f"name than {' or '.join(jobs)},"
            )
            for line in shipped
        ]
        assert comments(file.read_text()) == expected != []


def comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.lstrip().startswith("#")]


def test_nothing_of_the_shipped_site_is_left(tmp_path):
    adapted_rule_files(tmp_path, SITE)
    files = [path for path in (tmp_path / "pack").rglob("*") if path.is_file()]
    # The mixin replaces the addresses itself, when it is rendered.
    texts = {
        path: path.read_text()
        for path in files
        if path.name != "README.md" and path.suffix != ".libsonnet"
    }
    assert [path for path, text in texts.items() if LEFT_OVER.search(text)] == []


def test_dashboards_are_json_still(tmp_path, options):
    adapted_rule_files(tmp_path, options)
    grafana = tmp_path / "pack" / "grafana"
    for path in grafana.rglob("*.json"):
        shipped = json.loads((bundle_path("grafana") / path.relative_to(grafana)).read_text())
        assert json.loads(path.read_text()).keys() == shipped.keys()


@pytest.mark.parametrize("name", ["another job", "a hostile job"])
@pytest.mark.parametrize("up", [1, 0])
def test_the_job_that_is_watched_is_the_sites(tmp_path, name, up, each_promtool: Peer):
    """With another job in the selectors, the target would be taken for gone although it is up."""
    options = OPTION_SETS[name]
    files = adapted_rule_files(tmp_path, options)
    (job,) = options.jobs
    series = f"up{{job={quote(job)}, instance='a'}}"
    firing = "count(ALERTS{alertname='RedisStreamsMonitoringBlind', alertstate='firing'})"
    test = {
        "rule_files": [str(file) for file in files],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": series, "values": f"{up}x20"}],
                "promql_expr_test": [
                    {
                        "expr": firing,
                        "eval_time": "15m",
                        "exp_samples": [] if up else [{"labels": "{}", "value": 1}],
                    }
                ],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(fast_yaml.dump(test))
    each_promtool.run("test", "rules", tmp_path / "test.yml")


def example(tmp_path: Path, options: PackOptions) -> tuple[Path, Path]:
    """The shipped and the adapted Alertmanager example."""
    shipped = bundle_path("alerts") / EXAMPLE
    if not shipped.exists():
        pytest.skip("no Alertmanager example is shipped")
    adapted_rule_files(tmp_path, options)
    return shipped, tmp_path / "pack" / "alerts" / EXAMPLE


def test_amtool_accepts_the_example(tmp_path, options, each_amtool: Peer):
    _, adapted = example(tmp_path, options)
    each_amtool.run("check-config", adapted)


def test_alerts_reach_the_receivers_they_reached_as_shipped(tmp_path, options, each_amtool: Peer):
    shipped, adapted = example(tmp_path, options)
    for severity in ("critical", "warning"):
        labels = {"alertname": "A", "redis": "r", "stream": "s", "severity": severity}
        before = receivers(each_amtool, shipped, labels)
        if options.paging_label and severity == "critical":
            labels |= {options.paging_label.name: options.paging_label.value}
        assert receivers(each_amtool, adapted, labels) == before


def receivers(amtool: Peer, config: Path, labels: dict[str, str]) -> str:
    arguments = [f"{name}={value}" for name, value in labels.items()]
    return amtool.run("config", "routes", "test", f"--config.file={config}", *arguments)

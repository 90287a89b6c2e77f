"""The table of alerts in alerts/README.md promises what the scenarios hold the rules to."""

import re

from rules.shipped import PAGING_RULES
from rules.simulator.case import CLEARS_WITHIN, FIRES_WITHIN
from streamgauge.bundled import bundle_path
from support import fast_yaml
from support.every import every

ROW = re.compile(r"^\| `(Redis\w+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
PROMISED = {
    alert: (latest, gone)
    for alert, latest, gone in ROW.findall((bundle_path("alerts") / "README.md").read_text())
}


def seconds(promise: str, limit: float) -> float:
    """Evaluate `limit + 4 min`; what follows a comma outside of brackets is a remark."""
    formula = re.sub(r"(\d+) min\b", r"\1 * 60", re.split(r",(?![^(]*\))", promise)[0])
    return eval(formula, {"__builtins__": {}}, {"limit": limit, "max": max})


def test_the_table_has_the_alerts_that_page():
    groups = [g for file in PAGING_RULES for g in fast_yaml.load(file.read_text())["groups"]]
    alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    assert set(PROMISED) == alerts == set(FIRES_WITHIN) == set(CLEARS_WITHIN)


@every(FIRES_WITHIN)
def test_an_alert_fires_as_soon_as_promised(alert):
    for limit in (30.0, 600.0, 3600.0):
        assert seconds(PROMISED[alert][0], limit) == FIRES_WITHIN[alert](limit)


@every(CLEARS_WITHIN)
def test_an_alert_is_gone_as_soon_as_promised(alert):
    assert seconds(PROMISED[alert][1], 0.0) == CLEARS_WITHIN[alert]

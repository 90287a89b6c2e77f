"""The rule files that page, the named scenarios, and how the one fare on the other."""

from functools import cache

from rules.scenarios import SCENARIOS
from rules.simulator.case import Case, Verdict
from rules.simulator.corpus import batches, judge_all
from streamgauge.bundled import bundle_path
from support.peers import Peer

PAGING_RULES = [bundle_path("alerts") / f"{name}.rules.yml" for name in ("streams", "exporter")]


@cache
def named_cases() -> dict[str, Case]:
    """Every named scenario; what is scraped of each is kept in it."""
    return {name: build() for name, build in SCENARIOS.items()}


@cache
def named_verdicts(promtool: Peer) -> dict[str, Verdict]:
    """What comes out of every named scenario under the shipped rules."""
    return judge_all(batches(named_cases()), PAGING_RULES, promtool)

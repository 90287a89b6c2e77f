"""No guard is there for nothing: without it, or turned round, a scenario comes out wrong."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from rules.mutants import mutants
from rules.scenarios import SCENARIOS, SECTIONS
from rules.shipped import PAGING_RULES
from rules.simulator.corpus import PROMTOOLS_AT_ONCE, batches

SAME_IN_OTHER_WORDS: dict[tuple[str, str], str] = {}
"""Mutants that no history can tell from the rule, each with the reason."""


@pytest.fixture(scope="module")
def recorded():
    return {
        alert: list(batches({name: SCENARIOS[name]() for name in names}, 12))
        for alert, names in SECTIONS.items()
    }


def goes_wrong(batch, rule_files):
    return any(verdict.problems for verdict in batch.judge(rule_files).values())


def is_caught(mutant, file, recorded, directory):
    """Play the scenarios about the alert, or for a recording rule those about any alert."""
    changed = directory / f"{abs(hash((mutant.alert, mutant.change)))}.yml"
    changed.write_text(yaml.safe_dump(mutant.groups, sort_keys=False, width=1000))
    rule_files = [changed, *(other for other in PAGING_RULES if other != file)]
    about = [mutant.alert] if mutant.alert in recorded else list(recorded)
    return any(goes_wrong(batch, rule_files) for alert in about for batch in recorded[alert])


@pytest.mark.parametrize("file", PAGING_RULES, ids=lambda file: file.name)
def test_every_mutant_is_caught(file, recorded, tmp_path, capsys):
    made = list(mutants(file.read_text()))
    with ThreadPoolExecutor(PROMTOOLS_AT_ONCE) as pool:
        caught = list(pool.map(lambda mutant: is_caught(mutant, file, recorded, tmp_path), made))
    survivors = {(m.alert, m.change) for m, c in zip(made, caught, strict=True) if not c}
    with capsys.disabled():
        print(f"\n{file.name}: {sum(caught)} of {len(made)} mutants caught")
    assert survivors == {(m.alert, m.change) for m in made} & SAME_IN_OTHER_WORDS.keys()

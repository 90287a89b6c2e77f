"""The reconcile engine's judgement, as a table and as a story with a clock."""

import pytest

from streamgauge_demo.reconcile import Look, Memory, Rules, Verdict, judge

NOW = 1_000.0
RULES = Rules(stale_after_seconds=10, cooldown_seconds=120)
CALM = Look("BTCUSDT", 5, snapshot_at=NOW, ledger_amount=5, ledger_at=NOW - 60, evidence=False)


def look(**changes) -> Look:
    return Look(**{**vars(CALM), **changes})


DRIFT = look(exchange_amount=55)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (look(), Verdict.MATCH),
        (look(snapshot_at=NOW - 10), Verdict.MATCH),
        (look(snapshot_at=NOW - 10.1), Verdict.STALE),
        # A stale snapshot proves nothing, not even a drift.
        (look(snapshot_at=NOW - 11, exchange_amount=55), Verdict.STALE),
        # The ledger already knows of a fill that the snapshot is too old to show.
        (look(exchange_amount=4, snapshot_at=NOW - 1, ledger_at=NOW), Verdict.BEHIND),
        (look(exchange_amount=7, evidence=True), Verdict.REPAIR),
        (look(exchange_amount=0), Verdict.NOTHING_TO_CLOSE),
        (look(exchange_amount=0, evidence=True), Verdict.REPAIR),
        (DRIFT, Verdict.SUSPECT),
    ],
)
def test_first_look(seen: Look, verdict: Verdict):
    assert judge(seen, Memory(), NOW, RULES)[0] is verdict


def test_a_drift_is_published_at_the_second_look_and_then_once_per_cooldown():
    memory, published = Memory(), []
    for second in range(300):
        now = NOW + second
        seen = look(exchange_amount=55, snapshot_at=now)
        verdict, memory = judge(seen, memory, now, RULES)
        if verdict is Verdict.PUBLISH:
            published.append(second)
    assert published == [1, 121, 241]


def test_another_amount_is_another_drift_with_its_own_cooldown():
    memory = Memory(suspected=DRIFT.signature, published_at={DRIFT.signature: NOW})
    other = look(exchange_amount=-55)
    verdict, memory = judge(other, memory, NOW, RULES)
    assert verdict is Verdict.SUSPECT
    verdict, memory = judge(other, memory, NOW, RULES)
    assert verdict is Verdict.PUBLISH
    assert set(memory.published_at) == {"BTCUSDT:LONG:55:5", "BTCUSDT:SHORT:-55:5"}


@pytest.mark.parametrize("between", [look(), look(exchange_amount=55, evidence=True)])
def test_a_drift_that_went_away_is_suspected_anew(between: Look):
    memory = Memory()
    for seen, verdict in (
        (DRIFT, Verdict.SUSPECT),
        (between, judge(between, Memory(), NOW, RULES)[0]),
        (DRIFT, Verdict.SUSPECT),
        (DRIFT, Verdict.PUBLISH),
        (DRIFT, Verdict.COOLING),
    ):
        found, memory = judge(seen, memory, NOW, RULES)
        assert found is verdict


def test_a_stale_moment_does_not_forget_the_suspicion():
    memory = Memory(suspected=DRIFT.signature)
    stale = look(exchange_amount=55, snapshot_at=NOW - 60)
    assert judge(stale, memory, NOW, RULES) == (Verdict.STALE, memory)
    assert judge(DRIFT, memory, NOW, RULES)[0] is Verdict.PUBLISH

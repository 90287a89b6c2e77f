"""Tickets, and two further pages: each fires with its words, resolves, and else is silent."""

from collections import ChainMap
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from rules.hygiene import (
    blind_pages,
    exporter_health,
    groups,
    idempotence,
    reactions,
    state_keys,
)
from rules.hygiene.histories import History, told
from rules.hygiene.playing import Played, play
from rules.simulator.case import BLIND
from support.peers import Peer

PROMTOOLS_AT_ONCE = 2

FIRING = [
    groups.TICKETS,
    idempotence.TICKETS,
    exporter_health.TICKETS,
    state_keys.TICKETS,
]
CALM = [
    groups.CALM,
    idempotence.CALM,
    exporter_health.CALM,
    state_keys.CALM,
    reactions.CALM,
]
TICKETS = dict(ChainMap(*FIRING))
PAGES = blind_pages.PAGES | reactions.PAGES
NEVER = dict(ChainMap(*CALM))

BESIDE = {
    "feeds that cannot be read": {"RedisStreamsUnreadable"},
    "Redis is down": {BLIND},
    "Redis is down, and its keys with it": {BLIND},
}
"""Further alerts that are right in a history."""

OURS = {*(alert.name for alert in (TICKETS | PAGES).values())}
"""What is under test here; histories may well page for what they tell."""


@pytest.fixture(scope="module")
def played(tmp_path_factory, each_promtool: Peer) -> Played:
    """All histories: those of one length together, and alone what is not about `main`."""
    alerts = TICKETS | PAGES
    histories = {name: told(alert.tell) for name, alert in alerts.items()}
    histories |= {name: told(tell) for name, tell in NEVER.items()}
    together: dict[tuple[object, ...], dict[str, History]] = {}
    for name, history in histories.items():
        alone = name in alerts and alerts[name].labels.get("redis") != "main"
        together.setdefault((history.minutes, alone and name), {})[name] = history
    folders = [tmp_path_factory.mktemp("promtool") for _ in together]
    looks = [
        [look for name in batch if name in alerts for look in alerts[name].looks]
        for batch in together.values()
    ]
    found = Played()
    with ThreadPoolExecutor(PROMTOOLS_AT_ONCE) as pool:
        for judged in pool.map(partial(play, each_promtool), folders, together.values(), looks):
            found.ever |= judged.ever
            found.seen |= judged.seen
    return found


def test_no_history_hides_another_of_its_name():
    assert len(TICKETS | PAGES | NEVER) == sum(map(len, [*FIRING, PAGES, *CALM]))


@pytest.mark.parametrize("name", TICKETS | PAGES)
def test_fires_with_its_words_and_resolves(name, played):
    alert = (TICKETS | PAGES)[name]
    at_first, *others = alert.looks
    assert played.seen.get((name, at_first)) == [alert.says]
    assert [look for look in others if (name, look) in played.seen] == []


@pytest.mark.parametrize("name", TICKETS | PAGES)
def test_no_other_ticket_fires(name, played):
    alert = (TICKETS | PAGES)[name]
    assert OURS & played.ever[name].keys() == {alert.name} | BESIDE.get(name, set())


@pytest.mark.parametrize("name", NEVER)
def test_no_ticket(name, played):
    assert OURS & played.ever[name].keys() == BESIDE.get(name, set())


def test_a_stuck_entry_is_one_ticket_through_a_gap_and_a_change_of_pod(tmp_path, each_promtool):
    history = History()
    lives = {"pod-a": lambda now: now < 80 and not 74 <= now < 77, "pod-b": lambda now: now >= 81}
    for pod, is_there in lives.items():
        whole = History()
        groups.holds(until=1e9)(whole)
        for series, values in whole.series.items():
            named = series.replace('instance="a:1"', f'instance="{pod}:1", pod="{pod}"')
            history.series[named] = " ".join(
                value if is_there(step * whole.step_seconds / 60) else "stale"
                for step, value in enumerate(values.split())
            )
    fired = play(each_promtool, tmp_path, {"one": history}).ever["one"]
    assert fired["RedisStreamGroupAbandonedEntry"] == 2 * (120 - 70)

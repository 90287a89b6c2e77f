"""The simulated system on a real server, in operation and with nothing broken."""

import json
import time
from collections.abc import Iterator

import pytest

from streamgauge_demo.catalogue import DAY, MAXLEN, STREAMS, SYMBOLS, key_of
from streamgauge_demo.control import POLICY_VERSION
from streamgauge_demo.positions import MOST_LOTS, position_record
from support.demo_system import Running, milliseconds_and_sequence, running
from support.polling import wait_for

EVENT_GROUPS = {
    "policy.updated": ("quantum:group:ai-engine:policy.updated", "ai-engine-1"),
    "model.retrain": ("retraining_workers", "retrain_worker"),
    "reconcile.close": ("apply_recon", "apply_recon-1"),
}


@pytest.fixture(scope="module")
def calm() -> Iterator[Running]:
    with running(history=MAXLEN + 8) as system:
        yield system


def test_every_feed_flows_and_every_live_group_reads(calm: Running):
    calm.wait_until_all_flow()
    for stream in STREAMS:
        for group in calm.client.xinfo_groups(stream.key) if stream.groups else ():
            assert group["consumers"] == 1, (stream.name, group)
    # Trimmed as the pipeline does: about its maximum, never much more.
    assert MAXLEN <= calm.length("apply.plan") <= MAXLEN + 200


@pytest.mark.parametrize("name", EVENT_GROUPS)
def test_event_streams_are_empty_with_a_group_and_its_consumer_ready(calm: Running, name: str):
    group, consumer = EVENT_GROUPS[name]
    assert calm.client.type(key_of(name)) == "stream"
    assert calm.length(name) == 0
    assert calm.last_id(name) == "0-0"
    found = calm.group(name, group)
    assert (found["consumers"], found["pending"], found["lag"]) == (1, 0, 0)
    consumers = calm.client.xinfo_consumers(key_of(name), group)
    assert [one["name"] for one in consumers] == [consumer]


def test_past_policy_changes_are_kept_and_nobody_reads_them(calm: Running):
    info = calm.client.xinfo_stream(key_of("policy.update"))
    assert (info["length"], info["groups"]) == (104, 0)
    newest_ms, _ = milliseconds_and_sequence(info["last-generated-id"])
    assert 9 * DAY <= time.time() - newest_ms / 1_000 <= 9 * DAY + 3_600
    assert info["last-entry"][1] == {"event": "policy.updated", "version": POLICY_VERSION}


@pytest.mark.parametrize(
    ("name", "length"), [("execution.result", 2_154), ("ai.decision.made", 10_002)]
)
def test_history(calm: Running, name: str, length: int):
    assert calm.length(name) >= length if "decision" in name else calm.length(name) == length
    first, last = (
        milliseconds_and_sequence(calm.client.xinfo_stream(key_of(name))[which][0])
        for which in ("first-entry", "last-entry")
    )
    assert first < last


def test_hybrids_and_the_unclassified_stream_are_written_now_and_then(calm: Running):
    for name in ("harvest.intent", "rl_rewards", "lab.experiment"):
        counted = calm.system.world.bus.appended
        wait_for(lambda name=name, counted=counted: counted[name], f"an entry in {name}")
    # Its mean is five minutes, so chance may leave it out here.
    assert calm.length("risk.events") >= 30


def test_policies_live_in_hashes(calm: Running):
    def current() -> dict[str, str]:
        return calm.client.hgetall("quantum:policy:current")

    first = wait_for(current, "a current policy")
    assert first["policy_version"] == POLICY_VERSION
    assert int(first["valid_until_epoch"]) > time.time()
    assert int(first["refreshed"]) <= time.time()

    def iterations() -> set[int]:
        hashes = (calm.client.hgetall(f"quantum:policy:{symbol}") for symbol in SYMBOLS)
        return {int(one.get("iteration", 0)) for one in hashes}

    start = min(iterations())
    wait_for(lambda: min(iterations()) > start, "all ten policies published again")


def test_a_change_of_policy_reaches_the_engine(calm: Running):
    entry = calm.client.xadd(key_of("policy.updated"), {"version": "2.0.0"})
    try:
        group = EVENT_GROUPS["policy.updated"][0]
        wait_for(
            lambda: (
                calm.group("policy.updated", group)["last-delivered-id"] == entry
                and calm.group("policy.updated", group)["pending"] == 0
            ),
            "the change of policy acknowledged",
        )
    finally:  # as if it had never been
        key, counters = key_of("policy.updated"), ("ENTRIESADDED", 0, "MAXDELETEDID", "0-0")
        calm.client.xtrim(key, 0)
        calm.client.execute_command("XSETID", key, "0-0", *counters)


def test_a_ledger_that_missed_a_fill_is_repaired_by_the_evidence(calm: Running):
    def latest_fill() -> dict[str, str] | None:
        rows = calm.client.xrevrange(key_of("apply.result"), count=5)
        return next((fields for _, fields in rows if fields.get("status") == "filled"), None)

    def ledger(symbol: str) -> int:
        return json.loads(calm.client.hget("quantum:positions:ledger", symbol))["amount"]

    fill = wait_for(latest_fill, "a fill")
    symbol, wrong = fill["symbol"], MOST_LOTS + 1
    calm.client.hset("quantum:positions:ledger", symbol, position_record(wrong, 0))
    wait_for(lambda: ledger(symbol) != wrong, "the ledger repaired")
    assert calm.length("reconcile.close") == 0


def test_a_calm_system_leaves_the_control_streams_alone(calm: Running):
    # Long enough for a fill that the ledger misses, and its repair.
    counted = calm.system.world.bus.appended
    wait_for(lambda: counted["apply.result"] >= 30, "thirty results")
    for name in EVENT_GROUPS:
        assert calm.length(name) == 0, name

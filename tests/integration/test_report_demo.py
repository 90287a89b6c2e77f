"""`streamgauge report` on the demo, calm and broken."""

import contextlib
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamgauge_demo.incidents import INCIDENTS
from support.commands import command, environment
from support.polling import wait_for
from support.real_time import RealTime
from support.reports import Report, report, short

SPEED = 60
EVENT_STREAMS = ("policy.updated", "model.retrain", "reconcile.close")
# What is wrong with the demo by design, whatever else happens.
STANDING = {("policy.updated", "unfinished rename")}


@contextlib.contextmanager
def demo(directory: Path, *incidents: str) -> Iterator[str]:
    """The demo in a process of its own; yields the flag that names its configuration."""
    words = command("demo", f"--speed={SPEED}", f"--dir={directory}")
    words += ["--web.listen-address=127.0.0.1:0", *(f"--incident={one}@0" for one in incidents)]
    with (directory / "demo.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, env=environment())
    try:
        said = directory / "demo.log"
        wait_for(lambda: b"Ctrl-C" in said.read_bytes(), "the demo runs")
        yield f"--config.file={directory / 'streamgauge.yml'}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with demo(tmp_path_factory.mktemp("calm")) as flag:
        yield flag


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Every incident at once: no two break the same thing."""
    with demo(tmp_path_factory.mktemp("broken"), *INCIDENTS) as flag:
        yield flag


class TestCalmDemo:
    def test_nothing_is_wrong_but_what_is_left_over_by_design(self, calm: str):
        found = report(calm, "--only=problems", "--format=json")
        assert found.problems() == STANDING
        assert found.code == 1

    def test_the_event_streams_are_empty_by_design_and_ready(self, calm: str):
        streams = {
            short(one["stream"]): one for one in report(calm, "--format=json").redis["streams"]
        }
        for name in EVENT_STREAMS:
            assert streams[name]["state"] == "empty by design"
            assert streams[name]["reason"] == (
                "event stream: empty is normal; 1 consumer group is ready"
            )

    def test_the_retrain_worker_waits(self, calm: str):
        groups = {one["group"]: one for one in report(calm, "--format=json").redis["groups"]}
        worker = groups["retraining_workers"]
        assert worker["state"] == "waiting"
        assert worker["reason"] == "nothing to do: no entry waits; 1 consumer ready"

    def test_the_paths_beside_the_empty_streams_are_alive(self, calm: str):
        found = report(calm, "--format=json").redis
        (policy,) = found["keys"]
        assert (policy["key"], policy["state"]) == ("quantum:policy:current", "alive")
        assert re.fullmatch(r"the deadline in valid_until_epoch is \S+ ahead", policy["reason"])
        (holds,) = found["keys_matching"]
        assert (holds["pattern"], holds["state"]) == ("quantum:reconcile:hold:*", "counted")
        assert holds["keys"] >= 0

    def test_a_group_that_was_declared_to_have_no_limit_is_no_problem(self, calm: str):
        groups = {one["group"]: one for one in report(calm, "--format=json").redis["groups"]}
        old = groups["old-dashboard"]
        assert (old["state"], old["severity"]) == ("no limit", "ok")
        assert old["reason"].endswith(", and its limit is none")

    def test_two_looks_count_what_came_in_between(self, calm: str):
        real_time = RealTime()
        found = report(calm, "--format=json", "--window=500ms").redis
        assert found["window_seconds"] == real_time.about(0.5, 0.1)
        added = {short(one["stream"]): one["added_in_window"] for one in found["streams"]}
        assert added["market.tick"] > 0
        assert added["policy.update"] == 0

    def test_every_format_says_the_same(self, calm: str):
        for output_format in ("table", "markdown"):
            found = report(calm, f"--format={output_format}")
            assert found.code == 1
            assert "empty is normal; 1 consumer group is ready" in found.out
            assert "never finished" in found.out
            assert "\x1b" not in found.out
            assert found.err == ""


def test_each_incident_has_its_one_cause(broken: str):
    causes = {
        ("market.klines", "quiet"),
        ("execution_audit", "behind"),  # two minutes at least make a stall, at any speed
        ("feature_store", "behind"),
        ("hourly-archive", "losing entries"),
        ("market.tick", "missing"),
        ("learning.retraining.started", "reaction overdue"),
    }
    found: list[Report] = []

    def complete() -> bool:
        found.append(report(broken, "--only=problems", "--format=json", "--window=1s"))
        return found[-1].problems() >= causes

    wait_for(complete, "every incident shows", every=0.2)
    assert found[-1].problems() == causes | STANDING
    assert found[-1].code == 2
    behind = next(one for one in found[-1].redis["groups"] if one["group"] == "feature_store")
    assert re.search(r"it reads, but [\d,]+ more wait than [\d.]+s ago", behind["reason"])


def test_the_two_incidents_that_are_no_problem_show_as_flow(broken: str):
    def states() -> dict[str, str]:
        streams = report(broken, "--format=json").redis["streams"]
        return {short(one["stream"]): one["state"] for one in streams}

    for name in ("reconcile.close", "model.retrain"):
        wait_for(lambda name=name: states()[name] == "flowing", f"{name} was written", every=0.2)

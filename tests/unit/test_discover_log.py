"""What the log says of discovery: a fault once, another reason for it once, and its end once."""

import logging

import pytest

from streamgauge.config import DiscoveryConfig, RedisConfig
from streamgauge.config.model import DEFAULT_CLASSES
from streamgauge.policy import Policy
from streamgauge.source.discover import Discovery
from streamgauge.source.errors import Unreadable

DENIED, SLOW = Unreadable("noperm", "NOPERM"), Unreadable("timeout", "no answer in time")
FAILED, ENDED = "discovery failed", "discovery works again or node gone"
WHOLE = "h:1"


@pytest.fixture
def said(caplog):
    """Walks with these outcomes one after the other, and answers what the log said, per walk.

    An outcome is what failed by address, or an exception where nothing was walked.
    """
    caplog.set_level(logging.INFO, "streamgauge.discovery")
    redis = RedisConfig(name="r", host="h", port=1)
    discovery = Discovery(redis, None, DiscoveryConfig(), Policy(DEFAULT_CLASSES, []))

    def said(*outcomes):
        left, lines = list(outcomes), []

        def walk():
            outcome = left.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        def pause(_seconds):
            lines.append([line(record) for record in caplog.records])
            caplog.clear()
            if not left:
                discovery.stop()

        discovery._walk, discovery._wake.wait = walk, pause
        discovery._run()
        return lines

    said.discovery = discovery
    return said


def line(record):
    fields = getattr(record, "fields", {})
    shown = (record.getMessage(), fields.get("address"), fields.get("reason"))
    return tuple(part for part in shown if part is not None)


def test_a_fault_and_its_end_are_said_once(said):
    failed, ended = [(FAILED, WHOLE, "noperm")], [(ENDED, WHOLE)]
    assert said({}, DENIED, DENIED, {}, {}, DENIED) == [[], failed, [], ended, [], failed]


def test_another_reason_is_said_once(said):
    assert said(DENIED, SLOW, SLOW) == [
        [(FAILED, WHOLE, "noperm")],
        [(FAILED, WHOLE, "timeout")],
        [],
    ]


def test_each_node_of_a_cluster_has_its_own_faults(said):
    assert said({"a": DENIED}, {"a": DENIED, "b": SLOW}, {"b": SLOW}) == [
        [(FAILED, "a", "noperm")],
        [(FAILED, "b", "timeout")],
        [(ENDED, "a")],
    ]


def test_no_node_works_again_while_nothing_can_be_walked(said):
    assert said({"a": DENIED}, SLOW, {"a": DENIED}) == [
        [(FAILED, "a", "noperm")],
        [(FAILED, WHOLE, "timeout")],
        [(ENDED, WHOLE)],
    ]


def test_a_fault_of_the_program_ends_no_other(said):
    assert said(DENIED, KeyError("x"), DENIED) == [[(FAILED, WHOLE, "noperm")], [(FAILED,)], []]


def test_a_walk_that_was_broken_off_ends_no_fault(said):
    assert said(DENIED) == [[(FAILED, WHOLE, "noperm")]]
    said.discovery._stopped.clear()
    said.discovery._walk = lambda: said.discovery.stop() or {}
    said.discovery._wake.wait = lambda _seconds: None
    said.discovery._run()
    assert said.discovery._failures == {WHOLE: "noperm"}

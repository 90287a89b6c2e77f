"""Puts together what a cluster's nodes brought back: one outcome for every subject, the latest.

A subject is asked at one node at a time, and again only where that node could not tell; so nothing
is counted twice, however many nodes hold a part of the truth while keys move.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from streamgauge.model.readings import KeyReading
from streamgauge.source.errors import Unreadable
from streamgauge.source.keys import KeyFailure, Subject, name_of
from streamgauge.source.node import Node
from streamgauge.source.session import Visit
from streamgauge.source.slots import SlotMap
from streamgauge.source.stream_error import StreamError
from streamgauge.source.topology import Outage, Sample
from streamgauge.state_keys import StateKey


class Route(NamedTuple):
    """A node to ask; with `asking` for keys that are on their way there."""

    node: Node
    asking: bool = False


Plan = dict[Route, list[Subject]]
"""What to ask where; a node may be asked for nothing, to see that it can be read."""


def first_plan(slots: SlotMap, subjects: Iterable[Subject]) -> tuple[Plan, list[Subject]]:
    """Send every subject to the node of its slot; returns also those that no node serves."""
    plan: Plan = {Route(node): [] for node in slots.primaries}
    unserved = []
    for subject in subjects:
        owner = slots.owner(name_of(subject))
        if owner is None:
            unserved.append(subject)
        else:
            plan[Route(owner)].append(subject)
    return plan, unserved


class Gathering:
    """Takes in one round of visits after the other, and says where to ask again."""

    def __init__(self, unserved: Iterable[Subject]) -> None:
        self._key_readings: dict[StateKey, KeyReading] = {}
        self._errors = {subject: _unserved(subject) for subject in unserved}
        self._outages: dict[Node, Unreadable] = {}
        self._asked_at: dict[Subject, Node] = {}
        self._visits: list[Visit] = []
        self.saw_moved = False

    def add(self, route: Route, subjects: Iterable[Subject], result: Visit | Unreadable) -> Plan:
        """Take in what a node brought back; returns where it says that subjects are instead."""
        elsewhere: Plan = defaultdict(list)
        if isinstance(result, Unreadable):
            self._outages[route.node] = result
            for subject in subjects:
                self._errors.pop(subject, None)
                self._asked_at[subject] = route.node
            return elsewhere
        self._visits.append(result)
        for subject in subjects:
            self._errors.pop(subject, None)
            self._asked_at.pop(subject, None)
        sample = result.sample
        self._key_readings |= {reading.key: reading for reading in sample.key_readings}
        failed: list[StreamError | KeyFailure] = [*sample.errors, *sample.key_failures]
        for error in failed:
            self._errors[error.subject] = error
            if error.redirect is not None:
                host, port, asking = error.redirect
                self.saw_moved |= not asking
                elsewhere[Route(Node(host or route.node.host, port), asking)].append(error.subject)
        return elsewhere

    @property
    def is_incomplete(self) -> bool:
        """Tell whether a newer map might help: a node is out, or a slot has none."""
        return bool(self._outages) or any(error.unserved for error in self._errors.values())

    @property
    def unread(self) -> frozenset[Node]:
        """The nodes that could not be read."""
        return frozenset(self._outages)

    def rerouted(self, slots: SlotMap) -> Plan:
        """Send what was asked in vain to the node that a newer map names, if it differs."""
        plan: Plan = defaultdict(list)
        lost = {subject: None for subject, error in self._errors.items() if error.unserved}
        for subject, asked_at in (lost | self._asked_at).items():
            owner = slots.owner(name_of(subject))
            if owner is not None and owner != asked_at and owner not in self._outages:
                plan[Route(owner)].append(subject)
        return plan

    def sample(self, slots: SlotMap, seconds: float) -> Sample:
        """Conclude, after `seconds` in all; raises Unreadable when no node could be read.

        A replica gives no reading, so a node that was demoted meanwhile has no role here.
        """
        if not self._visits:
            raise self._why_nothing_was_read()
        names: dict[Node, list[bytes]] = {
            node: [] for node in self._outages if node in slots.primaries
        }
        key_outages: dict[StateKey, Unreadable] = {}
        for subject, node in self._asked_at.items():
            held = names.setdefault(node, [])
            if isinstance(subject, StateKey):
                key_outages[subject] = self._outages[node]
            else:
                held.append(subject)
        errors = self._errors.values()
        samples = [visit.sample for visit in self._visits]
        furthest = max(samples, key=lambda sample: abs(sample.clock_offset_seconds))
        connect_seconds = max(visit.connect_seconds for visit in self._visits)
        return Sample(
            now_us=furthest.now_us,
            clock_offset_seconds=furthest.clock_offset_seconds,
            roles=frozenset(sample.role for sample in samples if sample.role == "master"),
            servers=frozenset(sample.server for sample in samples if sample.server),
            errors=[error for error in errors if isinstance(error, StreamError)],
            outages={str(n): Outage(self._outages[n], held) for n, held in names.items()},
            connect_seconds=connect_seconds,
            sample_seconds=max(0.0, seconds - connect_seconds),
            key_readings=list(self._key_readings.values()),
            key_failures=[error for error in errors if isinstance(error, KeyFailure)],
            key_outages=key_outages,
            read_whole=sum(sample.read_whole for sample in samples),
            script_denial=next(filter(None, (sample.script_denial for sample in samples)), None),
        )

    def _why_nothing_was_read(self) -> Unreadable:
        for node, error in self._outages.items():
            return Unreadable(error.reason, f"node {node}: {error}")
        return Unreadable("timeout", "no answer in time")


def _unserved(subject: Subject) -> StreamError | KeyFailure:
    detail = "no node serves its hash slot"
    if isinstance(subject, StateKey):
        return KeyFailure(subject, "other", detail, unserved=True)
    return StreamError(subject, "other", detail, unserved=True)

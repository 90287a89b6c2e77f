"""Puts together what the nodes of a cluster brought back: one outcome for every name, the latest.

A name is asked at one node at a time, and again only where that node could not tell; so nothing is
counted twice, however many nodes hold a part of the truth while keys move.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from streamgauge.model.readings import StreamReading
from streamgauge.source.errors import Unreadable
from streamgauge.source.node import Node
from streamgauge.source.sample import StreamError
from streamgauge.source.session import Visit
from streamgauge.source.slots import SlotMap
from streamgauge.source.topology import Outage, Sample


class Route(NamedTuple):
    """A node to ask; with `asking` for keys that are on their way there."""

    node: Node
    asking: bool = False


Plan = dict[Route, list[bytes]]
"""Which names to ask where; a node may be asked for none, to see that it can be read."""


def first_plan(slots: SlotMap, names: Iterable[bytes]) -> tuple[Plan, list[bytes]]:
    """Send every name to the node of its slot; returns also those that no node serves."""
    plan: Plan = {Route(node): [] for node in slots.primaries}
    unserved = []
    for name in names:
        owner = slots.owner(name)
        if owner is None:
            unserved.append(name)
        else:
            plan[Route(owner)].append(name)
    return plan, unserved


class Gathering:
    """Takes in one round of visits after the other, and says where to ask again."""

    def __init__(self, unserved: Iterable[bytes]) -> None:
        self._readings: dict[bytes, StreamReading] = {}
        self._errors = {name: _unserved(name) for name in unserved}
        self._outages: dict[Node, Unreadable] = {}
        self._asked_at: dict[bytes, Node] = {}
        self._visits: list[Visit] = []
        self.saw_moved = False

    def add(self, route: Route, names: Iterable[bytes], result: Visit | Unreadable) -> Plan:
        """Take in what a node brought back; returns where it says that names are instead."""
        elsewhere: Plan = defaultdict(list)
        if isinstance(result, Unreadable):
            self._outages[route.node] = result
            for name in names:
                self._errors.pop(name, None)
                self._asked_at[name] = route.node
            return elsewhere
        self._visits.append(result)
        for name in names:
            self._errors.pop(name, None)
            self._asked_at.pop(name, None)
        self._readings |= {reading.name: reading for reading in result.sample.readings}
        for error in result.sample.errors:
            self._errors[error.name] = error
            if error.redirect is not None:
                host, port, asking = error.redirect
                self.saw_moved |= not asking
                elsewhere[Route(Node(host or route.node.host, port), asking)].append(error.name)
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
        """Send names that were asked in vain to the node that a newer map names, if it differs."""
        plan: Plan = defaultdict(list)
        lost = {name: None for name, error in self._errors.items() if error.unserved}
        for name, asked_at in (lost | self._asked_at).items():
            owner = slots.owner(name)
            if owner is not None and owner != asked_at and owner not in self._outages:
                plan[Route(owner)].append(name)
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
        for name, node in self._asked_at.items():
            names.setdefault(node, []).append(name)
        samples = [visit.sample for visit in self._visits]
        furthest = max(samples, key=lambda sample: abs(sample.clock_offset_seconds))
        connect_seconds = max(visit.connect_seconds for visit in self._visits)
        return Sample(
            now_us=furthest.now_us,
            clock_offset_seconds=furthest.clock_offset_seconds,
            roles=frozenset(sample.role for sample in samples if sample.role == "master"),
            readings=list(self._readings.values()),
            errors=list(self._errors.values()),
            outages={str(n): Outage(self._outages[n], held) for n, held in names.items()},
            connect_seconds=connect_seconds,
            sample_seconds=max(0.0, seconds - connect_seconds),
        )

    def _why_nothing_was_read(self) -> Unreadable:
        for node, error in self._outages.items():
            return Unreadable(error.reason, f"node {node}: {error}")
        return Unreadable("timeout", "no answer in time")


def _unserved(name: bytes) -> StreamError:
    return StreamError(name, "other", "no node serves its hash slot", unserved=True)

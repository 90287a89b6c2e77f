"""Puts together what a cluster's nodes brought back: one outcome for every subject, the latest.

A subject is asked at one node at a time, and again only where that node could not tell; so nothing
is counted twice, however many nodes hold a part of the truth while keys move.
"""

from __future__ import annotations

import binascii
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from streamgauge.model.readings import KeyReading
from streamgauge.source.errors import Unreadable
from streamgauge.source.keys import Subject, Unread, name_of
from streamgauge.source.nodes import NOT_MAPPED, AddressMap, Node
from streamgauge.source.session import TimedSample
from streamgauge.source.topology import Outage, Sample
from streamgauge.state_keys import StateKey

_SLOTS: Final = 16384


class SlotMap:
    """The owner of every hash slot at one moment."""

    def __init__(self, ranges: list[tuple[int, int, list[Node]]]) -> None:
        """Take `first`, `last` and the nodes, of which the primary comes first."""
        self._owners: list[Node | None] = [None] * _SLOTS
        for first, last, nodes in ranges:
            self._owners[first : last + 1] = [nodes[0]] * (last + 1 - first)
        self.primaries = tuple(dict.fromkeys(nodes[0] for _, _, nodes in ranges))
        self.nodes = tuple(dict.fromkeys(node for _, _, nodes in ranges for node in nodes))

    def owner(self, key: bytes) -> Node | None:
        """Return the primary that serves a key; None when no node serves its slot."""
        return self._owners[_slot_of(key)]


def _slot_of(key: bytes) -> int:
    """The hash slot of a key: CRC-16 (XMODEM) of its first hash tag, or else of all of it."""
    _, _, behind = key.partition(b"{")
    tag, closing, _ = behind.partition(b"}")
    return binascii.crc_hqx(tag if tag and closing else key, 0) % _SLOTS


def slot_map(reply: Any, asked: Node, address_map: AddressMap = NOT_MAPPED) -> SlotMap:
    """Read CLUSTER SLOTS as the node `asked` answered it.

    Raises one of replies.MALFORMED when the reply has another shape than Redis documents.
    """
    return SlotMap(
        [
            (*_slots(first, last), [node.reached(address_map) for node in _nodes(servers, asked)])
            for first, last, *servers in reply
            if servers
        ]
    )


def _slots(first: Any, last: Any) -> tuple[int, int]:
    if not 0 <= int(first) <= int(last) < _SLOTS:
        raise ValueError("slots that no cluster has")
    return int(first), int(last)


def _nodes(servers: list[Any], asked: Node) -> Iterator[Node]:
    for host, port, *rest in servers:
        if not 1 <= int(port) <= 65535:
            raise ValueError("a node without a port")
        yield Node(_host(host, rest, asked), int(port))


def _host(host: bytes | None, rest: list[Any], asked: Node) -> str:
    """The host that a node announces; a node that does not know its own is where it was asked.

    With `cluster-preferred-endpoint-type hostname` a node without one says `?`, and its address
    stands behind.
    """
    if host == b"?" and len(rest) > 1:
        fields = iter(rest[1])
        host = dict(zip(fields, fields, strict=True)).get(b"ip")
    return host.decode() if host and host != b"?" else asked.host


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

    def __init__(self, unserved: Iterable[Subject], address_map: AddressMap = NOT_MAPPED) -> None:
        self._address_map = address_map
        self._key_readings: dict[StateKey, KeyReading] = {}
        self._errors = {
            subject: Unread(subject, "other", "no node serves its hash slot", unserved=True)
            for subject in unserved
        }
        self._outages: dict[Node, Unreadable] = {}
        self._asked_at: dict[Subject, Node] = {}
        self._visits: list[TimedSample] = []
        self.saw_moved = False

    def add(
        self, route: Route, subjects: Iterable[Subject], result: TimedSample | Unreadable
    ) -> Plan:
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
        for error in sample.errors:
            self._errors[error.subject] = error
            if error.redirect is not None:
                host, port, asking = error.redirect
                self.saw_moved |= not asking
                node = Node(host or route.node.host, port).reached(self._address_map)
                elsewhere[Route(node, asking)].append(error.subject)
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
        samples = [visit.sample for visit in self._visits]
        furthest = max(samples, key=lambda sample: abs(sample.clock_offset_seconds))
        connect_seconds = max(visit.connect_seconds for visit in self._visits)
        return Sample(
            now_us=furthest.now_us,
            clock_offset_seconds=furthest.clock_offset_seconds,
            roles=frozenset(sample.role for sample in samples if sample.role == "master"),
            servers=frozenset(sample.server for sample in samples if sample.server),
            errors=list(self._errors.values()),
            outages={str(n): Outage(self._outages[n], held) for n, held in names.items()},
            connect_seconds=connect_seconds,
            sample_seconds=max(0.0, seconds - connect_seconds),
            key_readings=list(self._key_readings.values()),
            key_outages=key_outages,
            read_whole=sum(sample.read_whole for sample in samples),
            script_denial=next(filter(None, (sample.script_denial for sample in samples)), None),
        )

    def _why_nothing_was_read(self) -> Unreadable:
        for node, error in self._outages.items():
            return Unreadable(error.reason, f"node {node}: {error}")
        return Unreadable("timeout", "no answer in time")

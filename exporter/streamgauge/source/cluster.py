"""A cluster: all primaries are sampled at once, each key at the node that serves its slot."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from typing import Final

from streamgauge.config import RedisConfig
from streamgauge.logs import EventLog
from streamgauge.model.readings import StreamReading
from streamgauge.source import replies
from streamgauge.source.errors import Unreadable
from streamgauge.source.gather import Gathering, Plan, Route, SlotMap, first_plan, slot_map
from streamgauge.source.nodes import LastGoodFirst, Node, merged, settings_at
from streamgauge.source.sample import Request
from streamgauge.source.session import Session, TimedSample
from streamgauge.source.topology import Sample
from streamgauge.source.wire import Deadline

_log = EventLog("cluster")

_ROUNDS: Final = (0.7, 0.5, 0.5)
"""The part of the time left that each round may take: a node that hangs uses all of it, and those
that moved to another node, as well as the answer, need some too."""

_MAP_SHARE: Final = 0.3
_GRACE_SECONDS: Final = 0.05
"""Who waits for a node ends by itself at its deadline, unless it hangs where no deadline holds."""


class Cluster:
    """Follows its nodes by CLUSTER SLOTS, and within a scrape by their redirections."""

    keys_move = True

    def __init__(self, redis: RedisConfig) -> None:
        self._redis = redis
        self._seed = Node(redis.host or "", redis.port or 0)
        self._slots: SlotMap | None = None
        self._is_stale = False
        self._sessions: dict[Route, Session] = {}
        self._in_turn = LastGoodFirst("node")

    def readings(
        self, request: Request, deadline: Deadline
    ) -> Generator[StreamReading, None, Sample]:
        """Read every stream and key; raises Unreadable when no primary can be read."""
        started = time.monotonic()
        slots = self._current_slots(deadline)
        plan, unserved = first_plan(slots, request.subjects)
        gathering = Gathering(unserved, self._redis.address_map)
        for share in _ROUNDS:
            try:
                within = deadline.part(share)
                seconds = within.remaining() + _GRACE_SECONDS
            except Unreadable:  # no time is left; what was read counts
                break
            plan = yield from self._round(plan, gathering, request, within, seconds)
            if gathering.is_incomplete:
                slots = self._newer_slots(slots, gathering, deadline)
                _merge(plan, gathering.rerouted(slots))
            if not plan:
                break
        self._is_stale |= gathering.saw_moved
        self._hang_up_where_nobody_is_asked(slots)
        return gathering.sample(slots, time.monotonic() - started)

    def nodes(self, deadline: Deadline) -> Sequence[RedisConfig]:
        """Return the settings of every primary, from a fresh map; raises Unreadable."""
        sessions: list[Session] = []

        def ask(node: Node, within: Deadline) -> SlotMap:
            sessions.append(Session(settings_at(self._redis, node)))
            return self._slots_by(sessions[-1], node, within)

        try:
            slots = next(
                LastGoodFirst("node").answers(self._known_nodes(), ask, deadline, of_time=1)
            )
        finally:
            for session in sessions:
                session.close()
        self._take_over(slots)
        return [settings_at(self._redis, node) for node in slots.primaries]

    def holder(self, name: bytes) -> str | None:
        """Return the address of the primary that serves this stream's slot."""
        owner = self._slots.owner(name) if self._slots else None
        return str(owner) if owner else None

    def close(self) -> None:
        """Hang up; never raises."""
        for session in self._sessions.values():
            session.close()

    def abort(self) -> None:
        """Make a read that another thread is waiting in fail at once."""
        for session in list(self._sessions.values()):
            session.abort()

    def _round(
        self, plan: Plan, gathering: Gathering, request: Request, within: Deadline, seconds: float
    ) -> Generator[StreamReading, None, Plan]:
        """Ask every node of the plan at once; returns what to ask where in the next round.

        Each node has the time `within`; `seconds` are how long they are waited for.
        """
        tasks = {
            route: partial(
                self._visit, self._session(route), request._replace(subjects=subjects), within
            )
            for route, subjects in plan.items()
        }
        results = yield from merged(tasks, seconds)
        elsewhere: Plan = {}
        for route, subjects in plan.items():
            result = results.get(route)
            if result is None:
                self._sessions.pop(route).abort()
                result = Unreadable("timeout", "no answer in time")
            _merge(elsewhere, gathering.add(route, subjects, result))
        return elsewhere

    def _visit(
        self, session: Session, request: Request, deadline: Deadline
    ) -> Generator[StreamReading, None, TimedSample | Unreadable]:
        try:
            return (yield from session.readings(request, deadline))
        except Unreadable as error:
            return error
        except Exception:  # noqa: BLE001 - a fault of this program must cost no other node
            _log.exception("scrape failed", redis=self._redis.name)
            return Unreadable("other", "a fault of the exporter")

    def _newer_slots(self, slots: SlotMap, gathering: Gathering, deadline: Deadline) -> SlotMap:
        try:
            return self._refreshed(deadline, without=gathering.unread)
        except Unreadable:
            return slots

    def _current_slots(self, deadline: Deadline) -> SlotMap:
        if self._slots is None or self._is_stale:
            try:
                return self._refreshed(deadline)
            except Unreadable:
                if self._slots is None:
                    raise
        return self._slots

    def _refreshed(self, deadline: Deadline, without: frozenset[Node] = frozenset()) -> SlotMap:
        def ask(node: Node, within: Deadline) -> SlotMap:
            return self._slots_by(self._session(Route(node)), node, within)

        nodes = [node for node in self._known_nodes() if node not in without]
        slots = next(self._in_turn.answers(nodes, ask, deadline, of_time=_MAP_SHARE))
        self._take_over(slots)
        return slots

    def _known_nodes(self) -> Iterator[Node]:
        """Everybody who may know the cluster: primaries, replicas, and the configured node."""
        if self._slots is not None:
            yield from self._slots.primaries
            yield from self._slots.nodes
        yield self._seed

    def _take_over(self, slots: SlotMap) -> None:
        if self._slots is None or set(self._slots.primaries) != set(slots.primaries):
            primaries = ",".join(sorted(map(str, slots.primaries)))
            _log.info("primaries found", redis=self._redis.name, addresses=primaries)
        self._slots, self._is_stale = slots, False

    def _session(self, route: Route) -> Session:
        if route not in self._sessions:
            settings = settings_at(self._redis, route.node)
            self._sessions[route] = Session(settings, asking=route.asking)
        return self._sessions[route]

    def _hang_up_where_nobody_is_asked(self, slots: SlotMap) -> None:
        for route in [*self._sessions]:
            if route.asking or route.node not in slots.primaries:
                self._sessions.pop(route).close()

    def _slots_by(self, session: Session, node: Node, deadline: Deadline) -> SlotMap:
        """Return the map that a node has; raises Unreadable when it has none."""
        reply = session.ask((b"CLUSTER", b"SLOTS"), deadline)
        try:
            slots = slot_map(reply, node, self._redis.address_map)
        except replies.MALFORMED as error:
            raise Unreadable("protocol", "CLUSTER SLOTS: a reply of another shape") from error
        if not slots.primaries:
            raise Unreadable("other", "CLUSTER SLOTS: the node knows nobody who serves a slot")
        return slots


def _merge(plan: Plan, more: Plan) -> None:
    for route, subjects in more.items():
        plan.setdefault(route, []).extend(subjects)

"""A thousand random commands on each server; each look is held against XRANGE and XPENDING.

The walk notes what it did and when. It asks the server for the entries and the cursors, never for
a count or a lag: those are what is in question.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from redis import ResponseError

from support.metrics import Scrape
from support.moved_clock import Life
from support.oracle import StreamId

COMMANDS = 1000
COMMANDS_BETWEEN_LOOKS = 8
MOST_COUNTED = 10  # entries behind a cursor, where the server's own number cannot be right
CLOCKS, SECONDS = "clocks", "seconds"  # IDs of the server's own; Unix seconds, which are no times
CLOCK = 10**12  # milliseconds: what is less is an ID of SECONDS
STREAMS = (CLOCKS, SECONDS)
GROUPS = ("g", "h")
CONSUMERS = ("c", "d", "e")
SLACK = 1.0  # of two clocks that a busy machine reads at different moments


@dataclass
class Truth:
    """What one stream, the object of one name, is known to have been through."""

    arrivals: dict[StreamId, float] = field(default_factory=dict)
    last: StreamId | None = None  # of all that were ever added
    last_is_shifted: bool = False  # by XSETID: the last ID is no entry's
    was_renamed: bool = False
    first_seen: dict[StreamId, float] = field(default_factory=dict)


@dataclass
class Cursor:
    """What one group is known to have been through since the look before."""

    lost: int = 0  # entries that left before they were handed out, ever
    lost_before: int = 0  # the same at the look before
    told_before: float = 0  # what the exporter said then
    waited: StreamId | None = None  # the oldest that was not handed out at the look before
    is_plain: bool = False  # since then only reads, adds and trims
    first_ahead: StreamId | None = None  # the last ID when the cursor was first seen ahead of it


class Walk:
    """Random commands, what they did, and whether a scrape tells the same."""

    def __init__(self, life: Life, seed: int):
        self.life, self.redis = life, life.redis
        self.random = Random(seed)
        self.counts = life.server.name != "redis-6.2"
        self.truths: dict[str, Truth] = {}
        self.cursors: dict[tuple[str, str], Cursor] = {}
        self.began = self.looked_at = self.looked_before = life.clock.now()
        self.log: list[str] = []

    # What the server holds.

    def entries(self, name: str) -> list[StreamId]:
        return [StreamId.parse(entry) for entry, _ in self.redis.xrange(name)]

    def last_id(self, name: str) -> StreamId:
        return StreamId.parse(self.redis.xinfo_stream(name)["last-generated-id"])

    def groups(self, name: str) -> dict[str, StreamId]:
        found = self.redis.xinfo_groups(name)
        return {g["name"]: StreamId.parse(g["last-delivered-id"]) for g in found}

    def pending(self, name: str, group: str) -> list[dict[str, Any]]:
        return self.redis.xpending_range(name, group, "-", "+", 100_000)

    # What is done to it.

    def step(self) -> None:
        """One random command; what Redis refuses has done nothing."""
        name = self.random.choice(STREAMS)
        command, _ = self.random.choices(COMMAND_WEIGHTS, [w for _, w in COMMAND_WEIGHTS])[0]
        truths, before = dict(self.truths), {stream: self.held(stream) for stream in STREAMS}
        at = self.life.clock.now() - self.began
        self.log.append(f"{at:.1f} s: {command.__name__[1:]} {name}")
        try:
            command(self, name)
        except ResponseError as error:
            self.log[-1] += f": {error}"
        for stream in STREAMS:
            if truths.get(stream) is self.truths.get(stream) or not self.counts:
                self.note_gone(stream, before[stream])
            self.note_new(stream)
        self.life.clock.move(self.random.choice((0, 0.1, 1, 10, 40)))

    def held(self, name: str) -> tuple[list[StreamId], dict[str, StreamId]]:
        return (self.entries(name), self.groups(name)) if self.redis.exists(name) else ([], {})

    def note_new(self, name: str) -> None:
        """What came: an entry that was never there before."""
        if truth := self.truths.get(name):
            for entry in self.entries(name):
                if entry not in truth.arrivals:
                    truth.arrivals[entry], truth.last = self.life.clock.now(), entry
                    truth.last_is_shifted = False

    def note_gone(self, name: str, before: tuple[list[StreamId], dict[str, StreamId]]) -> None:
        """What left, by the entries before and after.

        Of another object in the place of one it is no loss, where the server's counts tell that.
        """
        (old_entries, old_groups), (entries, groups) = before, self.held(name)
        gone = set(old_entries) - set(entries)
        for group, cursor in old_groups.items():
            if group in groups or not self.counts:
                self.cursor(name, group).lost += sum(entry > cursor for entry in gone)

    def cursor(self, name: str, group: str) -> Cursor:
        return self.cursors.setdefault((name, group), Cursor())

    def unsettle(self, name: str) -> None:
        """Something happened after which a look need not prove a loss."""
        for group in GROUPS:
            self.cursor(name, group).is_plain = False

    def _add(self, name: str) -> None:
        self.truths.setdefault(name, Truth())
        for _ in range(self.random.choice((1, 1, 2, 5, 15))):
            number = f"{int(self.life.clock.now())}-*" if name == SECONDS else "*"
            if name == SECONDS and not self.counts:  # it has no such IDs yet
                last = self.last_id(name) if self.redis.exists(name) else StreamId(0, 0)
                second = int(self.life.clock.now())
                number = f"{second}-{last.seq + 1 if last.ms == second else 0}"
            self.redis.xadd(name, {"n": 1}, id=number)

    def _make_group(self, name: str) -> None:
        group = self.random.choice(GROUPS)
        start = self.random.choice(("0", "$"))
        is_new = not self.redis.exists(name)
        self.redis.xgroup_create(name, group, id=start, mkstream=True)
        if is_new:
            self.truths[name] = Truth()
        self.restart(name, group)

    def restart(self, name: str, group: str) -> None:
        """Its cursor is another's from here on; what it had lost stays counted."""
        cursor = self.cursor(name, group)
        cursor.first_ahead, cursor.is_plain = None, False

    def _destroy_group(self, name: str) -> None:
        group = self.random.choice(GROUPS)
        self.redis.xgroup_destroy(name, group)
        self.restart(name, group)

    def _read(self, name: str) -> None:
        count, noack = self.random.choice((1, 3, 8, 100)), self.random.random() < 0.2
        group, consumer = self.random.choice(GROUPS), self.random.choice(CONSUMERS)
        self.redis.xreadgroup(group, consumer, {name: ">"}, count=count, noack=noack)

    def some_pending(self, name: str, group: str) -> list[bytes]:
        found = [entry["message_id"] for entry in self.pending(name, group)]
        return self.random.sample(found, min(len(found), 3))

    def _acknowledge(self, name: str) -> None:
        group = self.random.choice(GROUPS)
        if chosen := self.some_pending(name, group):
            self.redis.xack(name, group, *chosen)

    def _claim(self, name: str) -> None:
        group = self.random.choice(GROUPS)
        if chosen := self.some_pending(name, group):
            self.redis.xclaim(name, group, self.random.choice(CONSUMERS), 0, chosen)

    def _delete_entry(self, name: str) -> None:
        if found := self.entries(name):
            self.redis.xdel(name, str(self.random.choice(found)))
            self.unsettle(name)

    def _trim(self, name: str) -> None:
        if self.redis.exists(name):
            self.redis.xtrim(name, maxlen=self.random.choice((0, 1, 5, 20)), approximate=False)

    def _set_cursor(self, name: str) -> None:
        group = self.random.choice(GROUPS)
        ahead = f"{int(self.life.clock.now() * 1e9)}-0"
        found = [str(entry) for entry in self.entries(name)]
        chosen = self.random.choice(
            ("0", "$", ahead, *self.random.sample(found, min(3, len(found))))
        )
        self.redis.xgroup_setid(name, group, chosen)
        self.restart(name, group)

    def _set_last_id(self, name: str) -> None:
        last = self.last_id(name)
        is_ahead = any(cursor > last for cursor in self.groups(name).values())
        if is_ahead and not self.counts:
            return  # it cannot be told from an entry that was added
        self.redis.execute_command("XSETID", name, f"{last.ms}-{last.seq + 5}")
        self.truths[name].last_is_shifted = True
        self.unsettle(name)

    def _rename_over(self, name: str) -> None:
        other = SECONDS if name == CLOCKS else CLOCKS
        self.redis.rename(other, name)
        self.redis.delete(other)
        moved = self.truths.pop(other, None)
        self.truths.pop(name, None)
        if moved:
            self.truths[name] = Truth(
                moved.arrivals, moved.last, moved.last_is_shifted, was_renamed=True
            )
        for stream in STREAMS:
            for group in GROUPS:
                self.restart(stream, group)

    def _delete(self, name: str) -> None:
        self.redis.delete(name)
        self.truths.pop(name, None)
        for group in GROUPS:
            self.restart(name, group)

    def _make_consumer(self, name: str) -> None:
        group, consumer = self.random.choice(GROUPS), self.random.choice(CONSUMERS)
        self.redis.xgroup_createconsumer(name, group, consumer)

    def _delete_consumer(self, name: str) -> None:
        group, consumer = self.random.choice(GROUPS), self.random.choice(CONSUMERS)
        self.redis.xgroup_delconsumer(name, group, consumer)

    # What a scrape says of it.

    def look(self) -> None:
        """A scrape, each of whose numbers must be true."""
        self.looked_before, scrape = self.looked_at, self.life.after(0)
        self.looked_at = self.life.clock.now()
        self.log.append(f"{self.looked_at - self.began:.1f} s: look")
        differences = list(self.differences(scrape))
        assert not differences, "\n".join([*differences, "after", *self.log[-40:]])

    def differences(self, scrape: Scrape) -> Iterator[str]:
        for name in STREAMS:
            said = Said(scrape, (name, "event"))
            if not self.redis.exists(name):
                if said("length") is not None or said("exists") != 0:
                    yield f"{name} is gone and has a length"
                continue
            truth = self.truths[name]
            for entry in truth.arrivals:
                truth.first_seen.setdefault(entry, self.looked_at)
            yield from self.stream_differences(name, truth, said)
            groups = self.groups(name)
            if said("groups") != len(groups):
                yield f"{name}: {said('groups')} groups, not {len(groups)}"
            for group, cursor in groups.items():
                said = Said(scrape, (name, "event", group))
                for difference in self.group_differences(name, group, cursor, said):
                    yield f"{name} {group}: {difference}"

    def about(
        self, truth: Truth, entry: StreamId, told: float | None, *, is_exact: bool = True
    ) -> bool:
        """Whether an age is that of an entry's arrival.

        An ID that is a time tells it. Any other, or one that took the place of another stream's
        by RENAME, proves nothing but that the entry was there at the first look that saw it. So
        it is for a cursor that is ahead: of the entries since, only the last is known.
        """
        if told is None:
            return False
        latest = self.looked_at - truth.arrivals[entry]
        tells = is_exact and entry.ms > CLOCK and not truth.was_renamed
        earliest = latest if tells else self.looked_at - truth.first_seen[entry]
        return earliest - SLACK <= told <= latest + SLACK

    def stream_differences(
        self, name: str, truth: Truth, said: Callable[[str], float | None]
    ) -> Iterator[str]:
        if said("length") != len(self.entries(name)):
            yield f"{name}: length {said('length')}, not {len(self.entries(name))}"
        age = said("last_entry_age_seconds")
        if truth.last is None:
            if age is not None and not truth.last_is_shifted:
                yield f"{name}: age {age} of nothing"
        elif not self.about(truth, truth.last, age) and not truth.last_is_shifted:
            yield f"{name}: age {age}, not {self.looked_at - truth.arrivals[truth.last]}"

    def group_differences(
        self, name: str, group: str, cursor: StreamId, said: Callable[[str], float | None]
    ) -> Iterator[str]:
        truth, known = self.truths[name], self.cursor(name, group)
        last = self.last_id(name)
        if cursor > last:
            known.first_ahead = known.first_ahead or last
            behind = sorted(entry for entry in truth.arrivals if entry > known.first_ahead)
        else:
            known.first_ahead = None
            behind = [entry for entry in self.entries(name) if entry > cursor]
        yield from self.lag_differences(truth, behind, cursor > last, said)
        pending = self.pending(name, group)
        if said("group_messages_pending") != len(pending):
            yield f"pending {said('group_messages_pending')}, not {len(pending)}"
        age = said("group_oldest_pending_age_seconds")
        if not pending:
            if age != 0:
                yield f"oldest pending age {age} of none"
        else:
            oldest = StreamId.parse(pending[0]["message_id"])
            if not self.about(truth, oldest, age):
                yield f"oldest pending age {age}, not {self.looked_at - truth.arrivals[oldest]}"
        yield from self.loss_differences(name, known, cursor, said)
        known.waited = behind[0] if behind and cursor <= last else None
        known.is_plain = True

    def lag_differences(
        self,
        truth: Truth,
        behind: list[StreamId],
        is_ahead: bool,
        said: Callable[[str], float | None],
    ) -> Iterator[str]:
        lag, wait = said("group_lag"), said("group_lag_seconds")
        if lag is None:
            is_true = is_ahead or len(behind) > MOST_COUNTED
        elif is_ahead and behind and not self.counts:
            is_true = 1 <= lag <= len(behind)
        else:
            is_true = lag == len(behind)
        if not is_true:
            yield f"lag {lag}, not {len(behind)}"
        if lag == 0 and wait != 0:
            yield f"lag {lag} and lag seconds {wait} disagree"
        is_known = bool(behind) and wait is not None
        if is_known and not self.about(truth, behind[0], wait, is_exact=not is_ahead):
            yield f"lag seconds {wait}, not {self.looked_at - truth.arrivals[behind[0]]}"

    def loss_differences(
        self, name: str, known: Cursor, cursor: StreamId, said: Callable[[str], float | None]
    ) -> Iterator[str]:
        told = said("group_entries_lost_total") or 0
        entries = self.entries(name)
        waited, is_held = known.waited, known.waited in entries
        told_now, lost_now = told - known.told_before, known.lost - known.lost_before
        if told_now > lost_now:
            yield f"{told_now} lost since the look before, {lost_now} were"
        if known.is_plain and waited and cursor < waited and not is_held and told_now < 1:
            yield f"{waited} waited and was trimmed, and nothing lost is told"
        known.told_before, known.lost_before = told, known.lost


class Said:
    """What one scrape says of one stream, or of one group of it."""

    def __init__(self, scrape: Scrape, labels: tuple[str, ...]):
        self._scrape, self._labels = scrape, labels

    def __call__(self, what: str) -> float | None:
        return self._scrape[f"redis_stream_{what}"].get(self._labels)


COMMAND_WEIGHTS: list[tuple[Callable[[Walk, str], None], int]] = [
    (Walk._add, 30),
    (Walk._make_group, 10),
    (Walk._destroy_group, 2),
    (Walk._read, 22),
    (Walk._acknowledge, 12),
    (Walk._claim, 4),
    (Walk._delete_entry, 4),
    (Walk._trim, 6),
    (Walk._set_cursor, 3),
    (Walk._set_last_id, 1),
    (Walk._rename_over, 1),
    (Walk._delete, 1),
    (Walk._make_consumer, 2),
    (Walk._delete_consumer, 2),
]


def test_each_number_is_true_after_any_commands(live: Callable) -> None:
    streams = ({"match": name, "class": "event", "lag_limit": "5m"} for name in STREAMS)
    walk = Walk(live(*streams), seed=1)
    for number in range(COMMANDS):
        walk.step()
        if number % COMMANDS_BETWEEN_LOOKS == 0:
            walk.look()

"""A configuration in words: what every class and pattern comes to, and what can have no effect."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamgauge import globs
from streamgauge.calendars import Calendar
from streamgauge.config.durations import format_duration
from streamgauge.config.model import Config, RedisConfig, StreamRule
from streamgauge.policy import Policy, StreamClass, policy_of

_NOTHING = "-"
_SERVER_COLUMNS = ("name", "address", "db", "mode", "login", "tls", "timeout")
_CLASS_COLUMNS = ("class", "quiet limit", "lag limit")
_KEY_COLUMNS = ("", "key", "deadline")
_REACTION_COLUMNS = ("", "after", "expect", "within")
_STREAM_COLUMNS = ("", "match", "class", "quiet limit", "active", "lag limit", "")


def describe(config: Config) -> str:
    """The configuration as aligned plain text, without any secret."""
    others = ("", "(any other)", StreamClass.UNCLASSIFIED, _NOTHING, _NOTHING, "none", "")
    tables = [
        _table("Servers", _SERVER_COLUMNS, _servers(config)),
        _table("Discovery", (), _discovery(config)),
        _table("Classes", _CLASS_COLUMNS, _classes(config)),
        _table("Streams (the first match wins)", _STREAM_COLUMNS, [*_streams(config), others]),
    ]
    if declared := list(_declared(config)):
        tables.append(_table("Declared (exported even while absent)", (), declared))
    tables += [_calendar(calendar) for calendar in config.calendars]
    if config.reactions:
        tables.append(_table("Reactions", _REACTION_COLUMNS, list(_reactions(config))))
    if config.keys:
        tables.append(_table("State keys", _KEY_COLUMNS, list(_keys(config))))
    return "\n\n".join(tables)


def warnings(config: Config) -> list[str]:
    """What is allowed but certainly has no effect, one sentence each."""
    found = [
        *_overruled_passwords(config),
        *_shadowed_rules(config),
        *_unreachable_rules(config),
        *_unruled_patterns(config),
        *_endless_limits(config),
        *_useless_reactions(config),
        *_no_folder(config),
    ]
    return [*dict.fromkeys(found)]


def _no_folder(config: Config) -> Iterator[str]:
    """What would be learned and not kept."""
    folder = Path(config.state_file).parent if config.state_file else None
    if folder is not None and not folder.is_dir():
        yield f"state_file: there is no folder {_printable(str(folder))} on this machine"


def _servers(config: Config) -> list[tuple[str, ...]]:
    return [
        (
            _printable(server.name),
            _printable(server.address),
            f"db{server.db}",
            server.mode,
            _login(server),
            _tls(server),
            format_duration(server.timeout_seconds),
        )
        for server in config.redis
    ]


def _login(server: RedisConfig) -> str:
    user = _printable(server.username) if server.username else "default user"
    return f"{user}, with password" if server.password else f"{user}, no password"


def _tls(server: RedisConfig) -> str:
    if server.tls is None:
        return "no"
    return "not verified" if server.tls.insecure_skip_verify else "verified"


def _discovery(config: Config) -> list[tuple[str, ...]]:
    discovery = config.discovery
    patterns = " ".join(_printable(pattern) for pattern in discovery.match)
    return [
        ("match", patterns or "only the exact names below"),
        ("interval", format_duration(discovery.interval_seconds)),
        ("max_streams", str(discovery.max_streams)),
        ("max_consumers", str(discovery.max_consumers)),
    ]


def _classes(config: Config) -> list[tuple[str, ...]]:
    return [
        (
            stream_class,
            _limit(config.classes[stream_class].quiet_limit_seconds),
            _limit(config.classes[stream_class].lag_limit_seconds),
        )
        for stream_class in StreamClass
    ]


def _streams(config: Config) -> Iterator[tuple[str, ...]]:
    for index, rule in enumerate(config.streams):
        place, name = f"[{index}]", _printable(rule.match)
        if rule.ignore:
            yield place, name, "ignored", _NOTHING, _NOTHING, _NOTHING, ""
            continue
        defaults = config.classes[rule.stream_class]
        quiet_limit = rule.quiet_limit_seconds or defaults.quiet_limit_seconds
        lag_limit = rule.lag_limit_seconds or defaults.lag_limit_seconds
        limits = _limit(quiet_limit), _active(rule), _limit(lag_limit)
        yield place, name, rule.stream_class, *limits, ", ".join(_further(rule))
        for group in rule.groups:
            limit = _limit(group.lag_limit_seconds or lag_limit)
            further = ["optional"] if group.optional else []
            if group.ack_limit_seconds is not None:
                further.append(f"ack_limit {_limit(group.ack_limit_seconds)}")
            yield "", f"  group {_printable(group.match)}", "", "", "", limit, ", ".join(further)


def _further(rule: StreamRule) -> Iterator[str]:
    """What few rules have."""
    if rule.redis is not None:
        yield f"on redis {_printable(rule.redis)}"
    if rule.length_limit is not None:
        yield f"length_limit {rule.length_limit}"
    yield from (f"{name}={_printable(value)}" for name, value in rule.labels)


def _calendar(calendar: Calendar) -> str:
    """The next days off and half days of one calendar."""
    rows = [
        (f"{day:%a %d %b %Y}", _closes(early))
        for day, early in calendar.coming(dt.datetime.now(dt.UTC).date(), most=10)
    ]
    return _table(f"Calendar {_printable(calendar.name)}", (), rows or [("no day off", "")])


def _closes(early: int | None) -> str:
    return "closed" if early is None else f"until {early // 60:02}:{early % 60:02}"


def _reactions(config: Config) -> Iterator[tuple[str, ...]]:
    for index, rule in enumerate(config.reactions):
        within = format_duration(rule.within_seconds)
        yield f"[{index}]", _printable(rule.after), _printable(rule.expect), within


def _keys(config: Config) -> Iterator[tuple[str, ...]]:
    for index, rule in enumerate(config.keys):
        deadline = "counted" if rule.match is not None else _NOTHING
        if rule.field is not None:
            deadline = f"the time in {_printable(rule.field)}"
        if rule.max_age_seconds is not None:
            deadline = f"{format_duration(rule.max_age_seconds)} after {deadline}"
        yield f"[{index}]", _printable(rule.key or rule.match or ""), deadline


def _active(rule: StreamRule) -> str:
    if rule.stream_class is not StreamClass.CONTINUOUS:
        return _NOTHING
    if rule.active is None:
        return "always"
    hours = f"{rule.active.days} {rule.active.hours} {rule.active.timezone}"
    calendar = rule.active.calendar
    return hours if calendar is None else f"{hours}, calendar {_printable(calendar.name)}"


def _declared(config: Config) -> Iterator[tuple[str, ...]]:
    """What is expected to be there, and whether its absence pages."""
    for rule in config.streams:
        policy = policy_of(rule, config.classes)
        if policy is None:
            continue
        name = _printable(rule.match)
        if globs.is_literal(globs.encode(rule.match)):
            is_feed = policy.stream_class is StreamClass.CONTINUOUS
            yield "stream", name, "its absence pages" if is_feed else "its absence is shown"
        if policy.stream_class is not StreamClass.UNCLASSIFIED:
            for group in policy.declared_groups:
                shown = _printable(group.decode(errors="surrogateescape"))
                yield f"group {shown}", name, "its absence pages while the stream is there"


def _limit(seconds: float | None) -> str:
    if seconds is None:
        return _NOTHING
    return "none" if math.isinf(seconds) else format_duration(seconds)


def _printable(text: str) -> str:
    """The text itself, or in quotes and escaped where a terminal would not show it as it is."""
    return text if text.isprintable() and text == text.strip() else ascii(text)


def _table(title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, *rows] if header else list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    body = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    return "\n".join((title, *(f"  {line}" for line in body)))


def _overruled_passwords(config: Config) -> Iterator[str]:
    for index, server in enumerate(config.redis):
        place = "redis" if len(config.redis) == 1 else f"redis[{index}]"
        yield from _overruled(place, server.password_keys)
        if server.sentinel is not None:
            yield from _overruled(f"{place}.sentinel", server.sentinel.password_keys)


def _overruled(place: str, password_keys: Sequence[str]) -> Iterator[str]:
    for key in password_keys[1:]:
        what = f"the password in {place}.url" if key == "url" else f"{place}.{key}"
        yield f"{what} has no effect: {place}.{password_keys[0]} is given too, and wins"


def _shadowed_rules(config: Config) -> Iterator[str]:
    matches = [rule.match for rule in config.streams]
    yield from _shadowed("streams", matches)
    for index, rule in enumerate(config.streams):
        groups = [group.match for group in rule.groups]
        yield from _shadowed(f"streams[{index}].groups", groups)


def _shadowed(place: str, matches: Sequence[str]) -> Iterator[str]:
    first_at: dict[bytes, int] = {}
    wild: list[bytes] = []
    for index, match in enumerate(matches):
        pattern = _normal(globs.encode(match))
        # Only an equal name or a glob can cover a name: names by the thousand stay cheap.
        covering = [first_at[each] for each in wild if globs.covers(each, pattern)]
        if pattern in first_at:
            covering.append(first_at[pattern])
        if covering:
            first = min(covering)
            yield (
                f"{place}[{index}] ({_printable(match)}) never decides: "
                f"{place}[{first}] ({_printable(matches[first])}) matches first"
            )
            continue
        first_at[pattern] = index
        if not globs.is_literal(pattern):
            wild.append(pattern)


def _normal(pattern: bytes) -> bytes:
    """The same for every way to write one name."""
    return globs.escape(globs.literal(pattern)) if globs.is_literal(pattern) else pattern


def _unreachable_rules(config: Config) -> Iterator[str]:
    """Globs that no stream can meet: discovery finds none with such a name and none is declared."""
    declared = Policy.from_config(config).declared
    for index, rule in enumerate(config.streams):
        pattern = globs.encode(rule.match)
        # To ignore what is not there does no harm, and shared rule lists do it on purpose.
        if rule.ignore or globs.is_literal(pattern):
            continue
        if any(_may_share_a_name(pattern, found) for found in config.discovery.patterns):
            continue
        if not any(globs.compile_glob(pattern).fullmatch(name) for name in declared):
            yield (
                f"streams[{index}] ({_printable(rule.match)}) matches no stream: "
                "discovery.match finds no such name and none is declared"
            )


def _unruled_patterns(config: Config) -> Iterator[str]:
    """Discovery patterns whose streams no rule can classify."""
    rules = [globs.encode(rule.match) for rule in config.streams]
    for index, pattern in enumerate(config.discovery.patterns):
        if not any(_may_share_a_name(pattern, rule) for rule in rules):
            yield (
                f"discovery.match[{index}] ({_printable(config.discovery.match[index])}): "
                "no rule fits what it finds, so all of it is unclassified and never pages"
            )


def _may_share_a_name(one: bytes, other: bytes) -> bool:
    """False only when it is certain that no name matches both."""
    for exact, pattern in ((one, other), (other, one)):
        if globs.is_literal(exact):
            return globs.compile_glob(pattern).fullmatch(globs.literal(exact)) is not None
    first, second = globs.literal_prefix(one), globs.literal_prefix(other)
    return first.startswith(second) or second.startswith(first)


def _endless_limits(config: Config) -> Iterator[str]:
    """Feeds whose hours are over before their limit begins to hold, so that nothing ever pages."""
    for index, rule in enumerate(config.streams):
        if rule.stream_class is not StreamClass.CONTINUOUS or rule.active is None:
            continue
        limit = rule.quiet_limit_seconds or config.classes[rule.stream_class].quiet_limit_seconds
        longest = rule.active.longest_window_seconds
        if limit is not None and limit >= longest:
            yield (
                f"streams[{index}] ({_printable(rule.match)}) never pages for silence: its limit "
                f"of {format_duration(limit)} holds from one limit after its hours begin, "
                f"and they last {format_duration(longest)}"
            )


def _useless_reactions(config: Config) -> Iterator[str]:
    """Pairs whose answer comes by accident, or is not exported."""
    for server in config.redis:
        policy = Policy(
            config.classes, config.streams, redis=server.name, reactions=config.reactions
        )
        for index, rule in enumerate(config.reactions):
            expected = policy.resolve(globs.literal(globs.encode(rule.expect)))
            place = f"reactions[{index}] ({_printable(rule.expect)})"
            if expected is None:
                yield f"{place} has no effect: the stream that must answer is ignored"
            elif expected.stream_class is StreamClass.CONTINUOUS:
                yield (
                    f"{place} never pages while that stream flows: it is continuous, so its next "
                    "entry answers by accident"
                )

"""A whole configuration file from proposals, for who has none yet; never with a secret."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from streamgauge.config import Config, DiscoveryConfig, RedisConfig, TlsConfig, format_duration
from streamgauge.config.model import DEFAULT_CLASSES, host_and_port
from streamgauge.policy import StreamClass
from streamgauge.suggest.proposal import Proposal
from streamgauge.suggest.rules import SuggestedRule, limit_text, rule_lines, unclassified_lines
from streamgauge.suggest.scalars import one_line, quoted, scalar

_MOST_UNCLASSIFIED: Final = 200
_DEFAULT_TIMEOUT: Final = 5.0

HOW_TO_READ: Final = (
    "A stream that is silent for longer than its quiet_limit pages, and so does a group whose",
    "entries wait longer than lag_limit. A history does not know what a stream is for: do read it.",
)


class Suggestion(NamedTuple):
    """All that goes into a file: when the histories were read, the rules, and what to tell."""

    at: float
    entries: int
    rules: Sequence[SuggestedRule]
    proposals: Sequence[Proposal]
    remarks: Sequence[str] = ()


def document(config: Config, suggestion: Suggestion) -> str:
    """Write a configuration that `check-config` accepts, for the servers of this one."""
    return "\n".join(_lines(config, suggestion)) + "\n"


def _lines(config: Config, suggestion: Suggestion) -> Iterator[str]:
    day = dt.datetime.fromtimestamp(suggestion.at, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield f"# Proposed by `streamgauge suggest` on {day}"
    yield f"# from the IDs of the newest {suggestion.entries:,} entries of each stream."
    yield from (f"# {line}" for line in HOW_TO_READ)
    for remark in suggestion.remarks:
        yield f"# {one_line(remark)}"
    if config.keys:
        yield "# The section keys of the configuration in force is not repeated here."
    yield from _redis(config.redis)
    yield from _discovery(config.discovery, has_rules=bool(suggestion.rules))
    yield from _classes(config)
    yield ""
    yield "# The first match wins. What matches nothing is unclassified: exported, never paged for."
    yield "streams:"
    for rule in config.streams:
        if rule.ignore:
            yield f"  - match: {scalar(rule.match)}"
            yield "    ignore: true"
    yield from rule_lines(suggestion.rules, "  ")
    untold = list(unclassified_lines(suggestion.proposals))
    if untold:
        yield "  # Not classified, because the history does not tell; they never page:"
        yield from (f"  #   {line}" for line in islice(untold, _MOST_UNCLASSIFIED))
    if len(untold) > _MOST_UNCLASSIFIED:
        yield f"  #   and {len(untold) - _MOST_UNCLASSIFIED:,} more"


def _redis(servers: Sequence[RedisConfig]) -> Iterator[str]:
    yield "redis:"
    if len(servers) == 1:
        yield from (f"  {line}" for line in _server(servers[0], is_alone=True))
        return
    for server in servers:
        first, *rest = _server(server, is_alone=False)
        yield f"  - {first}"
        yield from (f"    {line}" for line in rest)


def _server(server: RedisConfig, *, is_alone: bool) -> Iterator[str]:
    yield f"name: {scalar(server.name)}"
    if server.sentinel is None or server.db or server.tls:
        yield f"url: {scalar(_url(server))}"
    if server.mode != "auto":
        yield f"mode: {server.mode}"
    if server.username:
        yield f"username: {scalar(server.username)}"
    if server.password:
        variable = "STREAMGAUGE_REDIS_PASSWORD or " if is_alone else ""
        yield f"# the password is not repeated here: give it by {variable}password_file"
    if server.timeout_seconds != _DEFAULT_TIMEOUT:
        yield f"timeout: {format_duration(server.timeout_seconds)}"
    if server.tls is not None:
        yield from _tls(server.tls)
    if server.sentinel is not None:
        nodes = ", ".join(quoted(host_and_port(*node)) for node in server.sentinel.nodes)
        yield "sentinel:"
        yield f"  service: {scalar(server.sentinel.service)}"
        yield f"  nodes: [{nodes}]"
        if server.sentinel.username:
            yield f"  username: {scalar(server.sentinel.username)}"
        if server.sentinel.password:
            yield "  # the password of the sentinels is not repeated here"


def _url(server: RedisConfig) -> str:
    if server.unix_path is not None:
        return f"unix://{quote(server.unix_path)}" + (f"?db={server.db}" if server.db else "")
    scheme = "rediss" if server.tls else "redis"
    where = "" if server.host is None else host_and_port(server.host, server.port or 0)
    return f"{scheme}://{where}/{server.db}"


def _tls(tls: TlsConfig) -> Iterator[str]:
    given = {field.name: getattr(tls, field.name) for field in fields(tls)}
    if not any(given.values()):
        return
    yield "tls:"
    for key, value in given.items():
        if key.endswith("_file") and value:
            yield f"  {key}: {scalar(str(Path(value).absolute()))}"
        elif value:
            yield f"  {key}: {'true' if value is True else scalar(value)}"


def _discovery(discovery: DiscoveryConfig, *, has_rules: bool) -> Iterator[str]:
    default = DiscoveryConfig()
    lines = []
    if discovery.match != default.match and (discovery.match or has_rules):
        patterns = ", ".join(quoted(pattern) for pattern in discovery.match)
        lines.append(f"match: [{patterns}]")
    if discovery.interval_seconds != default.interval_seconds:
        lines.append(f"interval: {format_duration(discovery.interval_seconds)}")
    lines += (
        f"{key}: {getattr(discovery, key)}"
        for key in ("max_streams", "max_consumers")
        if getattr(discovery, key) != getattr(default, key)
    )
    if lines:
        yield "discovery:"
        yield from (f"  {line}" for line in lines)


def _classes(config: Config) -> Iterator[str]:
    changed = [each for each in StreamClass if config.classes[each] != DEFAULT_CLASSES[each]]
    if changed:
        yield "classes:"
    for stream_class in changed:
        limits = config.classes[stream_class]
        quiet = limits.quiet_limit_seconds
        keys = "" if quiet is None else f"quiet_limit: {limit_text(quiet)}, "
        yield f"  {stream_class}: {{{keys}lag_limit: {limit_text(limits.lag_limit_seconds)}}}"

"""The configuration as the rest of the program sees it: checked, resolved and frozen."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from pydantic import SecretStr

from streamgauge import globs
from streamgauge.calendars import Calendar
from streamgauge.credentials import Source
from streamgauge.policy import StreamClass
from streamgauge.schedule import Schedule

Mode = Literal["auto", "standalone", "cluster", "sentinel"]

# In this module an infinite lag limit is the `none` the user wrote; None is a limit not written at
# all.
NO_LIMIT = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsConfig:
    """How a rediss:// server is verified, and the certificate shown to it."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelConfig:
    """The sentinels to ask for the primary of a service, and how to log in to them."""

    service: str
    nodes: tuple[tuple[str, int], ...]
    username: str | None = None
    password: SecretStr | Source | None = None
    password_keys: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisConfig:
    """One server or cluster. `host` and `port` are None for a unix socket and behind sentinels.

    `password_keys` are the keys that give a password, of which the first wins. `address_map` tells
    where a node of a cluster is reached that announces an address.
    """

    name: str
    host: str | None = None
    port: int | None = None
    unix_path: str | None = None
    db: int = 0
    username: str | None = None
    password: SecretStr | Source | None = None
    timeout_seconds: float = 5.0
    tls: TlsConfig | None = None
    mode: Mode = "auto"
    sentinel: SentinelConfig | None = None
    address_map: Mapping[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    password_keys: tuple[str, ...] = field(default=(), compare=False)

    @property
    def address(self) -> str:
        """Where the server is, for people: `host:port`, `unix:/path` or `service@sentinel:port`."""
        if self.sentinel is not None:
            nodes = ",".join(host_and_port(host, port) for host, port in self.sentinel.nodes)
            return f"{self.sentinel.service}@{nodes}"
        if self.unix_path is not None:
            return f"unix:{self.unix_path}"
        return host_and_port(self.host or "", self.port or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryConfig:
    """Which streams are looked for, how often, and how much of them is exported at most."""

    match: tuple[str, ...] = ("*",)
    interval_seconds: float = 60.0
    max_streams: int = 10_000
    max_consumers: int = 100

    @property
    def patterns(self) -> tuple[bytes, ...]:
        """The patterns of `match` as the bytes Redis compares."""
        return tuple(globs.encode(pattern) for pattern in self.match)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLimits:
    """What a class says where a stream says nothing; only continuous streams have a quiet limit."""

    quiet_limit_seconds: float | None = None
    lag_limit_seconds: float = NO_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """The limits of the groups whose name matches.

    A lag limit that is None is not written there: the stream has it. A group that is named without
    a wildcard has to exist unless it is `optional`.
    """

    match: str
    lag_limit_seconds: float | None = None
    ack_limit_seconds: float | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRule:
    """One entry of `streams`; a limit that is None is not written there: the class has it.

    `redis` is a pattern of the names of the servers that it holds for.
    """

    match: str
    stream_class: StreamClass = StreamClass.UNCLASSIFIED
    ignore: bool = False
    quiet_limit_seconds: float | None = None
    active: Schedule | None = None
    lag_limit_seconds: float | None = None
    groups: tuple[GroupRule, ...] = ()
    redis: str | None = None
    length_limit: int | None = None
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionRule:
    """One entry of `reactions`: after an entry in one stream another one must get an entry.

    Both names are written as globs; `redis` is a pattern of the names of the servers.
    """

    after: str
    expect: str
    within_seconds: float
    redis: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRule:
    """One entry of `keys`: one `key`, or with `match` a pattern whose keys are counted.

    Both are written as globs. `field` holds a Unix time: the deadline or, with `max_age_seconds`,
    when the key was last refreshed.
    """

    key: str | None = None
    match: str | None = None
    field: str | None = None
    max_age_seconds: float | None = None


DEFAULT_CLASSES: Mapping[StreamClass, ClassLimits] = MappingProxyType(
    {
        StreamClass.CONTINUOUS: ClassLimits(quiet_limit_seconds=300.0, lag_limit_seconds=300.0),
        StreamClass.HYBRID: ClassLimits(lag_limit_seconds=300.0),
        StreamClass.EVENT: ClassLimits(lag_limit_seconds=300.0),
        StreamClass.UNCLASSIFIED: ClassLimits(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything a user declares in a configuration file, the environment and flags."""

    redis: tuple[RedisConfig, ...]
    discovery: DiscoveryConfig = field(default_factory=DiscoveryConfig)
    classes: Mapping[StreamClass, ClassLimits] = field(default_factory=lambda: DEFAULT_CLASSES)
    streams: tuple[StreamRule, ...] = ()
    keys: tuple[KeyRule, ...] = ()
    reactions: tuple[ReactionRule, ...] = ()
    state_file: str | None = None
    calendars: tuple[Calendar, ...] = ()


def host_and_port(host: str, port: int) -> str:
    """`host:port`, with the brackets an IPv6 address needs."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

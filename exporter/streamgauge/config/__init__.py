"""Configuration: read from YAML, environment and flags, checked as a whole, then frozen."""

from streamgauge.config.durations import format_duration, parse_duration
from streamgauge.config.environment import REDIS_VARIABLES, unknown_variables
from streamgauge.config.load import load_config
from streamgauge.config.model import (
    NO_LIMIT,
    ClassLimits,
    Config,
    DiscoveryConfig,
    GroupRule,
    KeyRule,
    ReactionRule,
    RedisConfig,
    SentinelConfig,
    StreamRule,
    TlsConfig,
)
from streamgauge.config.problems import ConfigError, Problem

__all__ = [
    "NO_LIMIT",
    "REDIS_VARIABLES",
    "ClassLimits",
    "Config",
    "ConfigError",
    "DiscoveryConfig",
    "GroupRule",
    "KeyRule",
    "Problem",
    "ReactionRule",
    "RedisConfig",
    "SentinelConfig",
    "StreamRule",
    "TlsConfig",
    "format_duration",
    "load_config",
    "parse_duration",
    "unknown_variables",
]

"""Reading the configuration for a command: flags, environment, file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from streamgauge.config import Config, ConfigError, load_config, unknown_variables
from streamgauge.config.address import parse_url
from streamgauge.logs import EventLog

_log = EventLog("configuration")

_WARNED: Final = f"{__name__}.warned"

FLAG_VARIABLES: Final = {
    "--config.file": "STREAMGAUGE_CONFIG_FILE",
    "--shard": "STREAMGAUGE_SHARD",
    "--web.listen-address": "STREAMGAUGE_WEB_LISTEN_ADDRESS",
    "--web.systemd-socket": "STREAMGAUGE_WEB_SYSTEMD_SOCKET",
    "--web.config.file": "STREAMGAUGE_WEB_CONFIG_FILE",
    "--web.max-connections": "STREAMGAUGE_WEB_MAX_CONNECTIONS",
    "--web.enable-lifecycle": "STREAMGAUGE_WEB_ENABLE_LIFECYCLE",
    "--web.prometheus-url": "STREAMGAUGE_WEB_PROMETHEUS_URL",
    "--web.grafana-url": "STREAMGAUGE_WEB_GRAFANA_URL",
    "--log.level": "STREAMGAUGE_LOG_LEVEL",
    "--log.format": "STREAMGAUGE_LOG_FORMAT",
}
"""The environment variable of each flag; those of the settings of `redis` are the config's own."""


config_file_option: Final = click.option(
    "--config.file",
    "config_file",
    type=click.Path(path_type=Path),
    envvar=FLAG_VARIABLES["--config.file"],
    help="The configuration; without one an address is enough.",
)
redis_url_option: Final = click.option(
    "--redis.url", "redis_url", help="redis://, rediss:// or unix:// address of Redis."
)


class ConfigMistake(click.ClickException):
    """A configuration that cannot be used: every mistake on a line of its own, exit code 2."""

    exit_code = 2

    def __init__(self, error: ConfigError) -> None:
        super().__init__(str(error))


def read_config(path: Path | None, redis_url: str | None) -> Config:
    """Load the configuration; raises ConfigError.

    A password in `redis_url` is warned of, in the log and so on stderr, once in a command.
    """
    flags = {} if redis_url is None else {"redis.url": redis_url}
    config = load_config(path, flags=flags, environ=os.environ)
    if redis_url is not None and parse_url(redis_url).password is not None:
        _warn_of_visible_password()
    return config


def unknown_in_environment() -> list[tuple[str, str | None]]:
    """The variables that look like this program's and mean nothing, each with the nearest known."""
    return unknown_variables(os.environ, FLAG_VARIABLES.values())


def warn_of_unknown_variables() -> None:
    """Say in the log which variables look like this program's and mean nothing."""
    for name, nearest in unknown_in_environment():
        hint = {"did_you_mean": nearest} if nearest else {}
        _log.warning("unknown environment variable", variable=name, **hint)


def _warn_of_visible_password() -> None:
    context = click.get_current_context(silent=True)
    if context is None or _WARNED in context.meta:  # without one it is a reload: it was said before
        return
    context.meta[_WARNED] = True
    _log.warning(
        "a password on the command line can be seen by everybody on this machine;"
        " give it by STREAMGAUGE_REDIS_PASSWORD, STREAMGAUGE_REDIS_PASSWORD_FILE or a file",
        flag="--redis.url",
    )

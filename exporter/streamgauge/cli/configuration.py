"""Reading the configuration for a command: flags, environment, file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from streamgauge.config import Config, ConfigError, load_config

FLAG_VARIABLES: Final = {
    "--config.file": "STREAMGAUGE_CONFIG_FILE",
    "--web.listen-address": "STREAMGAUGE_WEB_LISTEN_ADDRESS",
    "--web.systemd-socket": "STREAMGAUGE_WEB_SYSTEMD_SOCKET",
    "--web.config.file": "STREAMGAUGE_WEB_CONFIG_FILE",
    "--web.max-connections": "STREAMGAUGE_WEB_MAX_CONNECTIONS",
    "--web.enable-lifecycle": "STREAMGAUGE_WEB_ENABLE_LIFECYCLE",
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
    """Load the configuration; raises ConfigError."""
    flags = {} if redis_url is None else {"redis.url": redis_url}
    return load_config(path, flags=flags, environ=os.environ)

"""`streamgauge serve`: the exporter itself."""

from __future__ import annotations

import asyncio
import gc
import os
from functools import partial
from pathlib import Path

import click

from streamgauge import __version__, logs
from streamgauge.cli.configuration import FLAG_VARIABLES, ConfigMistake, read_config
from streamgauge.config import ConfigError, unknown_variables
from streamgauge.watch import Watch
from streamgauge.web.listen import ListenError, listen
from streamgauge.web.server import serve as serve_http

_log = logs.EventLog("serve")


@click.command()
@click.option(
    "--config.file",
    "config_file",
    type=click.Path(path_type=Path),
    envvar=FLAG_VARIABLES["--config.file"],
    help="The configuration; without one an address is enough.",
)
@click.option("--redis.url", "redis_url", help="redis://, rediss:// or unix:// address of Redis.")
@click.option(
    "--web.listen-address",
    "listen_addresses",
    multiple=True,
    default=[":10121"],
    show_default=True,
    envvar=FLAG_VARIABLES["--web.listen-address"],
    help="Where to listen, as host:port or :port; may be given more than once.",
)
@click.option(
    "--web.enable-lifecycle",
    "enable_lifecycle",
    is_flag=True,
    envvar=FLAG_VARIABLES["--web.enable-lifecycle"],
    help="Allow POST /-/reload.",
)
@click.option(
    "--log.level",
    "log_level",
    type=click.Choice(logs.LEVELS),
    default="info",
    show_default=True,
    envvar=FLAG_VARIABLES["--log.level"],
)
@click.option(
    "--log.format",
    "log_format",
    type=click.Choice(logs.FORMATS),
    default="logfmt",
    show_default=True,
    envvar=FLAG_VARIABLES["--log.format"],
)
def serve(
    config_file: Path | None,
    redis_url: str | None,
    listen_addresses: tuple[str, ...],
    enable_lifecycle: bool,
    log_level: str,
    log_format: str,
) -> None:
    """Serve /metrics for the configured Redis."""
    logs.configure(log_level, log_format)
    try:
        watch = Watch(partial(read_config, config_file, redis_url))
        sockets = [listen(address) for address in listen_addresses]
    except ConfigError as error:
        raise ConfigMistake(error) from error
    except ListenError as error:
        raise click.ClickException(str(error)) from error
    watch.start()
    _log.info("starting", version=__version__, redis=",".join(watch.targets))
    _warn_of_unknown_variables()
    gc.freeze()  # what was imported lives as long as the process: never look at it again
    asyncio.run(serve_http(watch, sockets, enable_lifecycle=enable_lifecycle))


def _warn_of_unknown_variables() -> None:
    for name, nearest in unknown_variables(os.environ, FLAG_VARIABLES.values()):
        hint = {"did_you_mean": nearest} if nearest else {}
        _log.warning("unknown environment variable", variable=name, **hint)

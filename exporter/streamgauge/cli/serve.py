"""`streamgauge serve`: the exporter itself."""

from __future__ import annotations

import asyncio
import gc
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from streamgauge import __version__, logs
from streamgauge.cli.configuration import (
    FLAG_VARIABLES,
    ConfigMistake,
    config_file_option,
    read_config,
    redis_url_option,
    warn_of_unknown_variables,
)
from streamgauge.config import ConfigError
from streamgauge.pack.options import parse_base
from streamgauge.shard import WHOLE, Shard
from streamgauge.target_manager import Links, TargetManager
from streamgauge.web.limits import Limits, TooFewFilesError, reserve_files
from streamgauge.web.listen import Listener, ListenError, listen_all, systemd_listeners
from streamgauge.web.server import serve as serve_http

if TYPE_CHECKING:
    from streamgauge.web.protection import Protection

_log = logs.EventLog("serve")


def _shard(_context: click.Context, _option: click.Parameter, text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _address(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    try:
        return None if text is None else parse_base(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@config_file_option
@redis_url_option
@click.option(
    "--shard",
    metavar="I/N",
    callback=_shard,
    default=str(WHOLE),
    show_default=True,
    envvar=FLAG_VARIABLES["--shard"],
    help="Watch only part I of N of the streams and keys; each part needs an exporter.",
)
@click.option(
    "--web.listen-address",
    "listen_addresses",
    multiple=True,
    default=[":10121"],
    show_default=True,
    envvar=FLAG_VARIABLES["--web.listen-address"],
    help="Where to listen, as host:port, :port or unix:/path; may be given more than once.",
)
@click.option(
    "--web.systemd-socket",
    "systemd_socket",
    is_flag=True,
    envvar=FLAG_VARIABLES["--web.systemd-socket"],
    help="Listen on the sockets that systemd passes, in place of --web.listen-address.",
)
@click.option(
    "--web.config.file",
    "web_config_file",
    type=click.Path(path_type=Path),
    envvar=FLAG_VARIABLES["--web.config.file"],
    help="TLS, basic authentication and response headers, as in exporter-toolkit.",
)
@click.option(
    "--web.max-connections",
    "max_connections",
    type=click.IntRange(min=1),
    default=Limits().max_connections,
    show_default=True,
    envvar=FLAG_VARIABLES["--web.max-connections"],
    help="How many clients may be connected at once.",
)
@click.option(
    "--web.enable-lifecycle",
    "enable_lifecycle",
    is_flag=True,
    envvar=FLAG_VARIABLES["--web.enable-lifecycle"],
    help="Allow POST /-/reload.",
)
@click.option(
    "--web.prometheus-url",
    "prometheus_url",
    callback=_address,
    metavar="URL",
    envvar=FLAG_VARIABLES["--web.prometheus-url"],
    help="Where people find Prometheus: the status page links there.",
)
@click.option(
    "--web.grafana-url",
    "grafana_url",
    callback=_address,
    metavar="URL",
    envvar=FLAG_VARIABLES["--web.grafana-url"],
    help="Where people find Grafana: the status page links there.",
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
    shard: Shard,
    listen_addresses: tuple[str, ...],
    systemd_socket: bool,
    web_config_file: Path | None,
    max_connections: int,
    enable_lifecycle: bool,
    prometheus_url: str | None,
    grafana_url: str | None,
    log_level: str,
    log_format: str,
) -> None:
    """Serve /metrics for the configured Redis."""
    logs.configure(log_level, log_format)
    try:
        links = Links(prometheus_url, grafana_url)
        manager = TargetManager(partial(read_config, config_file, redis_url), shard, links=links)
        protection = None if web_config_file is None else _protection(web_config_file)
        reserve_files(max_connections)
        listeners = _listeners(listen_addresses, systemd_socket)
    except ConfigError as error:
        raise ConfigMistake(error) from error
    except (ListenError, TooFewFilesError) as error:
        raise click.ClickException(str(error)) from error
    _log.info("starting", version=__version__, redis=",".join(manager.targets), **_part(shard))
    warn_of_unknown_variables()
    manager.start()
    gc.freeze()  # what was imported lives as long as the process: never look at it again
    asyncio.run(
        serve_http(
            manager,
            listeners,
            enable_lifecycle=enable_lifecycle,
            limits=Limits(max_connections=max_connections),
            protection=protection,
        )
    )


def _part(shard: Shard) -> dict[str, str]:
    """What the first line of the log says of a shard; nothing when there is only one."""
    return {} if shard == WHOLE else {"shard": str(shard)}


def _protection(web_config_file: Path) -> Protection:
    # Imported late: without the file, neither TLS nor bcrypt takes any memory.
    from streamgauge.web.protection import Protection  # noqa: PLC0415

    return Protection(web_config_file)


def _listeners(addresses: tuple[str, ...], systemd_socket: bool) -> list[Listener]:
    if not systemd_socket:
        return listen_all(addresses)
    source = click.get_current_context().get_parameter_source("listen_addresses")
    if source is not ParameterSource.DEFAULT:
        raise click.UsageError(
            "--web.systemd-socket takes the place of --web.listen-address; give one of them"
        )
    return systemd_listeners(os.environ)

"""`streamgauge demo`: a live simulated system on an embedded server, exporter included."""

import math
from pathlib import Path
from typing import Any, get_args

import click

from streamgauge.cli.output import say
from streamgauge_demo.errors import DemoError
from streamgauge_demo.exporter import ListenAddress, parse_listen_address
from streamgauge_demo.incidents import INCIDENTS, Incident, parse_incident
from streamgauge_demo.pace import Pace
from streamgauge_demo.run import (
    DEFAULT_DIRECTORY,
    DEFAULT_LISTEN_ADDRESS,
    Addresses,
    DemoOptions,
    Watch,
    run_demo,
)

FASTEST = 600.0


class _Number(click.FloatRange):
    """A number in a range; click takes `nan` for one, and `inf` where the range has no end."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number of seconds or times", param, ctx)
        return number


def _incidents(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> tuple[Incident, ...]:
    try:
        return tuple(parse_incident(text) for text in texts)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _listen_address(_context: click.Context, _option: click.Parameter, text: str) -> ListenAddress:
    try:
        return parse_listen_address(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _incidents_help() -> str:
    rows = [f"  {kind.name:<18} {kind.sentence}" for kind in INCIDENTS.values()]
    return "\n".join(["\b", "Incidents, each of which breaks one thing:", *rows])


@click.command("demo", epilog=_incidents_help())
@click.option(
    "--speed",
    type=_Number(1, FASTEST),
    default=1.0,
    show_default=True,
    help="Run the system, all limits, and up to 30 the times of rules and routing, this many "
    "times as fast.",
)
@click.option(
    "--incident",
    "incidents",
    callback=_incidents,
    multiple=True,
    metavar="NAME[@SECONDS][+DURATION]",
    help="Break one thing so many seconds after the start (10), and repair it after a while "
    "(never). May be given several times.",
)
@click.option(
    "--redis.url",
    "redis_url",
    metavar="URL",
    help="Use this server instead of an embedded one; its database must hold no key under "
    "quantum:, and at the end the demo deletes what it wrote.",
)
@click.option(
    "--web.listen-address",
    "listen_address",
    callback=_listen_address,
    metavar="HOST:PORT",
    default=str(DEFAULT_LISTEN_ADDRESS),
    show_default=True,
    help="Where the exporter listens; a free port when this one is taken.",
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_DIRECTORY,
    show_default=True,
    help="Where the exporter's configuration and its log are written.",
)
@click.option(
    "--watch",
    type=click.Choice(get_args(Watch)),
    default="alerts",
    show_default=True,
    help="What watches the system: the exporter with Prometheus and Alertmanager, where they are "
    "found; the exporter alone; nothing.",
)
@click.option(
    "--duration",
    "duration_seconds",
    type=_Number(0, min_open=True),
    metavar="SECONDS",
    help="End after so many seconds; otherwise Ctrl-C ends it.",
)
def demo(
    speed: float,
    incidents: tuple[Incident, ...],
    redis_url: str | None,
    listen_address: ListenAddress,
    directory: Path,
    watch: Watch,
    duration_seconds: float | None,
) -> None:
    """Show the exporter on a live simulated trading system.

    Starts a server on a free port, a system of feeds, decisions, orders and a control plane on it,
    the exporter in front, and Prometheus and Alertmanager with the shipped rules where they are
    found; prints where each is, and every page. Several of its streams are empty by design.
    """
    options = DemoOptions(
        pace=Pace(speed),
        incidents=incidents,
        redis_url=redis_url,
        listen_address=listen_address,
        directory=directory,
        watch=watch,
        duration_seconds=duration_seconds,
    )
    try:
        run_demo(options, on_ready=_print_addresses, say=say)
    except DemoError as error:
        raise click.ClickException(str(error)) from error


def _print_addresses(addresses: Addresses) -> None:
    server = addresses.server
    if addresses.server_process_id is not None:
        server = f"{server}, process {addresses.server_process_id}"
    exporter = f"{addresses.web_url}metrics (process {addresses.exporter_process_id})"
    rows = (
        ("Redis", f"{addresses.redis_url} ({server})"),
        ("metrics", addresses.web_url and exporter),
        ("status page", addresses.web_url),
        ("Prometheus", addresses.prometheus_url),
        ("Alertmanager", addresses.alertmanager_url),
        ("config file", addresses.config_file),
    )
    lines = [f"  {name:<12} {where}" for name, where in rows if where]
    say("\n".join(("The simulated system runs; Ctrl-C ends it.", *lines)))

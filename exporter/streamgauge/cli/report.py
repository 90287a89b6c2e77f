"""`streamgauge report`: what is wrong and what is as designed, from one look at Redis or two."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import click

from streamgauge import logs
from streamgauge.cli.configuration import (
    ConfigMistake,
    config_file_option,
    read_config,
    redis_url_option,
)
from streamgauge.config import Config, ConfigError, parse_duration
from streamgauge.policy import Policy
from streamgauge.report.markdown import markdown
from streamgauge.report.plain import plain_text
from streamgauge.report.sections import document
from streamgauge.report.status import status_json
from streamgauge.report.summary import exit_code
from streamgauge.source.target import Target
from streamgauge.verdict.judge import judge
from streamgauge.verdict.looks import Look
from streamgauge.verdict.records import RedisVerdict
from streamgauge.watch import Watch

Renderer = Callable[[Sequence[RedisVerdict], bool], str]


def _window(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _as_table(verdicts: Sequence[RedisVerdict], only_problems: bool) -> str:
    """Coloured and wrapped on a terminal, plain and unwrapped elsewhere."""
    shown = document(verdicts, only_problems=only_problems)
    if not sys.stdout.isatty():
        return plain_text(shown)
    from streamgauge.report.terminal import terminal_text  # noqa: PLC0415 - rich is slow to import

    return terminal_text(shown, shutil.get_terminal_size().columns)


def _as_markdown(verdicts: Sequence[RedisVerdict], only_problems: bool) -> str:
    return markdown(document(verdicts, only_problems=only_problems))


def _as_json(verdicts: Sequence[RedisVerdict], only_problems: bool) -> str:
    return status_json(verdicts, time.time(), only_problems=only_problems)


_RENDERERS: Final[dict[str, Renderer]] = {
    "table": _as_table,
    "markdown": _as_markdown,
    "json": _as_json,
}


@click.command()
@config_file_option
@redis_url_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(list(_RENDERERS)),
    default="table",
    show_default=True,
)
@click.option(
    "--window",
    "window_seconds",
    callback=_window,
    metavar="DURATION",
    help="Look twice, so far apart (such as 5s): rates and growth show only then.",
)
@click.option("--only", type=click.Choice(["problems"]), help="Leave out what is no problem.")
@click.pass_context
def report(
    context: click.Context,
    config_file: Path | None,
    redis_url: str | None,
    output_format: str,
    window_seconds: float | None,
    only: str | None,
) -> None:
    """Say of every stream and consumer group whether it is as designed, and why.

    Ends with 0 when all is well, 1 with warnings, 2 when something is critical (what the shipped
    alerts page for) and 3 when a Redis could not be read, so it serves as a check. A mistake on the
    command line or in the configuration also ends with 2, and writes nothing to stdout.
    """
    logs.configure("warn", "logfmt")
    try:
        config = read_config(config_file, redis_url)
        watch = Watch(lambda: config)
    except ConfigError as error:
        raise ConfigMistake(error) from error
    watch.start()
    try:
        verdicts = _verdicts(config, list(watch.targets.values()), window_seconds)
    finally:
        watch.stop()
    click.echo(_RENDERERS[output_format](verdicts, only == "problems"), nl=False)
    context.exit(exit_code(verdicts))


def _verdicts(
    config: Config, targets: Sequence[Target], window_seconds: float | None
) -> list[RedisVerdict]:
    """Look at every target, once or twice, all of them at the same time."""
    policy = Policy.from_config(config)
    with ThreadPoolExecutor(len(targets)) as pool:
        earlier: Iterable[Look | None] = [None] * len(targets)
        if window_seconds is not None:
            earlier = list(pool.map(_look, targets))
            time.sleep(window_seconds)
        looks = pool.map(_look, targets)
        return [judge(now, then, policy) for now, then in zip(looks, earlier, strict=True)]


def _look(target: Target) -> Look:
    """Take one sample, and the time on the server's clock at its end."""
    snapshot = target.sample(target.redis.timeout_seconds)
    return Look(snapshot, time.time() + (snapshot.clock_offset_seconds or 0.0))

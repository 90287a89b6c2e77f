"""`streamgauge pack`: the shipped alert rules and dashboards, as files adapted to a site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from streamgauge.bundled import BUNDLES
from streamgauge.cli.output import say
from streamgauge.pack import Format, PackError, PackOptions, write_pack
from streamgauge.pack.adapt import FILE as EXPECTED
from streamgauge.pack.adapt import IDENTITY_LABELS, JOB
from streamgauge.pack.matchers import Label
from streamgauge.pack.options import (
    parse_base,
    parse_identity_labels,
    parse_job,
    parse_paging_label,
    parse_redis_name,
)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _option(
    flag: str, parse: Callable[[str], object], metavar: str, text: str, *, multiple: bool = False
) -> Decorator:
    """An option whose value is parsed; what is wrong with it is one sentence and exit code 2."""

    def parsed(_context: click.Context, _option: click.Parameter, given: Any) -> object:
        try:
            if multiple:
                return tuple(map(parse, given))
            return None if given is None else parse(given)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return click.option(flag, callback=parsed, metavar=metavar, help=text, multiple=multiple)


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@_option(
    "--job",
    parse_job,
    "NAME",
    f"Your name of the scrape job; shipped as {JOB.value}. May be given more than once.",
    multiple=True,
)
@_option(
    "--severity-page",
    parse_paging_label,
    "LABEL=VALUE",
    "The label by which a critical alert pages. A severity replaces severity=critical, any other "
    "label is added beside it; the Alertmanager example routes by it.",
)
@_option(
    "--page-url",
    parse_base,
    "URL",
    "The exporter's own address: each alert then links to the page of its stream or group.",
)
@_option(
    "--dashboard-base",
    parse_base,
    "URL",
    "Where your Grafana is: each alert then links to its dashboard.",
)
@_option(
    "--runbook-base",
    parse_base,
    "URL",
    "Where your runbooks are: each alert then links to its own.",
)
@_option(
    "--identity-labels",
    parse_identity_labels,
    "NAME,...",
    "The labels by which your environments differ, which rules, texts and inhibitions keep; "
    f"shipped as {','.join(IDENTITY_LABELS)}.",
)
@_option(
    "--redis",
    parse_redis_name,
    "NAME",
    "A server that must be watched: alerts/expected.rules.yml then pages when it is no longer "
    "reported at all. May be given more than once.",
    multiple=True,
)
@click.option(
    "--format",
    "rule_format",
    type=click.Choice([each.value for each in Format]),
    default=Format.PROMETHEUS.value,
    show_default=True,
    help="Rule files for Prometheus, or a PrometheusRule object of each for the Operator.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace an older pack in DIR, edited files too, and list what changed.",
)
def pack(
    directory: Path,
    job: tuple[str, ...],
    severity_page: Label | None,
    page_url: str | None,
    dashboard_base: str | None,
    runbook_base: str | None,
    identity_labels: tuple[str, ...] | None,
    redis: tuple[str, ...],
    rule_format: str,
    force: bool,
) -> None:
    """Write alerts/ and grafana/ into DIR, adapted to your site.

    Without options the files are written as shipped. What exists already is overwritten with
    --force alone.
    """
    options = PackOptions(
        jobs=tuple(dict.fromkeys(job)),
        paging_label=severity_page,
        page_url=page_url,
        dashboard_base=dashboard_base,
        runbook_base=runbook_base,
        format=Format(rule_format),
        identity_labels=identity_labels,
        expected=tuple(dict.fromkeys(redis)),
    )
    try:
        changes = write_pack(directory, options, force=force)
    except PackError as error:
        raise click.ClickException(str(error)) from error
    say(f"wrote {' and '.join(f'{name}/' for name in BUNDLES)} into {directory}")
    if redis:
        say(f"load {EXPECTED} too: it pages when one of them is no longer reported")
    if changes:
        for what, names in changes._asdict().items():
            for name in names:
                say(f"  {'left alone' if what == 'foreign' else what} {name}")

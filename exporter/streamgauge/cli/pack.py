"""`streamgauge pack`: the shipped alert rules and dashboards, as files adapted to a site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from streamgauge.bundled import BUNDLES
from streamgauge.cli.output import say
from streamgauge.pack import Format, PackError, PackOptions, write_pack
from streamgauge.pack.adapt import GRAFANA_BASE, IDENTITY_LABELS, JOB, RUNBOOK_BASE
from streamgauge.pack.matchers import Label
from streamgauge.pack.options import (
    parse_base,
    parse_identity_labels,
    parse_job,
    parse_paging_label,
)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _option(flag: str, parse: Callable[[str], object], metavar: str, text: str) -> Decorator:
    """An option whose value is parsed; what is wrong with it is one sentence and exit code 2."""

    def parsed(_context: click.Context, _option: click.Parameter, value: str | None) -> object:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return click.option(flag, callback=parsed, metavar=metavar, help=text)


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@_option("--job", parse_job, "NAME", f"Your name of the scrape job; shipped as {JOB.value}.")
@_option(
    "--severity-page",
    parse_paging_label,
    "LABEL=VALUE",
    "The label by which a critical alert pages. A severity replaces severity=critical, any other "
    "label is added beside it; the Alertmanager example routes by it.",
)
@_option(
    "--runbook-base", parse_base, "URL", f"Where your runbooks are; shipped as {RUNBOOK_BASE}."
)
@_option("--grafana-base", parse_base, "URL", f"Where your Grafana is; shipped as {GRAFANA_BASE}.")
@_option(
    "--identity-labels",
    parse_identity_labels,
    "NAME,...",
    "The labels by which your environments differ, which rules, texts and inhibitions keep; "
    f"shipped as {','.join(IDENTITY_LABELS)}.",
)
@click.option(
    "--redis",
    "expected",
    multiple=True,
    metavar="NAME",
    help="A server that must be watched: a rule pages when it is no longer reported at all. May be "
    "given more than once.",
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
    job: str | None,
    severity_page: Label | None,
    runbook_base: str | None,
    grafana_base: str | None,
    identity_labels: tuple[str, ...] | None,
    expected: tuple[str, ...],
    rule_format: str,
    force: bool,
) -> None:
    """Write alerts/ and grafana/ into DIR, adapted to your site.

    Without options the files are written as shipped. What exists already is overwritten with
    --force alone.
    """
    options = PackOptions(
        job=job,
        paging_label=severity_page,
        runbook_base=runbook_base,
        grafana_base=grafana_base,
        format=Format(rule_format),
        identity_labels=identity_labels,
        expected=tuple(dict.fromkeys(expected)),
    )
    try:
        changes = write_pack(directory, options, force=force)
    except PackError as error:
        raise click.ClickException(str(error)) from error
    say(f"wrote {' and '.join(f'{name}/' for name in BUNDLES)} into {directory}")
    if changes:
        for what, names in changes._asdict().items():
            for name in names:
                say(f"  {'left alone' if what == 'foreign' else what} {name}")

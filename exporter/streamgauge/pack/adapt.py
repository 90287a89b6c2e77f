"""One file of the pack, adapted to a site."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote as url_quote

from streamgauge.pack import severity
from streamgauge.pack.matchers import Label, replace_matcher
from streamgauge.pack.operator import as_prometheus_rule
from streamgauge.pack.options import Format, PackOptions
from streamgauge.pack.scalars import double_quoted, edit_json, edit_yaml

JOB: Final = Label("job", "streamgauge")
RUNBOOK_BASE: Final = "https://runbooks.example.com/streamgauge"
GRAFANA_BASE: Final = "https://grafana.example.com"

IDENTITY_LABELS: Final = ("job", "cluster", "namespace", "environment", "team")
"""What the rules aggregate by beside the labels of the contract."""

_VARIABLE_SET_TO_JOB: Final = re.compile(
    rf'("(?:text|value|query)"\s*:\s*(?:\[\s*)?)"{JOB.value}"(?=\s*[\],}}])'
)
_JOB_IN_WORDS: Final = re.compile(rf"(?<=\bname than ){JOB.value}\b")
"""In the sentence that says what to change where the job has another name."""

_JOB_IN_LINK: Final = re.compile(rf"\bvar-job={JOB.value}(?![\w.%-])")


def adapt(name: PurePosixPath, text: str, options: PackOptions) -> str:
    """The text of the file `name` of the pack (`alerts/streams.rules.yml`) for a site.

    Rules, the Alertmanager example, dashboards and runbooks are adapted. Any other file stays as
    it is; a README describes what is shipped.
    """

    def edit(value: str) -> str:
        return _edit_value(value, options)

    if options.identity_labels and name.suffix in (".yml", ".yaml"):
        text = _identified_by(text, options.identity_labels)
    if name.suffix in (".yml", ".yaml"):
        return _adapt_yaml(name, edit_yaml(text, edit), options)
    if name.suffix == ".json":
        return _adapt_variables(edit_json(text, edit), options)
    if name.parent.name == "runbooks":
        return edit(text)
    return text


def _edit_value(value: str, options: PackOptions) -> str:
    if options.job:
        value = replace_matcher(value, JOB, Label(JOB.name, options.job))
        value = _JOB_IN_WORDS.sub(lambda _: options.job or "", value)
        value = _JOB_IN_LINK.sub(f"var-job={url_quote(options.job, safe='')}", value)
    if options.paging_label:
        value = replace_matcher(value, severity.SHIPPED, options.paging_label)
    if options.runbook_base:
        value = _replace_base(value, RUNBOOK_BASE, options.runbook_base)
    if options.grafana_base:
        value = _replace_base(value, GRAFANA_BASE, options.grafana_base)
    return value


def _identified_by(text: str, names: tuple[str, ...]) -> str:
    """Rules and inhibitions that tell environments apart by other labels, and texts that ask so."""
    for form, between in (("{}", ", "), ("{}=%q", ","), ("$labels.{}", " ")):
        shipped = between.join(map(form.format, IDENTITY_LABELS))
        text = text.replace(shipped, between.join(map(form.format, names)))
    return text


def _replace_base(text: str, old: str, new: str) -> str:
    return re.sub(rf"{re.escape(old)}(?![\w:-]|\.\w)", lambda _: new, text)


def _adapt_yaml(name: PurePosixPath, text: str, options: PackOptions) -> str:
    if not name.name.endswith((".rules.yml", ".rules.yaml")):
        return text
    if options.paging_label:
        text = severity.label_pages(text, options.paging_label)
    if options.format is Format.PROMETHEUS_OPERATOR:
        text = as_prometheus_rule(name.name, text)
    return text


def _adapt_variables(dashboard: str, options: PackOptions) -> str:
    """Set a dashboard's variable that is set to the shipped job to the site's."""
    if not options.job:
        return dashboard
    job = double_quoted(options.job)
    return _VARIABLE_SET_TO_JOB.sub(lambda found: found[1] + job, dashboard)

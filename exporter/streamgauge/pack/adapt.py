"""One file of the pack, adapted to a site."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from streamgauge.pack import severity
from streamgauge.pack.links import add_links
from streamgauge.pack.matchers import Label, literal_regex, quote, replace_matcher
from streamgauge.pack.operator import as_prometheus_rule
from streamgauge.pack.options import Format, PackOptions
from streamgauge.pack.scalars import edit_json, edit_yaml

JOB: Final = Label("job", "streamgauge")

IDENTITY_LABELS: Final = ("job", "cluster", "namespace", "environment", "team")
"""What the rules aggregate by beside the labels of the contract."""

_JOB_IN_WORDS: Final = re.compile(rf"(?<=\bname than ){JOB.value}\b")
"""In the sentence that says what to change where the job has another name."""


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
        return edit_json(text, edit)
    if name.parent.name == "runbooks":
        return edit(text)
    return text


def _edit_value(value: str, options: PackOptions) -> str:
    if options.jobs:
        value = _JOB_IN_WORDS.sub(lambda _: " or ".join(options.jobs), value)
        value = _of_jobs(value, options.jobs)
    if options.paging_label:
        value = replace_matcher(value, severity.SHIPPED, options.paging_label)
    return value


def _of_jobs(text: str, jobs: tuple[str, ...]) -> str:
    """Let what selects the shipped job select these; each of several can be absent."""
    if len(jobs) == 1:
        return replace_matcher(text, JOB, Label(JOB.name, jobs[0]))
    absent = " or ".join(f"absent(up{{job={quote(job)}}})" for job in jobs)
    any_of = quote("|".join(map(literal_regex, jobs)))
    text = text.replace(f'absent(up{{job="{JOB.value}"}})', absent)
    return text.replace(f'job="{JOB.value}"', f"job=~{any_of}")


def _identified_by(text: str, names: tuple[str, ...]) -> str:
    """Rules and inhibitions that tell environments apart by other labels, and texts that ask so."""
    for form, between in (("{}", ", "), ("{}=%q", ","), ("$labels.{}", " ")):
        shipped = between.join(map(form.format, IDENTITY_LABELS))
        text = text.replace(shipped, between.join(map(form.format, names)))
    return text


def _adapt_yaml(name: PurePosixPath, text: str, options: PackOptions) -> str:
    if not name.name.endswith((".rules.yml", ".rules.yaml")):
        return text
    if options.paging_label:
        text = severity.label_pages(text, options.paging_label)
    text = add_links(text, options)
    if options.format is Format.PROMETHEUS_OPERATOR:
        text = as_prometheus_rule(name.name, text)
    return text

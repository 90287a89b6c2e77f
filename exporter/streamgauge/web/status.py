"""The pages for people: the status at /, the documents, and how names are shown on them."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from markupsafe import Markup, escape

from streamgauge import __version__
from streamgauge.documents import Document, documents, runbook_path
from streamgauge.labels import label_value
from streamgauge.report.incident import Incident, advice_note
from streamgauge.report.names import plain
from streamgauge.report.summary import is_unclassified, problem_count
from streamgauge.report.view import Figure, Row, columns, texts, utc
from streamgauge.shard import WHOLE, Shard
from streamgauge.target_manager import Configuration, Links
from streamgauge.verdict.states import Severity
from streamgauge.verdict.words import Sentence, counted, duration
from streamgauge.web.assets import assets
from streamgauge.web.documents import document_html
from streamgauge.web.overview import Overview, StreamRow, alike_findings, figures

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_QUERY: Final = 200
"""How much of a search is used; it is shown again in the page."""

_LONGEST_NAMES: Final = 1_000
"""In an address each byte of a name may take nine characters."""

_MARKS: Final = {
    Severity.OK: "✓",
    Severity.UNKNOWN: "?",
    Severity.WARNING: "!",
    Severity.CRITICAL: "✕",
}


def status_page(
    overviews: Sequence[Overview],
    query: str = "",
    shard: Shard = WHOLE,
    configuration: Configuration | None = None,
    links: Links = Links(),  # noqa: B008 - it cannot be changed
) -> str:
    """Write the status page, the most serious Redis first; no name in it can be markup."""
    return _page(
        "status.html",
        "",
        overviews=sorted(overviews, key=lambda one: -_urgency(one.severity)),
        query=query,
        shard=None if shard == WHOLE else str(shard),
        configuration=configuration,
        links=[
            (name, address)
            for name, address in (("Prometheus", links.prometheus), ("Grafana", links.grafana))
            if address
        ],
    )


def document_page(document: Document) -> str:
    """Write one of the documents that come with the exporter."""
    html = Markup(document_html(document))  # noqa: S704 - of a file of this project, HTML off
    return _page("document.html", "../", title=document.title, body=html)


def stream_page(incident: Incident) -> str:
    """Write the page about one stream; no name in it can be markup."""
    runbook = incident.runbook
    html = "" if runbook is None else Markup(document_html(runbook, ""))  # noqa: S704 - as below
    return _page(
        "stream.html",
        "",
        incident=incident,
        place=(incident.redis, incident.db),
        note=advice_note(incident),
        runbook_html=html,
    )


def documents_page() -> str:
    """Write the list of the documents, for an address that ends with a slash."""
    every = documents().values()
    return _page(
        "documents.html",
        "../",
        documents=[one for one in every if one.path.startswith("docs/")],
        runbooks=[one for one in every if one.path.startswith("runbooks/")],
    )


def _urgency(severity: Severity) -> int:
    return severity.rank if severity.is_problem else 0


def _page(template: str, root: str, **values: object) -> str:
    return (
        _environment()
        .get_template(template)
        .render(root=root, assets=assets(), version=__version__, **values)
    )


@functools.cache
def _environment() -> Environment:
    # Imported late: an exporter that is only scraped does without.
    from jinja2 import Environment, PackageLoader  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader("streamgauge.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "name": _name,
        "plain": plain,
        "moment": _moment,
        "sentence": _sentence,
        "mark": _mark,
        "duration": duration,
        "figure": _figure,
        "at_a_glance": figures,
        "alike_findings": alike_findings,
        "columns": columns,
        "texts": texts,
        "states": _states,
        "counted_severities": _severities,
    }
    environment.globals |= {"runbook": runbook_path, "page_of": page_of}
    return environment


def page_of(place: tuple[bytes, int], row: Row) -> str | None:
    """The address of the page about a stream or a group, relative to the status page.

    None for a name that is too long for an address.
    """
    if sum(len(name) for _, name in row.names) > _LONGEST_NAMES:
        return None
    redis, db = place
    parts = {"redis": label_value(redis), "db": f"db{db}"}
    parts |= {key: label_value(name) for key, name in row.names if key in ("stream", "group")}
    return f"stream?{urlencode(parts)}"


def _name(name: bytes) -> Markup:
    """A name from Redis as code on one line, apart from the direction of the text around it."""
    return Markup("<bdi>{}</bdi>").format(plain(name))


def _sentence(sentence: Sentence) -> Markup:
    return Markup(escape(sentence.template)).format(*map(_name, sentence.names))  # noqa: S704


def _mark(severity: Severity) -> Markup:
    """A sign and, for those who do not see it, the word."""
    return Markup(
        '<span class="mark {0}" aria-hidden="true">{1}</span><span class="unseen">{0}: </span>'
    ).format(severity, _MARKS[severity])


def _figure(figure: Figure) -> Markup:
    """A figure as text; of an age the part that goes on is told apart."""
    bound, _, ago = figure.text.rpartition("at least ")
    number = ago.removesuffix(" ago")
    if figure.age_seconds is None or number == ago:
        return escape(figure.text)
    least = "at least " if bound or figure.text.startswith("at least ") else ""
    return Markup('{}<span data-age="{:.1f}">{}</span> ago').format(
        least, figure.age_seconds, number
    )


def _moment(seconds: float) -> str:
    return utc(seconds).strftime("%Y-%m-%d %H:%M:%S UTC")


def _states(row: StreamRow) -> str:
    """The states of a stream and of its groups, those without a problem left out."""
    rows = [row.stream, *row.groups]
    counts = Counter(one.state for one in rows if one.severity.is_problem)
    return ", ".join(
        f"{state} ({count})" if count > 1 else state for state, count in counts.items()
    )


def _severities(overviews: Iterable[Overview]) -> str:
    """What the title says: `2 critical, 1 warning`, or that there is no problem."""
    verdicts = [one.view.verdict for one in overviews]
    critical, warnings = (
        sum(problem_count(verdict, severity) for verdict in verdicts)
        for severity in (Severity.CRITICAL, Severity.WARNING)
    )
    said = [f"{critical:,} critical"] if critical else []
    said += [counted(warnings, "warning")] if warnings else []
    calm = "nothing judged" if all(map(is_unclassified, verdicts)) else "as designed"
    return ", ".join(said) or calm

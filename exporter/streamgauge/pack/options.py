"""What a site may change about the pack, and which values make sense."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from streamgauge.metrics import Level
from streamgauge.pack.matchers import Label

_LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_IDENTITY: Final = frozenset(Level.CONSUMER.value) | {"alertname", "alertstate", "job", "instance"}
_TICKET_SEVERITIES: Final = frozenset({"warning", "info"})
_UNSAFE_IN_URL: Final = re.compile(r"[^\x21-\x7e]|[\"'<>{}|\\^`]")


class Format(enum.StrEnum):
    """Rule files as Prometheus reads them, or objects for the Prometheus Operator."""

    PROMETHEUS = "prometheus"
    PROMETHEUS_OPERATOR = "prometheus-operator"


@dataclass(frozen=True, slots=True)
class PackOptions:
    """How a site differs from what is shipped; None where it does not.

    `identity_labels` are those that tell one environment from another, and `expected` the names of
    the servers that must be reported. `paging_label` is the label by which critical alerts page. An
    alert has a link where its base is set; the bases have no slash at the end.
    """

    jobs: tuple[str, ...] = ()
    paging_label: Label | None = None
    page_url: str | None = None
    dashboard_base: str | None = None
    runbook_base: str | None = None
    format: Format = Format.PROMETHEUS
    identity_labels: tuple[str, ...] | None = None
    expected: tuple[str, ...] = ()


def parse_job(text: str) -> str:
    """The name of a scrape job; ValueError when Prometheus or a rule file could not hold it."""
    if not text or not text.isprintable():
        raise ValueError(f"{text!r} is not a job name: write one line of printable characters")
    return text


def parse_redis_name(text: str) -> str:
    """The name of a server that must be reported; ValueError when no exporter can have it."""
    if not text or not text.isprintable():
        raise ValueError(f"{text!r} is not a name: write what the label redis says, such as orders")
    return text


def parse_paging_label(text: str) -> Label:
    """The label of `LABEL=VALUE`; ValueError says what a paging label may be."""
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise ValueError(f"{text!r} is not a label: write LABEL=VALUE, such as severity=page")
    if not _LABEL_NAME.fullmatch(name) or name.startswith("__"):
        raise ValueError(
            f"Prometheus allows no label {name!r}: write letters, digits and underscores, "
            "with no digit first and no two underscores at the start"
        )
    if name in _IDENTITY:
        raise ValueError(
            f"the label {name!r} tells one alert from another and cannot be the one that pages"
        )
    if name == "severity" and value in _TICKET_SEVERITIES:
        raise ValueError(
            f"severity={value} is not for pages: tickets have it, so choose another value"
        )
    if not value.isprintable() or "{{" in value:
        raise ValueError(
            f"{value!r} is not a label value: write one line of printable characters without {{{{"
        )
    return Label(name, value)


def parse_identity_labels(text: str) -> tuple[str, ...]:
    """The labels of `job,cluster`, in that order; ValueError when one cannot be a label."""
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if not _LABEL_NAME.fullmatch(name) or name.startswith("__"):
            raise ValueError(f"{name!r} is not a label: write names such as job,cluster,namespace")
    if "job" not in names:
        raise ValueError("job must be among them: the rules tell exporters apart by it")
    return tuple(dict.fromkeys(names))


def parse_base(text: str) -> str:
    """The address before the paths of links, without a slash at its end; else ValueError."""
    if "@" in text.partition("://")[2].partition("/")[0]:  # not repeated here: it is a secret
        raise ValueError("a link must hold no login: everybody who sees the link could read it")
    if not text.startswith(("http://", "https://")):
        raise ValueError(f"{text!r} does not start with http:// or https://")
    if _UNSAFE_IN_URL.search(text):
        raise ValueError(f"{text!r} holds a character that a URL must write as %XX")
    if "?" in text or "#" in text:
        raise ValueError(f"{text!r} must end before any ? or #: paths are added to it")
    if not _has_host(text):
        raise ValueError(f"{text!r} names no host")
    return text.rstrip("/")


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False

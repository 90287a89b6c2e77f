"""From a web config file to its WebConfig, or to every mistake at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streamgauge.config import ConfigError, Problem
from streamgauge.config.document import Location, YamlDocument, dotted, read_document
from streamgauge.config.problems import RefusedError, did_you_mean, found
from streamgauge.config.values import Section, Surroundings
from streamgauge.web.config.model import WebConfig
from streamgauge.web.config.sections import (
    HeadersSection,
    HttpServerSection,
    TlsServerSection,
    WebFileSection,
)

_SECTIONS: Final[Mapping[Location, type[Section]]] = {
    (): WebFileSection,
    ("tls_server_config",): TlsServerSection,
    ("http_server_config",): HttpServerSection,
    ("http_server_config", "headers"): HeadersSection,
}
_FILE_KEYS: Final = ("cert_file", "key_file", "client_ca_file")
_HASH: Final = re.compile(r"\$2[a-z]?\$\S*")


def load_web_config(path: Path) -> WebConfig:
    """Read the file and the certificates it names; ConfigError holds every mistake, no secret."""
    document = read_document(path)
    problems = list(document.problems)
    try:
        section = WebFileSection.model_validate(
            document.data, context=Surroundings(folder=path.parent)
        )
        config = section.web_config()
    except ValidationError as error:
        problems += (_problem(detail, document) for detail in error.errors(include_url=False))
    except RefusedError as error:
        location = ("tls_server_config", error.below or "")
        problems.append(Problem(dotted(location), str(error), document.line_of(location)))
    if problems:
        problems.sort(key=lambda problem: problem.line or 0)
        raise ConfigError(os.fspath(path), list(dict.fromkeys(map(_without_secrets, problems))))
    return config


def named_files(path: Path) -> Iterator[Path]:
    """Yield the file and all that it names, as far as it can be read."""
    yield path
    try:
        tls = read_document(path).data.get("tls_server_config")
    except ConfigError:
        return
    if isinstance(tls, dict):
        yield from (path.parent / tls[key] for key in _FILE_KEYS if isinstance(tls.get(key), str))


def _problem(detail: ErrorDetails, document: YamlDocument) -> Problem:
    location: Location = detail["loc"]
    sentence = _sentence(detail, location)
    line = document.line_of(location)
    if location[-1] == "[key]":  # what stands there is no user name
        location = location[:-2]
    return Problem(dotted(location), sentence, line)


def _sentence(detail: ErrorDetails, location: Location) -> str:
    kind = detail["type"]
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "extra_forbidden":
        known = _keys(location[:-1])
        return f"unknown key, allowed: {', '.join(known)}{did_you_mean(str(location[-1]), known)}"
    if kind == "missing":
        return "missing"
    given = "text" if isinstance(detail["input"], str) else found(detail["input"])
    return f"found {given}, allowed: a {'list' if kind == 'tuple_type' else 'mapping'}"


def _keys(location: Location) -> list[str]:
    fields = _SECTIONS[location].model_fields.items()
    return [field.alias or name for name, field in fields if field.annotation is not type(None)]


def _without_secrets(problem: Problem) -> Problem:
    """Take out what is written as if it were a key: `NAME:PASSWORD` without a space, or a hash."""
    path = problem.path.partition(":")[0].rstrip(".")
    return replace(problem, path=_HASH.sub("...", path), message=_HASH.sub("...", problem.message))

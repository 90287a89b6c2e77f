"""docs/configuration.md lists every key of the file, with the default that holds."""

import re
import types
import typing
from pathlib import Path

import yaml
from pydantic import BaseModel

from streamgauge.config import load_config
from streamgauge.config.calendar import CalendarSection
from streamgauge.config.keys import KeySection
from streamgauge.config.load import FileSection
from streamgauge.config.reactions import ReactionSection
from streamgauge.config.sections import ClassesSection, DiscoverySection, StreamSection
from streamgauge.config.servers import ServerSection

REFERENCE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
ROWS = re.findall(r"^\| `([^`]+)` \| (.+?) \| .+ \|$", REFERENCE, re.MULTILINE)
TOP = {
    "redis": ServerSection,
    "discovery": DiscoverySection,
    "classes": ClassesSection,
    "calendars.NAME": CalendarSection,
    "streams[]": StreamSection,
    "keys[]": KeySection,
    "reactions[]": ReactionSection,
}


def top_name(path: str) -> str:
    return path.partition(".")[0].removesuffix("[]")


def section_of(annotation: object) -> tuple[type[BaseModel], bool] | None:
    """The section that a field holds, and whether it holds a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    is_list = typing.get_origin(annotation) is tuple
    if is_list or isinstance(annotation, types.UnionType):
        for argument in typing.get_args(annotation):
            if found := section_of(argument):
                return found[0], is_list
    return None


def keys(section: type[BaseModel], path: str) -> typing.Iterator[str]:
    for name, field in section.model_fields.items():
        key = f"{path}.{field.alias or name}"
        nested = section_of(field.annotation)
        if nested:
            yield from keys(nested[0], f"{key}[]" if nested[1] else key)
        elif field.annotation is not type(None):  # that one is there to be refused
            yield key


def test_every_key_has_a_row_and_every_row_is_a_key():
    known = [key for path, section in TOP.items() for key in keys(section, path)]
    known += [name for name in FileSection.model_fields if name not in {*map(top_name, TOP)}]
    assert sorted(key for key, _ in ROWS) == sorted(known)


def test_writing_the_default_changes_nothing(tmp_path):
    rows = [(key, default.strip("`")) for key, default in ROWS if default.startswith("`")]
    assert rows
    assert [key for key, default in rows if writing_changes(key, default, tmp_path)] == []


def writing_changes(key: str, default: str, tmp_path: Path) -> bool:
    base = {
        "redis": {"url": "rediss://127.0.0.1:6379"},
        "streams": [{"match": "feed", "class": "continuous", "active": {"hours": "09:00-10:00"}}],
    }
    if key.endswith("hours"):
        base["streams"][0]["active"] = {"days": "mon-fri"}
    if "groups[]" in key:
        base["streams"][0]["groups"] = [{"match": "g"}]
    written = yaml.safe_load(yaml.safe_dump(base))
    *sections, name = key.split(".")
    place = written
    for section in sections:
        is_list = section.endswith("[]")
        place = place.setdefault(section.removesuffix("[]"), [{}] if is_list else {})
        place = place[0] if is_list else place
    place[name] = default if ":" in default else yaml.safe_load(default)

    def load(content):
        file = tmp_path / "streamgauge.yml"
        file.write_text(yaml.safe_dump(content))
        return load_config(file, environ={})

    return load(written) != load(base)

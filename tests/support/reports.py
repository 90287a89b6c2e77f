"""`streamgauge report` as a user runs it, and what a run of it left behind."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from support.commands import run


class Report(NamedTuple):
    """What a run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def redis(self) -> dict[str, Any]:
        return json.loads(self.out)["redis"][0]

    def problems(self) -> set[tuple[str, str]]:
        """Every problem by the last name in it and its state."""
        found = self.redis
        return {
            *((short(one["stream"]), one["state"]) for one in found["streams"]),
            *((one["group"], one["state"]) for one in found["groups"]),
            *((short(one["subjects"][0]["stream"]), one["kind"]) for one in found["findings"]),
        }


def short(stream: str) -> str:
    """The name of a stream of the demo, without what all of them begin with."""
    return stream.removeprefix("quantum:stream:")


def report(*arguments: object, environment: dict[str, str] | None = None) -> Report:
    done = run("report", *arguments, added=environment)
    return Report(done.returncode, done.stdout, done.stderr)


def config(directory: Path, **document: Any) -> str:
    """The flag that names a file with this configuration."""
    file = directory / "streamgauge.yml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    return f"--config.file={file}"

"""Writes the demo's configuration, and Alertmanager's example with the pager's address.

python deploy/compose/generate.py
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from streamgauge.bundled import bundle_path
from streamgauge_demo.config import render_config
from streamgauge_demo.pace import Pace

COMPOSE: Final = Path(__file__).parent
PAGER: Final = "http://pager:9095"


def files() -> dict[str, str]:
    """The files and their text."""
    example = (bundle_path("alerts") / "alertmanager.example.yml").read_text()
    return {
        "streamgauge.yml": render_config("redis://redis:6379/0", Pace()),
        "alertmanager.yml": re.sub(r"https://(\w+)\.example\.com/\w+", rf"{PAGER}/\1", example),
    }


if __name__ == "__main__":
    for name, text in files().items():
        (COMPOSE / name).write_text(text)

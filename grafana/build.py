"""Write the dashboards: `python grafana/build.py [DIRECTORY]`, by default into this folder.

Each goes into dashboards/ for provisioning and into grafana.com/ for the import page.
"""

import sys
from pathlib import Path

from builder import exporter, finish, stream, streams

DASHBOARDS = (streams.build, stream.build, exporter.build)


def main(directory: Path) -> None:
    """Write all files below the directory."""
    for build in DASHBOARDS:
        dashboard = finish.provisioned(build())
        name = f"{dashboard['uid']}.json"
        _write(directory / "dashboards" / name, finish.text(dashboard))
        _write(directory / "grafana.com" / name, finish.text(finish.published(dashboard)))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)

"""Where the alert rules and dashboards are: inside an installed package, or beside a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Final

BUNDLES: Final = ("alerts", "grafana")


def bundle_path(name: str) -> Path:
    """Return the folder of one of BUNDLES; FileNotFoundError when this installation has none.

    An editable installation does not see the files a wheel includes, hence the second place.
    """
    package = Path(__file__).parent
    for folder in (package / "bundled" / name, package.parent.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"this installation of streamgauge came without its {name} folder")

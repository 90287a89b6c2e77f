"""The committed files are what the source writes, byte for byte, and what is shipped of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.shipped import FOLDER, PROVISIONED, PUBLISHED, panels
from streamgauge.pack import PackOptions, write_pack

GENERATED = ("dashboards", "grafana.com")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("generated")
    subprocess.run([sys.executable, FOLDER / "build.py", directory], check=True)
    return directory


def files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.iterdir()}


@pytest.mark.parametrize("folder", GENERATED)
def test_the_committed_files_are_up_to_date(generated, folder):
    new, committed = files(generated / folder), files(FOLDER / folder)
    assert new.keys() == committed.keys()
    stale = [name for name in new if new[name] != committed[name]]
    assert stale == [], f"make dashboards writes others than the committed {', '.join(stale)}"


def test_grafana_com_asks_for_the_data_source_and_is_else_the_same():
    assert PUBLISHED.keys() == PROVISIONED.keys()
    for uid, published in PUBLISHED.items():
        provisioned = PROVISIONED[uid]
        (asked,) = published["__inputs"]
        assert (asked["name"], asked["pluginId"]) == ("DS_PROMETHEUS", "prometheus")
        used = {panel["type"] for panel in panels(provisioned)}
        assert {each["id"] for each in published["__requires"]} == used | {"grafana", "prometheus"}
        rest = {key: value for key, value in published.items() if not key.startswith("__")}
        (chosen,) = [
            variable.pop("current")
            for variable in rest["templating"]["list"]
            if variable["name"] == "datasource"
        ]
        assert chosen["value"] == "${DS_PROMETHEUS}"
        assert rest == provisioned


def test_pack_ships_the_files_and_not_their_source(tmp_path):
    write_pack(tmp_path / "pack", PackOptions())
    shipped = {path.name for path in (tmp_path / "pack" / "grafana").iterdir()}
    assert shipped == {"README.md", "dashboards", "grafana.com", "provisioning"}

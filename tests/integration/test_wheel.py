"""The wheel is complete: installed alone, away from any checkout, it holds what `pack` writes."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from streamgauge import __version__
from streamgauge.bundled import BUNDLES
from support.servers import ROOT

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "demo", "exporter", "docs", *BUNDLES)
# What grafana/ is made from and looked at with stays in the checkout.
NOT_SHIPPED = ("grafana/build.py", "grafana/builder/", "grafana/preview/")


def run(*arguments: object, cwd: Path, **environment: str) -> str:
    """What Python says; AssertionError with all of it when it fails."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheel is built from, with one more file in each bundled folder."""
    root = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(source, root / name, ignore=ignore)
        elif source.exists():
            shutil.copy(source, root / name)
    for folder in ("alerts", "grafana/dashboards"):
        added = root / folder / "added" / "file.txt"
        added.parent.mkdir(parents=True)
        added.write_text(folder)
    return root


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    run("-m", "hatchling", "build", "--target", "wheel", "--directory", target, cwd=checkout)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel is installed, and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    pip = ("-m", "pip", "--disable-pip-version-check", "--isolated", "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", "--no-compile", "--target", target, wheel, cwd=target)
    return target


def python(installed: Path, *arguments: object, cwd: Path) -> str:
    """Run Python with the installed wheel and its dependencies, but without this checkout.

    -S leaves out the .pth file by which the tests themselves find the checkout.
    """
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    path = os.pathsep.join([str(installed), *sorted(dependencies)])
    return run("-S", *arguments, cwd=cwd, PYTHONPATH=path)


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def shipped(checkout: Path) -> dict[str, bytes]:
    return {
        f"{name}/{path}": content
        for name in BUNDLES
        for path, content in files(checkout / name).items()
        if not f"{name}/{path}".startswith(NOT_SHIPPED)
    }


def test_the_wheel_holds_the_bundled_folders(checkout, wheel):
    bundled = "streamgauge/bundled/"
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith(bundled)}
    assert {name.removeprefix(bundled) for name in names} == shipped(checkout).keys()
    assert wheel.name.startswith(f"streamgauge-{__version__}-")


def test_the_wheel_holds_what_the_pages_of_the_exporter_need(checkout, wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {
            Path(name).relative_to("streamgauge")
            for name in archive.namelist()
            if "/" in name and name.startswith("streamgauge/")
        }
    web = checkout / "exporter" / "streamgauge"
    parts = {
        file.relative_to(web)
        for folder in ("static", "templates")
        for file in (web / "web" / folder).iterdir()
    }
    documents = {file.relative_to(checkout) for file in (checkout / "docs").glob("*.md")}
    assert parts | documents <= held


def test_the_package_runs_from_the_wheel(installed, tmp_path):
    said = python(installed, "-c", "import streamgauge; print(streamgauge.__file__)", cwd=tmp_path)
    assert Path(said.strip()) == installed / "streamgauge" / "__init__.py"
    assert __version__ in python(installed, "-m", "streamgauge", "--version", cwd=tmp_path)
    assert (installed / "bin" / "streamgauge").exists()
    assert "--incident" in python(installed, "-m", "streamgauge", "demo", "--help", cwd=tmp_path)


def test_pack_writes_what_the_wheel_holds(checkout, installed, tmp_path):
    said = python(installed, "-m", "streamgauge", "pack", "out", cwd=tmp_path)
    assert said == "wrote alerts/ and grafana/ into out\n"
    assert files(tmp_path / "out") == shipped(checkout)


def test_pack_adapts_what_the_wheel_holds(installed, tmp_path):
    arguments = ("--job=site", "--format=prometheus-operator")
    python(installed, "-m", "streamgauge", "pack", "out", *arguments, cwd=tmp_path)
    rules = (tmp_path / "out" / "alerts" / "exporter.rules.yml").read_text()
    assert "kind: PrometheusRule" in rules
    assert 'job="site"' in rules

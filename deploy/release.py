"""Builds what a release publishes, then installs and runs each part of it.

    python deploy/release.py [--tag v1.2.3] [--image REGISTRY/NAME]

Into dist/ go the sdist, the wheel, the chart's package, an SBOM of what the locked exporter runs
with, the CHANGELOG's part as notes.md, and SHA256SUMS. Nothing is published. It needs the package
index and nothing else from outside; a helm, when there is one, also renders the packaged chart.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Final

from streamgauge import __version__

ROOT: Final = Path(__file__).resolve().parent.parent
DIST: Final = ROOT / "dist"
CHART: Final = ROOT / "deploy" / "helm" / "streamgauge"
LISTENING: Final = re.compile(r"\bmsg=listening\b.*\baddress=\S*127\.0\.0\.1:(\d+)")
SBOM_MAKER: Final = "cyclonedx-bom==7.5.0"


def main() -> None:
    """Build, then try; a failure is one sentence or the output of what failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tag", help="the tag of this release; else it is a rehearsal")
    parser.add_argument("--image", default="", help="where the chart finds the image")
    options = parser.parse_args()
    if options.tag and options.tag != f"v{__version__}":
        sys.exit(f"the tag {options.tag} is not the version {__version__}")
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    notes = notes_of(__version__ if options.tag else None)
    (DIST / "notes.md").write_text(notes)
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--target", "wheel")
    wheel, sdist = only("*.whl"), only("*.tar.gz")
    chart = package_chart(options.image)
    with TemporaryDirectory() as folder:
        locked, fresh = Path(folder, "locked"), Path(folder, "fresh")
        install_locked(locked, wheel)
        serve(locked)
        sbom(locked)
        # From the sdist with whatever the index has now: what somebody gets who has no lock.
        venv(fresh)
        run(fresh / "bin/pip", "install", "--quiet", sdist)
        serve(fresh)
        render(chart, Path(folder))
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in parts()]
    (DIST / "SHA256SUMS").write_text("\n".join(sums) + "\n")
    print("\n".join(sums))


def parts() -> list[Path]:
    """What is published, by name."""
    return sorted(DIST.glob("streamgauge*"))


def only(pattern: str) -> Path:
    """The one part of this kind."""
    (found,) = DIST.glob(pattern)
    return found


def run(*command: object, cwd: Path = ROOT) -> str:
    """What a command says; the end of this program when it fails."""
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def notes_of(version: str | None) -> str:
    """The CHANGELOG's part about a version, or about what is not released yet."""
    text = (ROOT / "CHANGELOG.md").read_text()
    title = re.escape(version) if version else "Unreleased"
    found = re.search(rf"^## {title}(?: .*?)?\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if not found or not found[1].strip():
        sys.exit(f"CHANGELOG.md has nothing under ## {version or 'Unreleased'}")
    return found[1].strip() + "\n"


def package_chart(image: str) -> Path:
    """The chart as `helm package` writes it, the same bytes each time; it names the image."""
    package = DIST / f"streamgauge-{__version__}.tgz"
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for file in sorted(path for path in CHART.rglob("*") if path.is_file()):
            content = file.read_bytes()
            if image and file == CHART / "values.yaml":
                content = content.replace(
                    b"repository: streamgauge", f"repository: {image}".encode()
                )
            entry = tarfile.TarInfo(f"streamgauge/{file.relative_to(CHART)}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    package.write_bytes(gzip.compress(plain.getvalue(), mtime=0))
    return package


def venv(place: Path) -> None:
    """A new environment that nothing else has touched."""
    run(sys.executable, "-m", "venv", place)


def install_locked(place: Path, wheel: Path) -> None:
    """The wheel with exactly what the image has."""
    venv(place)
    pip = (place / "bin/pip", "install", "--quiet", "--no-deps")
    run(*pip, "--require-hashes", "--requirement", "requirements/runtime.txt")
    run(*pip, wheel)
    run(place / "bin/pip", "check")


def serve(place: Path) -> None:
    """What is installed there runs: it says its version, writes the pack, and serves metrics."""
    program = place / "bin/streamgauge"
    if __version__ not in run(program, "--version", cwd=place):
        sys.exit(f"{program} is another version than {__version__}")
    run(program, "pack", place / "pack", cwd=place)
    nowhere = ("--redis.url=redis://127.0.0.1:1/0", "--web.listen-address=127.0.0.1:0")
    with subprocess.Popen(
        [program, "serve", *nowhere], cwd=place, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{port(process)}/metrics", timeout=30
            ) as answer:
                if not re.search(rb"^redis_up\{.*\} 0", answer.read(), re.MULTILINE):
                    sys.exit(f"{program} serves no redis_up")
        finally:
            process.terminate()


def port(process: subprocess.Popen[str]) -> int:
    """The port that its log names, which it does as soon as it listens."""
    said = ""
    ended = Timer(60, process.kill)
    ended.start()
    for line in process.stderr or ():
        said += line
        if found := LISTENING.search(line):
            ended.cancel()
            return int(found[1])
    sys.exit(f"the exporter does not listen:\n{said}")


def sbom(place: Path) -> None:
    """The packages of the environment as CycloneDX: all that pip sees there."""
    file = DIST / f"streamgauge-{__version__}.cdx.json"
    uv = Path(sys.executable).with_name("uv")
    maker = (uv, "tool", "run", "--quiet", "--from", SBOM_MAKER, "cyclonedx-py", "environment")
    run(*maker, "--output-reproducible", "--output-file", file, place / "bin/python")
    listed = _packages(json.loads(file.read_text())["components"])
    seen = _packages(json.loads(run(place / "bin/pip", "list", "--format=json")))
    if listed != seen or ("streamgauge", __version__) not in listed:
        sys.exit(f"the SBOM and the environment differ in {sorted(listed ^ seen)}")


def _packages(listed: list[dict[str, str]]) -> set[tuple[str, str]]:
    """Names as indexes write them, and versions."""
    return {(re.sub(r"[-_.]+", "-", one["name"]).lower(), one["version"]) for one in listed}


def render(chart: Path, folder: Path) -> None:
    """The packaged chart, by a helm if there is one; else it is unpacked and read."""
    helm = shutil.which("helm") or next(map(str, ROOT.glob(".peers/helm-*")), None)
    if helm:
        values = ("--set", "config.redis.name=r,config.redis.url=redis://r:6379/0")
        run(helm, "lint", "--strict", chart, *values)
        run(helm, "template", "release", chart, *values)
    else:
        print("No helm is here, so the chart was packed and not rendered: tests/install-peers helm")
    with tarfile.open(chart) as archive:
        archive.extractall(folder, filter="data")
    if f"version: {__version__}\n" not in (folder / "streamgauge/Chart.yaml").read_text():
        sys.exit("the chart is another version; run make generate")


if __name__ == "__main__":
    main()

"""The page that draws a dashboard: built from src/ and served on a free port."""

import contextlib
import functools
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from processes import ROOT, PreviewError

HERE = Path(__file__).resolve().parent
# Not here, so that nothing that is packed or shipped with the dashboards ever holds it.
WORK = ROOT / ".preview"
MODULES = WORK / "node_modules"
PAGE = WORK / "page"

_BUNDLE = ["--bundle", "--minify", "--format=esm", "--splitting", "--jsx=automatic"]
_BUNDLE += ["--loader:.ttf=file", "--log-level=warning"]
_BUNDLE += ['--define:process.env.NODE_ENV="production"', f"--outdir={PAGE}"]
# Where the components look for Grafana's font, and in which file of the package it is.
_FONT = "inter-latin-wght-normal.woff2"
_FONTS = ("Inter-Regular.woff2", "Inter-Medium.woff2")


def install() -> None:
    """Install what package-lock.json names, unless it is there already."""
    lock = (HERE / "package-lock.json").read_bytes()
    installed = WORK / "installed"
    if installed.exists() and installed.read_bytes() == lock:
        return
    WORK.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, WORK)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run(["npm", "ci", *options], "the packages of package-lock.json cannot be installed")
    installed.write_bytes(lock)


def build(dashboards: Path) -> None:
    """Write the page, everything it fetches, and the dashboards to PAGE."""
    shutil.rmtree(PAGE, ignore_errors=True)
    esbuild = str(MODULES / ".bin/esbuild")
    _run([esbuild, str(HERE / "src/main.jsx"), *_BUNDLE], "the page cannot be built")
    shutil.copy(HERE / "index.html", PAGE)
    shutil.copytree(MODULES / "@grafana/ui/dist/public", PAGE / "public/build")
    fonts = PAGE / "public/fonts/inter"
    fonts.mkdir(parents=True)
    for name in _FONTS:
        shutil.copy(MODULES / "@fontsource-variable/inter/files" / _FONT, fonts / name)
    shutil.copytree(dashboards, PAGE / "dashboards")


def _run(command: list[str], otherwise: str) -> None:
    done = subprocess.run(
        command,
        cwd=WORK,
        # The sources are elsewhere, and look for their packages here.
        env=os.environ | {"NODE_PATH": str(MODULES)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PreviewError(f"{otherwise}\n{done.stdout}{done.stderr}".rstrip())


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The address of the page, for as long as the block lasts."""
    handler = functools.partial(_Silent, directory=str(PAGE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()

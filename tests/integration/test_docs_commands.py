"""Every `streamgauge` command that the documents show runs as shown, on a real server."""

import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml

from support.certificates import issue, make_authority
from support.polling import wait_for
from support.servers import ROOT, RealServer, free_port

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "alerts/README.md"]
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
SHOWN = {
    command: document
    for document in DOCUMENTS
    for block in SHELL.findall(document.read_text())
    for command in block.replace("\\\n", " ").splitlines()
    if command.startswith("streamgauge ")
}
SERVED = [command for command in SHOWN if command.startswith("streamgauge serve")]
# `report` says by its exit code what it found: 0 to 2 are answers.
EXIT_CODES = {"report": {0, 1, 2}}


@pytest.fixture
def folder(tmp_path: Path, redis_server: RealServer) -> Path:
    """A folder with the files that the documents show, the server's address in them."""
    (example,) = [
        block for block in YAML.findall(DOCUMENTS[0].read_text()) if block.startswith("redis:")
    ]
    (tmp_path / "streamgauge.yml").write_text(
        example.replace("redis://127.0.0.1:6379/0", redis_server.url)
    )
    authority = make_authority(tmp_path)
    issue(authority, "server", "IP:127.0.0.1")
    serving = (ROOT / "docs/serving.md").read_text()
    (web,) = [block for block in YAML.findall(serving) if block.startswith("tls_server_config:")]
    (tmp_path / "web.yml").write_text(yaml.safe_dump(yaml.safe_load(web)))
    return tmp_path


@pytest.fixture
def redis_server(session_server) -> RealServer:
    server = session_server("redis-7.0")
    server.flush()
    return server


def words(command: str, folder: Path, server: RealServer, port: int = 0) -> list[str]:
    """The command as shown, on this server, this port and in this folder."""
    here = command.replace("redis://127.0.0.1:6379/0", server.url)
    here = here.replace("127.0.0.1:10121", f"127.0.0.1:{port}")
    here = here.replace("/run/streamgauge", str(folder))
    return [sys.executable, "-m", *shlex.split(here, comments=True)]


@pytest.mark.parametrize("command", [each for each in SHOWN if each not in SERVED])
def test_the_command_does_what_it_says(command, folder, redis_server):
    if "--update" in command:
        shutil.copy(folder / "streamgauge.yml", folder / "suggested.yml")
    done = subprocess.run(
        words(command, folder, redis_server), cwd=folder, capture_output=True, text=True
    )
    expected = EXIT_CODES.get(command.split()[1], {0})
    assert done.returncode in expected, done.stdout + done.stderr
    assert done.stdout or done.stderr


@pytest.mark.parametrize("command", SERVED)
def test_the_exporter_serves_as_shown(command, folder, redis_server):
    port = free_port()
    arguments = words(command, folder, redis_server, port)
    if "--web.listen-address" not in command:
        arguments.append(f"--web.listen-address=127.0.0.1:{port}")
    log = folder / "exporter.log"
    with log.open("wb") as file:
        process = subprocess.Popen(arguments, cwd=folder, stdout=file, stderr=file)
    try:
        wait_for(
            lambda: (
                log.read_text().count("msg=listening") == max(1, command.count("listen-a"))
                or process.poll() is not None
            ),
            "it listens",
        )
        assert process.poll() is None, log.read_text()
        if "web.config" not in command:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                assert b"redis_up{" in answer.read()
    finally:
        process.terminate()
        process.wait(60)


def test_the_commands_an_operator_needs_are_shown():
    assert {"serve", "check-config", "report", "pack"} <= {each.split()[1] for each in SHOWN}

"""Basic authentication: every path asks for it, nothing tells the secrets, and users can change."""

import base64
import http.client
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from socket import gethostname

import bcrypt
import pytest

from support.certificates import issue, make_authority
from support.commands import run
from support.exporter import ExporterProcess
from support.polling import wait_for
from support.servers import ROOT

NOWHERE = "--redis.url=redis://127.0.0.1:1"
PROBE = ROOT / "deploy" / "helm" / "streamgauge" / "files" / "probe.py"
PATHS = (
    "/",
    "/metrics",
    f"/scrape?target={gethostname()}:1",
    "/-/healthy",
    "/-/ready",
    "/-/reload",
    "/x",
)
PASSWORD, GUESS = "opensesame-4711", "guessed-wrong-0815"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


def basic(user: str, password: str) -> dict[str, str]:
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


def write(file: Path, text: str) -> None:
    """Replace the file as a whole."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "web.yml"
    file.write_text(
        f"basic_auth_users: {{alice: {HASH}}}\n"
        "http_server_config: {headers: {X-Frame-Options: deny}}\n"
    )
    return file


@pytest.fixture
def process(exporter: Callable, file: Path) -> ExporterProcess:
    return exporter(
        NOWHERE, f"--web.config.file={file}", "--log.level=debug", "--web.enable-lifecycle",
        until_ready=False,
    )  # fmt: skip


def test_every_path_asks_for_a_password(process: ExporterProcess) -> None:
    without = [process.get(path) for path in PATHS]
    wrong = [process.get(path, basic("alice", GUESS)) for path in PATHS]
    right = [process.get(path, basic("alice", PASSWORD)) for path in PATHS]
    assert [answer.status for answer in (*without, *wrong)] == [401] * 2 * len(PATHS)
    assert [answer.status for answer in right] == [200, 200, 200, 200, 503, 405, 404]
    assert process.get("/-/reload", basic("alice", GUESS), method="POST").status == 401
    for answer in (*without, *wrong, *right):
        assert answer.headers["x-frame-options"] == "deny"
        assert ("www-authenticate" in answer.headers) == (answer.status == 401)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_probe_of_the_chart_logs_in(exporter: Callable, file: Path, scheme: str) -> None:
    if scheme == "https":
        issue(make_authority(file.parent), "server", "DNS:streamgauge")
        with file.open("a") as web:
            web.write("tls_server_config: {cert_file: server.pem, key_file: server.key}\n")
    process = exporter(NOWHERE, f"--web.config.file={file}", until_ready=False)

    def probe(path: str, password: str) -> tuple[int, str]:
        (file.parent / "username").write_text("alice\n")
        (file.parent / "password").write_text(password)
        done = subprocess.run(
            [sys.executable, PROBE, scheme, path, file.parent, str(process.port)],
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stderr

    assert probe("/-/healthy", PASSWORD) == (0, "")
    assert probe("/-/ready", PASSWORD) == (1, "/-/ready: 503\n")
    assert probe("/-/healthy", GUESS) == (1, "/-/healthy: 401\n")


def test_secrets_are_in_no_log_page_or_error(process: ExporterProcess, file: Path) -> None:
    encoded = basic("alice", PASSWORD)["Authorization"].split()[1]
    said = [
        process.get(path, headers).text
        for path in PATHS
        for headers in (basic("alice", PASSWORD), basic("alice", GUESS), {})
    ]
    for mistake in (HASH[:-1], f"[{HASH}]", PASSWORD, f"{{{PASSWORD}: 1}}"):
        write(file, f"basic_auth_users: {{bob: {mistake}}}\n")
        said.append(process.get("/", basic("alice", PASSWORD)).text)
    said.append(process.log())
    assert process.log().count("web config not reloaded") == 4
    text = "\n".join(said)
    for secret in (PASSWORD, GUESS, HASH, HASH[7:], encoded):
        assert secret not in text
    assert "Traceback" not in text


def test_users_change_without_a_restart_and_a_mistake_changes_nothing(
    process: ExporterProcess, file: Path
) -> None:
    def statuses() -> list[int]:
        names = ("alice", "bob")
        return [process.get("/-/healthy", basic(name, PASSWORD)).status for name in names]

    seen = [statuses()]
    for text in (f"{{alice: {HASH}, bob: {HASH}}}", f"{{bob: {HASH}}}", "{bob: x}", "{}"):
        write(file, f"basic_auth_users: {text}\n")
        seen.append(statuses())
    assert seen == [[200, 401], [200, 200], [401, 200], [401, 200], [401, 200]]


def test_password_that_is_checked_for_long_keeps_nobody_waiting(
    process: ExporterProcess, file: Path
) -> None:
    # Nobody knows a password of this hash; bcrypt works on each guess for a good while.
    slow = f"$2b$14${HASH[7:]}"
    write(file, f"basic_auth_users: {{alice: {HASH}, slow: {slow}}}\n")
    assert process.get("/-/healthy", basic("alice", PASSWORD)).status == 200
    waiting = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
    waiting.request("GET", "/-/healthy", headers=basic("slow", GUESS))
    answered = [process.get("/metrics", basic("alice", PASSWORD)).status for _ in range(3)]
    assert answered == [200] * 3
    waiting.close()


def test_passwords_in_the_clear_are_warned_of_once(process: ExporterProcess) -> None:
    lines = [line for line in process.log().splitlines() if "in the clear" in line]
    assert len(lines) == 1
    assert "level=warn" in lines[0]
    assert "TLS is disabled" in process.log()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, ("web.yml", "No such file")),
        ("basic_auth_users: {alice: hunter2}", ("basic_auth_users.alice", "line 1", "bcrypt")),
        ("tls_server_config: {cert_file: absent.pem, key_file: absent.pem}", ("absent.pem",)),
        ("basic_auth_user: {}", ("did you mean 'basic_auth_users'?",)),
    ],
)
def test_mistake_at_the_start_is_told_and_ends_the_process(
    tmp_path: Path, text: str | None, words: tuple[str, ...]
) -> None:
    file = tmp_path / "web.yml"
    if text is not None:
        file.write_text(text)
    done = run("serve", NOWHERE, f"--web.config.file={file}")
    assert (done.returncode, done.stdout) == (2, "")
    assert [word for word in words if word not in done.stderr] == []
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_empty_file_is_no_protection_at_all(exporter: Callable, tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text("")
    process = exporter(
        NOWHERE, until_ready=False, environment={"STREAMGAUGE_WEB_CONFIG_FILE": str(file)}
    )
    assert process.get("/-/healthy").status == 200
    write(file, f"basic_auth_users: {{alice: {HASH}}}\n")
    wait_for(lambda: process.get("/-/healthy").status == 401, "the file is read again")

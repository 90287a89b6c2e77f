"""No secret is in a log, an error, a page, a metric, a traceback or the list of processes.

Every secret has words of its own, so that a leak says which one it is and where it came from.
"""

import base64
import http.client
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from streamgauge.cli import cli
from support.certificates import issue, make_authority
from support.commands import run
from support.exporter import ExporterProcess, Response
from support.faulty_endpoints import Garbage, Refusing, Silent
from support.faulty_rig import TIMEOUT, configuration
from support.secrets import (
    ENVIRONMENT,
    FIELD,
    FILE,
    GUESS,
    HASH,
    MARK,
    MISTAKES,
    RIGHT,
    SENTINEL,
    SENTINEL_FILE,
    URL,
    WEB,
    WEB_MISTAKES,
    Echo,
)

PATHS = (
    "/", "/metrics", "/scrape?target=echo-url", "/scrape?target=none", "/api/v1/status", "/docs",
    "/-/healthy", "/-/ready", "/-/reload", "/absent",
)  # fmt: skip


# Makes the program fail where it holds the login in its hands.
FAULT = """
from streamgauge.source import wire

def fail(settings, *_):
    password = settings.password and settings.password.get_secret_value()
    raise RuntimeError(f"a fault with {settings!r}")

wire.dial = fail
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that hold secrets, whole and broken."""
    folder = tmp_path_factory.mktemp("secrets")
    authority = make_authority(folder)
    for name in ("cert", "other"):
        issue(authority, name, "IP:127.0.0.1")
    whole = (folder / "cert.key").read_text()
    (folder / "half.key").write_text(whole[: len(whole) // 2])
    (folder / "file").write_text(f"{FILE}\n")
    (folder / "sentinel").write_text(f"{SENTINEL_FILE}\n")
    (folder / "empty").write_text("")
    (folder / "binary").write_bytes(b"\xff" + FILE.encode())
    return folder


def key_lines(folder: Path) -> list[str]:
    """The lines of every private key that are not those all keys have."""
    keys = [(folder / name).read_text().splitlines() for name in ("cert.key", "other.key")]
    return [line for lines in keys for line in lines[1:-1]]


def leaks(said: str, folder: Path) -> list[str]:
    """The parts of `said` that hold a secret, with what stands around them."""
    encoded = base64.b64encode(f"alice:{WEB}".encode()).decode()
    found = [word for word in (MARK, HASH, HASH[7:], encoded, *key_lines(folder)) if word in said]
    return [said[max(said.index(word) - 80, 0) :][:200] for word in found]


def in_list_of_processes(process: ExporterProcess) -> str:
    listed = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(process.pid)], capture_output=True, text=True
    ).stdout
    return listed + Path(f"/proc/{process.pid}/cmdline").read_text()


def ask(process: ExporterProcess, path: str, password: str, method: str = "GET") -> Response:
    encoded = base64.b64encode(f"alice:{password}".encode()).decode()
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", process.port, timeout=30, context=context)
    try:
        connection.request(method, path, headers={"Authorization": f"Basic {encoded}"})
        answer = connection.getresponse()
        return Response(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


@pytest.fixture
def addresses(start_server: Callable) -> Iterator[dict[str, str]]:
    """host:port of servers that fail each in another way; `right` is one that does not."""
    with ExitStack() as stack:
        endpoints: dict[str, Any] = {
            "refusing": stack.enter_context(Refusing()),
            "silent": stack.enter_context(Silent()),
            "garbage": stack.enter_context(Garbage(b"\x15\x03\x03 no Redis\r\n")),
            "closing": stack.enter_context(Garbage(b"")),
            "echo": stack.enter_context(Echo()),
            "login": start_server("redis-7.0", "--requirepass", RIGHT, password=RIGHT),
            # Redis repeats the arguments of a command that it does not know.
            "no-auth": start_server("redis-7.0", "--rename-command", "AUTH", ""),
        }  # fmt: skip
        yield {name: f"127.0.0.1:{one.port}" for name, one in endpoints.items()}


def targets(addresses: dict[str, str], folder: Path) -> list[dict[str, Any]]:
    """Every way to give a password, against every server."""
    found: list[dict[str, Any]] = []
    for name, address in addresses.items():
        ways: dict[str, dict[str, Any]] = {
            "url": {"url": f"redis://u:{URL}@{address}"},
            "field": {"url": f"redis://{address}", "password": FIELD},
            "file": {"url": f"redis://{address}", "password_file": str(folder / "file")},
            "tls": {"url": f"rediss://:{URL}@{address}"},
            "cluster": {"url": f"redis://u:{URL}@{address}", "mode": "cluster"},
            "sentinel": {
                "password": FIELD,
                "sentinel": {"service": "s", "nodes": [address], "password": SENTINEL},
            },
            "sentinel-file": {
                "sentinel": {
                    "service": "s",
                    "nodes": [address],
                    "password_file": str(folder / "sentinel"),
                },
            },
        }
        found += [
            {"name": f"{name}-{way}", "timeout": "700ms"} | keys for way, keys in ways.items()
        ]
    right = {"name": "right", "url": f"redis://{addresses['login']}", "password": RIGHT}
    right["timeout"] = TIMEOUT  # all the others keep the machine busy meanwhile
    return [*found, right]


def test_secrets_are_told_nowhere_whatever_fails(
    addresses: dict[str, str], folder: Path, exporter: Callable
) -> None:
    web = folder / "web.yml"
    web.write_text(
        f"basic_auth_users: {{alice: '{HASH}'}}\n"
        "tls_server_config: {cert_file: cert.pem, key_file: cert.key}\n"
    )
    config = configuration("", streams=[{"match": "feed", "class": "continuous"}])
    config["redis"] = targets(addresses, folder)
    process = exporter(
        "--log.level=debug", "--web.enable-lifecycle", f"--web.config.file={web}",
        config=config, until_ready=False,
    )  # fmt: skip
    said = [ask(process, path, word) for path in PATHS for word in (WEB, GUESS)]
    up = [line for line in said[2].text.splitlines() if line.startswith("redis_up{")]
    assert len(up) == len(config["redis"])
    assert [line for line in up if line.endswith(" 1")] == ['redis_up{redis="right"} 1']
    for text in MISTAKES.values():
        process.config_file.write_text(text)
        answer = ask(process, "/-/reload", WEB, "POST")
        assert answer.status == 500, text
        said.append(answer)
    pem = (folder / "cert.key").read_text().replace("\n", r"\n")
    for text in WEB_MISTAKES.values():
        web.write_text(text.replace("PEM", pem))
        said.append(ask(process, "/-/healthy", WEB))
    said += [ask(process, path, WEB) for path in PATHS]
    everything = "\n".join(f"{one.headers}{one.text}" for one in said)
    assert leaks(everything, folder) == []
    assert leaks(process.log(), folder) == []
    assert leaks(in_list_of_processes(process), folder) == []
    assert "Traceback" not in process.log()


@pytest.mark.parametrize("name", MISTAKES)
def test_no_mistake_in_a_file_repeats_a_secret(folder: Path, name: str) -> None:
    file = folder / "mistake.yml"
    file.write_text(MISTAKES[name])
    option = f"--config.file={file}"
    for *command, code in (
        ("check-config", str(file), 2), ("report", option, 3), ("suggest", option, 2)
    ):  # fmt: skip
        result = CliRunner().invoke(cli, command)
        assert result.exit_code == code, (command, result.output)
        assert leaks(result.output, folder) == []


def test_sound_file_is_checked_without_its_secrets(addresses: dict[str, str], folder: Path) -> None:
    file = folder / "sound.yml"
    file.write_text(yaml.safe_dump({"redis": targets(addresses, folder)}))
    result = CliRunner().invoke(cli, ["check-config", str(file)])
    assert result.exit_code == 0
    assert leaks(result.output, folder) == []


def test_commands_that_cannot_read_redis_repeat_no_secret(
    addresses: dict[str, str], folder: Path
) -> None:
    for server in ("login", "no-auth", "echo", "refusing"):
        for command in (["report"], ["report", "--format=json"], ["suggest"]):
            done = run(*command, f"--redis.url=redis://u:{URL}@{addresses[server]}")
            assert done.returncode != 0
            assert leaks(done.stdout + done.stderr, folder) == []


@pytest.mark.parametrize(
    "environment",
    [
        {"STREAMGAUGE_REDIS_URL": f"redis://u:{ENVIRONMENT}@h:port"},
        {"STREAMGAUGE_REDIS_URL": "redis://h", "STREAMGAUGE_REDIS_TIMEOUT": "soon",
         "STREAMGAUGE_REDIS_PASSWORD": ENVIRONMENT},
        {"STREAMGAUGE_REDIS_SENTINEL_NODES": f"u:{ENVIRONMENT}@h:1"},
        {"STREAMGAUGE_REDIS_SENTINEL_PASSWORD": ENVIRONMENT},
    ],
    ids=str,
)  # fmt: skip
def test_mistakes_in_the_environment_repeat_no_secret(
    folder: Path, environment: dict[str, str]
) -> None:
    for command, code in (("serve", 2), ("report", 3)):
        done = run(command, added=environment)
        assert done.returncode == code
        assert leaks(done.stdout + done.stderr, folder) == []


def test_password_of_the_environment_is_told_nowhere(
    addresses: dict[str, str], folder: Path, exporter: Callable
) -> None:
    process = exporter(
        f"--redis.url=redis://{addresses['no-auth']}", "--log.level=debug",
        environment={
            "STREAMGAUGE_REDIS_PASSWORD": ENVIRONMENT, "STREAMGAUGE_REDIS_PASWORD": ENVIRONMENT,
        },
        until_ready=False,
    )  # fmt: skip
    said = "\n".join(process.get(path).text for path in PATHS)
    assert "unknown command" in process.log()
    assert "STREAMGAUGE_REDIS_PASWORD" in process.log()
    for text in (said, process.log(), in_list_of_processes(process)):
        assert leaks(text, folder) == []


def test_password_on_the_command_line_is_warned_of_and_not_repeated(
    addresses: dict[str, str], folder: Path, exporter: Callable
) -> None:
    visible = exporter(f"--redis.url=redis://:{URL}@{addresses['refusing']}", until_ready=False)
    hidden = exporter(f"--redis.url=redis://u@{addresses['refusing']}", until_ready=False)
    warnings = [line for line in visible.log().splitlines() if "command line" in line]
    assert len(warnings) == 1
    assert "level=warn" in warnings[0]
    assert "STREAMGAUGE_REDIS_PASSWORD" in warnings[0]
    assert leaks(visible.log(), folder) == []
    assert "command line" not in hidden.log()


def test_traceback_of_a_fault_of_the_program_repeats_no_secret(
    addresses: dict[str, str], folder: Path, exporter: Callable, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAULT)
    config = configuration("", discovery={"match": ["*"], "interval": "100ms"})
    config["redis"] = targets({"login": addresses["login"]}, folder)
    process = exporter(
        "--log.level=debug", config=config, environment={"PYTHONPATH": str(tmp_path)},
        until_ready=False,
    )  # fmt: skip
    said = "\n".join(process.get(path).text for path in PATHS)
    assert "a fault with" in process.log()
    assert "Traceback" in process.log()
    assert leaks(process.log() + said, folder) == []

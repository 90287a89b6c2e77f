"""A password that is wrong, missing or corrected: said in the log, and shown nowhere."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from support.exporter import ExporterProcess
from support.faulty_rig import CLASS_OF, HEALTHY, Outcome, configuration, fill, outcome
from support.servers import RealServer

RIGHT = "r1ght/p@ss:word"
WRONG = "wr0ng-s3cret"
PATHS = ("/metrics", "/", "/-/ready", "/-/healthy", "/scrape?target=url", "/-/reload", "/absent")
REFUSED = Outcome(0, set(), {("continuous", "noperm"): 1})
STREAMS = [
    {"match": "feed", "class": "continuous"},
    *[{"match": f"{stream}*", "class": class_} for stream, class_ in CLASS_OF.items()
      if class_ in ("hybrid", "event")],
]  # fmt: skip


@pytest.fixture
def server(start_server: Callable) -> Iterator[RealServer]:
    """A server that wants a password, with one stream of each class."""
    server = start_server("redis-7.0", "--requirepass", RIGHT, password=RIGHT)
    with server.client() as client:
        fill(client)
        client.execute_command("ACL", "SETUSER", "reader", "on", f">{RIGHT}", "~*", "+@all")
    return server


def everything_said(process: ExporterProcess) -> str:
    """All that a process answers and logs, with the answers' headers."""
    answers = [process.get(path, method=verb) for path in PATHS for verb in ("GET", "POST")]
    return "\n".join([process.log(), *[f"{one.headers}{one.text}" for one in answers]])


def test_wrong_and_missing_passwords_are_redis_up_0_and_told_to_nobody(
    server: RealServer, exporter: Callable, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{WRONG}\n")
    address = server.url.removeprefix("redis://")
    targets = {
        "url": {"url": f"redis://:{WRONG}@{address}"},
        "user": {"url": f"redis://reader:{WRONG}@{address}"},
        "nobody": {"url": f"redis://{WRONG}:{WRONG}@{address}"},
        "field": {"url": server.url, "password": WRONG},
        "file": {"url": server.url, "password_file": str(file)},
        "none": {"url": server.url},
        "right": {"url": server.url, "password": RIGHT},
        "right-user": {"url": server.url, "username": "reader", "password": RIGHT},
    }
    config = configuration("", streams=STREAMS)
    config["redis"] = [{"name": name} | keys for name, keys in targets.items()]
    process = exporter("--log.level=debug", "--web.enable-lifecycle", config=config)
    scrape = process.scrape()
    assert {name: outcome(scrape, name) for name in targets} == {
        name: HEALTHY if name.startswith("right") else REFUSED for name in targets
    }
    said = everything_said(process)
    assert WRONG not in said.replace(f"redis={WRONG}", "")
    assert RIGHT not in said
    for name in targets:
        unreadable = [line for line in process.log().splitlines() if f"redis={name} " in line]
        assert any("noperm" in line for line in unreadable) is not name.startswith("right")


def test_wrong_password_from_the_environment_is_told_to_nobody(
    server: RealServer, exporter: Callable
) -> None:
    process = exporter(
        "--log.level=debug",
        f"--redis.url={server.url}",
        environment={"STREAMGAUGE_REDIS_PASSWORD": WRONG, "STREAMGAUGE_REDIS_NAME": "main"},
        until_ready=False,
    )
    assert outcome(process.scrape()) == (0, set(), {})
    assert process.get("/-/ready").status == 503
    assert WRONG not in everything_said(process)
    assert "noperm" in process.log()


def test_right_login_from_the_environment_replaces_that_of_the_file(
    server: RealServer, exporter: Callable, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{RIGHT}\n")
    config = configuration(server.url, streams=STREAMS)
    config["redis"]["password"] = WRONG
    by_value = {"STREAMGAUGE_REDIS_USERNAME": "reader", "STREAMGAUGE_REDIS_PASSWORD": RIGHT}
    by_file = {"STREAMGAUGE_REDIS_PASSWORD_FILE": str(file)}
    for environment in (by_value, by_file):
        process = exporter(config=config, environment=environment)
        assert outcome(process.scrape()) == HEALTHY
        assert RIGHT not in everything_said(process)


def test_database_that_may_not_be_selected_and_one_that_is_not_there_are_named(
    server: RealServer, exporter: Callable
) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "narrow", "on", f">{RIGHT}", "~*", "-@all")
    targets = {
        "denied": {"url": f"{server.url.removesuffix('/0')}/3", "username": "narrow"},
        "absent": {"url": f"{server.url.removesuffix('/0')}/99"},
    }
    config = configuration("", streams=STREAMS)
    config["redis"] = [{"name": name, "password": RIGHT} | keys for name, keys in targets.items()]
    process = exporter(config=config, until_ready=False)
    assert process.scrape().by("redis_up", "redis") == {(name,): 0 for name in targets}
    said = {
        name: next(line for line in process.log().splitlines() if f"redis={name} " in line)
        for name in targets
    }
    assert "the user may not SELECT database 3: it needs +select" in said["denied"]
    assert "the server has no database 99" in said["absent"]


def test_password_in_a_malformed_address_is_told_to_nobody(
    exporter: Callable, tmp_path: Path
) -> None:
    config = {"redis": {"url": f"redis://user:{WRONG}@127.0.0.1:port/0"}}
    process = ExporterProcess(tmp_path, config=config)
    with pytest.raises(AssertionError, match="ended early"):
        process.start(until_ready=False)
    assert process.stop() == 2
    assert "redis.url" in process.log()
    assert WRONG not in process.log()


def test_password_file_is_read_again_on_reload(
    server: RealServer, exporter: Callable, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(WRONG)
    config = configuration("", streams=STREAMS)
    config["redis"] = {"name": "main", "url": server.url, "password_file": str(file)}
    process = exporter(config=config, until_ready=False)
    assert outcome(process.scrape()) == REFUSED
    file.write_text(f"{RIGHT}\n")
    process.send(signal.SIGHUP)
    process.scrape_until(lambda scrape: scrape.value("redis_up"), "the new password is used")
    assert outcome(process.scrape()) == HEALTHY
    assert RIGHT not in everything_said(process)


ROTATIONS = 10


def rotate(client: Redis, password: str) -> None:
    """Give the exporter's user another password, and end its connections."""
    client.acl_setuser("exporter", enabled=True, passwords=[f"+{password}"], reset_passwords=True)
    client.client_kill_filter(user="exporter")


@pytest.mark.parametrize("way", ["password_file", "password_command", "credential_provider"])
def test_password_that_changes_costs_no_scrape(
    redis7: RealServer, exporter: Callable, tmp_path: Path, way: str
) -> None:
    token = tmp_path / "token"
    token.write_text("token-0")
    given: dict[str, object] = {
        "password_file": str(token),
        "password_command": [sys.executable, "-S", "-c", f"print(open({str(token)!r}).read())"],
        "credential_provider": "rotating:login",
    }
    (tmp_path / "rotating.py").write_text(
        f"def login():\n    return ('exporter', open({str(token)!r}).read())\n"
    )
    config = configuration("", streams=STREAMS)
    config["redis"] = {
        "name": "main", "url": redis7.url, "username": "exporter", "timeout": "30s",
        way: given[way],
    }  # fmt: skip
    with redis7.client() as client:
        client.acl_setuser(
            "exporter", enabled=True, keys=["*"], commands=["+@all"], passwords=["+token-0"]
        )
        fill(client)
        try:
            process = exporter(
                config=config,
                environment={
                    "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
                },
            )
            for number in range(1, ROTATIONS + 1):
                token.write_text(f"token-{number}")
                rotate(client, f"token-{number}")
                assert outcome(process.scrape()) == HEALTHY
            assert "token-" not in everything_said(process)
        finally:
            client.acl_deluser("exporter")


def test_password_that_cannot_be_had_is_one_reason_and_no_secret(
    redis7: RealServer, exporter: Callable
) -> None:
    config = configuration("", streams=STREAMS)
    program = f"import sys; print({RIGHT!r}); sys.exit(3)"
    config["redis"] = {
        "name": "main", "url": redis7.url, "password_command": [sys.executable, "-c", program],
    }  # fmt: skip
    process = exporter(config=config, until_ready=False)
    assert process.scrape().value("redis_up") == 0
    said = everything_said(process)
    assert "exited with 3" in said
    assert RIGHT not in said

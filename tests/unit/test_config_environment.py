"""Flags win over the environment, the environment over the file, the file over defaults."""

from pathlib import Path

import pytest

from streamgauge.config import REDIS_VARIABLES, ConfigError, load_config, unknown_variables
from streamgauge.credentials import current


@pytest.fixture
def load(tmp_path):
    def load_with(text: str = "", flags: dict[str, str] | None = None, **variables: str):
        path = tmp_path / "config.yml"
        path.write_text(text)
        environ = {f"STREAMGAUGE_REDIS_{name}": value for name, value in variables.items()}
        return load_config(path, flags=flags or {}, environ=environ)

    return load_with


def problems(load, *arguments, **variables) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load(*arguments, **variables)
    return [str(problem) for problem in error.value.problems]


def secret(config) -> str | None:
    password = config.redis[0].password
    return current(password, 0).password if password else None


def test_flag_then_environment_then_file_then_default(load):
    text = "redis: {url: redis://file, timeout: 1s, name: file}"
    (server,) = load(text, {"redis.url": "redis://flag"}, URL="redis://env", TIMEOUT="2s").redis
    assert (server.host, server.timeout_seconds, server.name) == ("flag", 2, "file")
    assert (server.db, server.mode) == (0, "auto")


def test_every_setting_has_a_variable(load, tmp_path):
    for name in ("ca", "cert", "key", "secret"):
        (tmp_path / name).write_text(name)
    (server,) = load(
        NAME="n",
        URL="rediss:///1",
        USERNAME="u",
        PASSWORD_FILE=str(tmp_path / "secret"),
        TIMEOUT="3s",
        MODE="sentinel",
        TLS_CA_FILE=str(tmp_path / "ca"),
        TLS_CERT_FILE=str(tmp_path / "cert"),
        TLS_KEY_FILE=str(tmp_path / "key"),
        TLS_SERVER_NAME="s",
        TLS_INSECURE_SKIP_VERIFY="True",
        SENTINEL_SERVICE="m",
        SENTINEL_NODES="a, b:1",
        SENTINEL_USERNAME="su",
        SENTINEL_PASSWORD="sp",
    ).redis
    assert (server.name, server.db, server.username, server.timeout_seconds) == ("n", 1, "u", 3)
    assert current(server.password, 0).password == "secret"
    assert Path(server.tls.key_file).name == "key"
    assert server.tls.insecure_skip_verify
    assert server.sentinel.nodes == (("a", 26379), ("b", 1))
    assert current(server.sentinel.password, 0).password == "sp"
    assert "STREAMGAUGE_REDIS_SENTINEL_PASSWORD_FILE" in REDIS_VARIABLES
    assert len(REDIS_VARIABLES) == 18


def test_an_empty_variable_is_not_set(load):
    assert load("redis: {url: redis://file}", URL="").redis[0].host == "file"


def test_a_mistake_names_the_variable_or_the_flag(load):
    flags = {"redis.timeout": "soon", "redis.url": "nonsense"}
    found = problems(load, "", flags, MODE="clster", SENTINEL_NODES="a,b c")
    assert {line.partition(":")[0] for line in found} == {
        "--redis.timeout",
        "--redis.url",
        "STREAMGAUGE_REDIS_MODE",
        "STREAMGAUGE_REDIS_SENTINEL_NODES",
        "redis.sentinel.service",
    }


def test_without_a_file_the_source_is_the_environment_or_the_command_line():
    with pytest.raises(ConfigError) as error:
        load_config(None, environ={"STREAMGAUGE_REDIS_URL": "x"})
    assert error.value.source == "environment"
    with pytest.raises(ConfigError) as error:
        load_config(None, flags={"redis.url": "x"}, environ={})
    assert error.value.source == "command line"


def test_a_part_of_a_list_cannot_be_meant(load):
    text = "redis: [{url: redis://a}]"
    found = problems(load, text, {"redis.timeout": "1s"}, URL="redis://b")
    assert found == [
        f"{origin}: not clear which server of the list redis it is for; set it there"
        for origin in ("STREAMGAUGE_REDIS_URL", "--redis.timeout")
    ]


def test_a_variable_replaces_the_password_file_of_the_file(load, tmp_path):
    (tmp_path / "secret").write_text("from file")
    text = "redis: {url: redis://h, password_file: secret, password: x}"
    assert secret(load(text)) == "from file"
    assert secret(load(text, PASSWORD="from environment")) == "from environment"


def test_a_url_with_its_own_login_replaces_the_login_of_the_file(load):
    text = "redis: {url: redis://h, username: a, password: b}"
    replaced = load(text, URL="redis://c:d@other")
    assert (replaced.redis[0].username, secret(replaced)) == ("c", "d")
    kept = load(text, URL="redis://other")
    assert (kept.redis[0].username, secret(kept)) == ("a", "b")


def test_a_flag_that_replaces_a_variable_takes_the_blame(load):
    found = problems(
        load, "redis: {url: redis://h}", {"redis.password_file": "/none"}, PASSWORD="x"
    )
    assert found == ["--redis.password_file: cannot read '/none': No such file or directory"]


def test_a_sentinel_password_is_replaced_like_any_other(load, tmp_path):
    (tmp_path / "p").write_text("from file")
    text = "redis: {sentinel: {service: m, nodes: [a], password_file: p}}"
    (server,) = load(text, SENTINEL_PASSWORD="from environment").redis
    assert current(server.sentinel.password, 0).password == "from environment"


def test_files_named_outside_the_file_are_relative_to_the_working_directory(
    load, tmp_path, monkeypatch
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "p").write_text("right")
    (tmp_path / "p").write_text("wrong")
    monkeypatch.chdir(elsewhere)
    assert secret(load("redis: {url: redis://h}", PASSWORD_FILE="p")) == "right"


def test_a_variable_cannot_mend_a_section_of_the_wrong_shape(load):
    text = "redis: {url: rediss://h, tls: yes, sentinel: }"
    found = problems(load, text, TLS_SERVER_NAME="x", SENTINEL_PASSWORD="p")
    assert "redis.tls (line 1): found true, allowed: a mapping" in found
    assert problems(load, "redis: text", URL="redis://h") == [
        "redis (line 1): found text, allowed: a mapping"
    ]


def test_an_unknown_flag_is_a_mistake_of_the_program(load):
    with pytest.raises(KeyError):
        load("", {"redis.colour": "red"})


def test_unknown_variables_are_found_with_the_nearest_known_one():
    environ = {
        "STREAMGAUGE_REDIS_PASWORD": "x",
        "STREAMGAUGE_LOG_LEVL": "x",
        "STREAMGAUGE_ZZZ": "x",
        "STREAMGAUGE_REDIS_URL": "x",
        "STREAMGAUGE_LOG_LEVEL": "x",
        "OTHER": "x",
    }
    assert unknown_variables(environ, ["STREAMGAUGE_LOG_LEVEL"]) == [
        ("STREAMGAUGE_LOG_LEVL", "STREAMGAUGE_LOG_LEVEL"),
        ("STREAMGAUGE_REDIS_PASWORD", "STREAMGAUGE_REDIS_PASSWORD"),
        ("STREAMGAUGE_ZZZ", None),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STREAMGAUGE_SERVICE_HOST", "10.0.0.7"),
        ("STREAMGAUGE_SERVICE_PORT", "10121"),
        ("STREAMGAUGE_SERVICE_PORT_HTTP", "10121"),
        ("STREAMGAUGE_PORT", "tcp://10.0.0.7:10121"),
        ("STREAMGAUGE_PORT_10121_TCP", "tcp://10.0.0.7:10121"),
        ("STREAMGAUGE_PORT_10121_TCP_ADDR", "10.0.0.7"),
        ("STREAMGAUGE_REDIS_SERVICE_HOST", "10.0.0.7"),
        ("STREAMGAUGE_REDIS_PORT", "tcp://10.0.0.7:6379"),
        ("STREAMGAUGE_REDIS_PORT_6379_TCP_PROTO", "tcp"),
    ],
)
def test_what_kubernetes_sets_for_a_service_is_no_mistake(name, value):
    assert unknown_variables({name: value}) == []


def test_a_port_written_by_a_person_is_a_mistake():
    assert [name for name, _ in unknown_variables({"STREAMGAUGE_REDIS_PORT": "6379"})] == [
        "STREAMGAUGE_REDIS_PORT"
    ]

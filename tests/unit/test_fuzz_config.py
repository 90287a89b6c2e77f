"""Whatever text a configuration file holds, it is read or every mistake is told: nothing else."""

import string

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamgauge.config import Config, ConfigError, load_config
from streamgauge.config.describe import describe, warnings
from streamgauge.policy import Policy
from streamgauge.web.config.load import load_web_config

KEYS = [
    "redis", "name", "url", "username", "password", "password_file", "timeout", "mode", "tls",
    "ca_file", "cert_file", "key_file", "server_name", "sentinel", "service", "nodes", "discovery",
    "match", "interval", "max_streams", "max_consumers", "classes", "continuous", "hybrid", "event",
    "quiet_limit", "lag_limit", "streams", "class", "active", "days", "hours", "timezone", "groups",
    "ignore", "keys", "<<", "tls_server_config", "basic_auth_users", "http_server_config",
    "headers", "client_auth_type", "min_version", "cipher_suites",
]  # fmt: skip
WORDS = [
    "redis://127.0.0.1:6379/0", "rediss://u:p@h", "unix:///x", "cluster", "sentinel", "5m", "none",
    "continuous", "event", "a*", "[", "a", "mon-fri", "09:30-16:00", "UTC", "Europe/Berlin", ".",
    "h:1", "TLS12", "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG", "", "\\",
]  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.sampled_from(WORDS)
    | st.text(max_size=10)
)  # fmt: skip
ANY_KEY = st.sampled_from(KEYS) | st.text(max_size=6) | st.integers()
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_KEY, inner, max_size=5),
    max_leaves=25,
)
# Most of the time the shape is right, so that the checks of the values are reached.
SERVER = st.fixed_dictionaries(
    {"url": st.sampled_from(WORDS[:3]) | SCALARS},
    optional={key: SCALARS for key in KEYS[1:8] if key != "url"},
)
RULE = st.fixed_dictionaries(
    {"match": SCALARS, "class": st.sampled_from(["continuous", "event", "hybrid"]) | SCALARS},
    optional={"quiet_limit": SCALARS, "lag_limit": SCALARS, "active": DATA, "groups": DATA},
)
NEARLY_RIGHT = st.fixed_dictionaries(
    {"redis": SERVER | st.lists(SERVER, max_size=3)},
    optional={"streams": st.lists(RULE, max_size=3), "discovery": DATA, "classes": DATA,
              "keys": DATA},
)  # fmt: skip
PUNCTUATION = st.text(string.printable + "\x00\ufeff\ud800é", max_size=80)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "streamgauge.yml"


def read(file, content: bytes) -> Config | ConfigError:
    """Read it as every command does, and what each makes of the configuration."""
    file.write_bytes(content)
    try:
        config = load_config(file, environ={})
    except ConfigError as error:
        return error
    assert describe(config)
    assert all(map(str, warnings(config)))
    assert Policy.from_config(config)
    return config


def told(outcome) -> bool:
    """Whether it is a configuration, or an error in sentences of one line each."""
    if isinstance(outcome, ConfigError):
        sentences = [str(problem) for problem in outcome.problems]
        return bool(sentences) and all(line and "\n" not in line for line in sentences)
    return True


@given(st.binary(max_size=200))
@settings(derandomize=True)
def test_arbitrary_bytes_are_a_configuration_or_mistakes(file, content):
    assert told(read(file, content))


@given(PUNCTUATION)
@settings(derandomize=True)
def test_arbitrary_text_is_a_configuration_or_mistakes(file, text):
    assert told(read(file, text.encode("utf-8", "surrogatepass")))


@example({"redis": {"url": "redis://h", "timeout": float("inf")}})
@example({"redis": {"url": "redis://h", "timeout": float("nan")}})
@example({"redis": {"url": "redis://h", "timeout": 10**400}})
@given(DATA | NEARLY_RIGHT)
@settings(derandomize=True)
def test_arbitrary_yaml_is_a_configuration_or_mistakes(file, data):
    assert told(read(file, yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "replace")))


@given(NEARLY_RIGHT, st.integers(0, 400), st.binary(max_size=3))
@settings(derandomize=True)
def test_configuration_with_bytes_replaced_is_one_or_mistakes(file, data, place, bytes_):
    content = yaml.safe_dump(data).encode()
    place = min(place, len(content))
    assert told(read(file, content[:place] + bytes_ + content[place + len(bytes_) :]))


@given(DATA)
@settings(derandomize=True)
def test_arbitrary_web_configuration_is_one_or_mistakes(file, data):
    file.write_text(yaml.safe_dump(data, allow_unicode=True), errors="replace")
    try:
        load_web_config(file)
    except ConfigError as error:
        assert told(error)  # noqa: PT017


@given(st.dictionaries(st.sampled_from(["URL", "NAME", "TIMEOUT", "MODE", "PASSWORD", "USERNAME",
                                        "SENTINEL_NODES", "SENTINEL_SERVICE", "TLS_CA_FILE"]),
                       st.sampled_from(WORDS) | st.text(max_size=12), max_size=5))  # fmt: skip
@settings(derandomize=True)
def test_arbitrary_variables_are_a_configuration_or_mistakes(variables):
    environ = {f"STREAMGAUGE_REDIS_{name}": value for name, value in variables.items()}
    try:
        assert describe(load_config(None, environ=environ))
    except ConfigError as error:
        assert told(error)  # noqa: PT017

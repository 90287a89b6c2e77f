"""The demo's configuration: valid at every speed, complete, and never near a false alarm."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.config import load_config
from streamgauge.globs import compile_glob
from streamgauge.policy import Policy, StreamClass
from streamgauge.state_keys import StateKey
from streamgauge_demo.catalogue import BY_NAME, HOUR, PREFIX, SIGNAL_ENGINE, STREAMS
from streamgauge_demo.config import MARKER, render_config, without_login, write_config
from streamgauge_demo.control import POLICY_HASH
from streamgauge_demo.errors import DemoError
from streamgauge_demo.pace import SHORTEST_LIMIT_SECONDS, Pace
from streamgauge_demo.positions import HOLD_KEY

SPEEDS = (1, 1.5, 7, 10, 60, 600)
URL = "redis://127.0.0.1:6379/0"
RAW = BY_NAME["exchange.raw"].every_seconds


def policy(tmp_path: Path, speed: float) -> Policy:
    path = write_config(tmp_path / str(speed), URL, Pace(speed))
    return Policy.from_config(load_config(path, environ={}))


@pytest.mark.parametrize("speed", SPEEDS)
def test_every_stream_has_its_class_and_limits(tmp_path: Path, speed: float):
    pace, declared = Pace(speed), policy(tmp_path, speed)
    for stream in STREAMS:
        found = declared.resolve(stream.key.encode())
        assert found is not None
        assert found.stream_class == stream.stream_class
        assert found.declared == (stream.stream_class != "unclassified")
        quiet = stream.quiet_limit_seconds
        assert found.quiet_limit_seconds == (pace.limit(quiet) if quiet else None)
        for group in stream.groups:
            limit = group.lag_limit_seconds
            wanted = pace.limit(limit) if limit else None
            assert found.lag_limit_for(group.name.encode()) == wanted


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_keys_are_those_that_the_control_plane_writes(tmp_path: Path, speed: float):
    keys = policy(tmp_path, speed).keys
    assert keys.named == (StateKey(f"{PREFIX}{POLICY_HASH}".encode(), b"valid_until_epoch"),)
    (pattern,) = keys.patterns
    assert compile_glob(pattern).fullmatch(f"{PREFIX}{HOLD_KEY}BTCUSDT".encode())


def test_all_classes_are_there_and_scratch_streams_are_not_exported(tmp_path: Path):
    assert {stream.stream_class for stream in STREAMS} == set(StreamClass)
    assert policy(tmp_path, 1).resolve(b"quantum:stream:any.tmp") is None


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_calm_feed_stays_far_below_its_limit(speed: float):
    pace = Pace(speed)
    for stream in STREAMS:
        if stream.quiet_limit_seconds:
            # The pipeline counts raw messages, so its floors are multiples of the feed's.
            own_feed = stream.name in ("market.tick", "market.klines", "exchange.raw")
            period = (
                pace.seconds(stream.every_seconds)
                if own_feed
                else pace.seconds(RAW) * stream.every_seconds / RAW
            )
            assert pace.limit(stream.quiet_limit_seconds) >= 10 * period, stream.name


@given(st.floats(1, 600))
def test_an_hourly_batch_stays_inside_its_limit(speed: float):
    pace = Pace(speed)
    assert pace.limit(2 * HOUR) >= 1.5 * pace.seconds(HOUR, floor=2)
    assert pace.limit(1) == SHORTEST_LIMIT_SECONDS


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URL, URL),
        ("redis://me:secret@db:6379/2", "redis://db:6379/2"),
        ("rediss://:p@ss@db", "rediss://db"),
        ("unix:///tmp/redis.sock?db=1", "unix:///tmp/redis.sock?db=1"),
    ],
)
def test_a_login_never_reaches_the_file(url: str, shown: str):
    assert without_login(url) == shown
    text = render_config(url, Pace(1))
    assert f"url: {shown}" in text
    assert "secret" not in text
    assert ("STREAMGAUGE_REDIS_URL" in text) == (url != shown)


def test_a_default_limit_is_not_repeated():
    assert SIGNAL_ENGINE.name not in render_config(URL, Pace(1))


def test_the_demo_replaces_its_own_file_and_no_other(tmp_path: Path):
    path = write_config(tmp_path / "new" / "folder", URL, Pace(1))
    assert path.read_text().startswith(MARKER)
    assert "--speed 60" in write_config(path.parent, URL, Pace(60)).read_text()
    path.write_text("redis: {url: redis://mine}\n")
    with pytest.raises(DemoError, match="was not written by the demo; name another folder"):
        write_config(path.parent, URL, Pace(1))
    assert path.read_text() == "redis: {url: redis://mine}\n"


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match=r"^cannot write .*streamgauge\.yml: "):
        write_config(tmp_path / "file", URL, Pace(1))

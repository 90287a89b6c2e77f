"""One stream that cannot be read, or that changes under a scrape: the others are unharmed."""

from collections.abc import Iterator

import pytest
import redis

from support.faulty_actions import after, answer
from support.faulty_rig import CLASS_OF, HEALTHY, Outcome, Rig, blind, outcome, without
from support.metrics import Scrape

ENTRY = "*2\r\n$3\r\n5-1\r\n*0\r\n"
STREAM = (
    "*8\r\n$6\r\nlength\r\n{0}$6\r\ngroups\r\n:0\r\n"
    "$17\r\nlast-generated-id\r\n{1}$11\r\nfirst-entry\r\n{2}"
)
ID, TEXT, NUMBER = "$3\r\n5-1\r\n", "$3\r\nfoo\r\n", ":5\r\n"
NO_LIST = ["+OK\r\n", ":0\r\n", ":1\r\n", "$-1\r\n", "*-1\r\n", f"*1\r\n{NUMBER}"]
SHAPES = {
    "XINFO STREAM": [
        *NO_LIST,
        "*0\r\n",
        TEXT,
        "*2\r\n$6\r\nlength\r\n:5\r\n",
        STREAM.format(TEXT, ID, f"*2\r\n{ID}*0\r\n"),
        STREAM.format(NUMBER, TEXT, f"*2\r\n{ID}*0\r\n"),
        STREAM.format(NUMBER, ID, NUMBER),
    ],
    "XINFO GROUPS": [*NO_LIST, "*1\r\n*0\r\n", f"*1\r\n*2\r\n$4\r\nname\r\n{TEXT}"],
    "XINFO CONSUMERS": [*NO_LIST, "*1\r\n*0\r\n", f"*1\r\n*2\r\n$4\r\nname\r\n{TEXT}"],
    "XPENDING": [
        *NO_LIST,
        "*1\r\n*0\r\n",
        f"*4\r\n:2\r\n{ID}{ID}*0\r\n",
        f"*1\r\n*4\r\n{TEXT}{TEXT}{NUMBER}{NUMBER}",
        f"*1\r\n*4\r\n{ID}{TEXT}{TEXT}{NUMBER}",
    ],
    "XRANGE": [*NO_LIST, "*1\r\n*0\r\n", f"*1\r\n{TEXT}", f"*1\r\n*2\r\n{TEXT}*0\r\n"],
}
REASONS = {
    "NOPERM this user has no permissions": "noperm",
    "WRONGTYPE Operation against a key": "wrongtype",
    "ERR something unheard of": "other",
    "MOVED 866 127.0.0.1:6381": "other",
    "": "other",
}


@pytest.fixture
def client(healthy: Rig) -> Iterator[redis.Redis]:
    with healthy.server.client() as client:
        yield client


@pytest.mark.parametrize("command", SHAPES)
def test_reply_of_another_shape_costs_its_stream_alone(healthy: Rig, command: str) -> None:
    outcomes = {}
    for shape in SHAPES[command]:
        healthy.proxy.fault(command, answer(shape), "work")
        outcomes[shape] = healthy.outcome()
        healthy.proxy.heal()
    assert outcomes == dict.fromkeys(SHAPES[command], without("work", "protocol"))
    assert healthy.outcome() == HEALTHY


@pytest.mark.parametrize("command", SHAPES)
def test_error_reply_costs_its_stream_alone(healthy: Rig, command: str) -> None:
    outcomes = {}
    for error in REASONS:
        healthy.proxy.fault(command, answer(f"-{error}\r\n"), "job")
        outcomes[error] = healthy.outcome()
        healthy.proxy.heal()
    assert outcomes == {error: without("job", reason) for error, reason in REASONS.items()}
    assert healthy.outcome() == HEALTHY


def test_stream_denied_by_acl_is_counted_and_named_once_and_again_when_readable(
    healthy: Rig, client: redis.Redis
) -> None:
    before = len(healthy.exporter.log())
    rules = ["reset", "on", "nopass", "+@all"]
    try:
        client.execute_command("ACL", "SETUSER", "default", *rules, "%R~feed", "%R~job", "%R~who")
        denied = [healthy.outcome() for _ in range(4)]
    finally:
        client.execute_command("ACL", "SETUSER", "default", *rules, "~*", "&*")
    assert denied == [without("work", "noperm")] * 4
    assert [healthy.outcome() for _ in range(2)] == [HEALTHY] * 2
    told = [line for line in healthy.exporter.log()[before:].splitlines() if "work" in line]
    assert ["NOPERM" in line for line in told] == [True, False]
    assert all("stream=work" in line for line in told)


def test_server_that_denies_every_stream_is_redis_up_0(healthy: Rig, client: redis.Redis) -> None:
    rules = ["reset", "on", "nopass", "+@all"]
    try:
        client.execute_command("ACL", "SETUSER", "default", *rules, "~nothing")
        assert healthy.outcome() == blind("noperm")
    finally:
        client.execute_command("ACL", "SETUSER", "default", *rules, "~*", "&*")
    assert healthy.outcome() == HEALTHY


ROUND_TWO = ("XRANGE", "XPENDING", "XINFO CONSUMERS")


def groups(scrape: Scrape, stream: str) -> dict[str, tuple[float | None, str]]:
    """The lag of each group of a stream, and whether it takes no time, some, or is untold."""
    lag, seconds = scrape["redis_stream_group_lag"], scrape["redis_stream_group_lag_seconds"]
    keys = [key for key in lag.keys() | seconds.keys() if key[0] == stream]
    return {
        key[2]: (lag.get(key), "untold" if key not in seconds else "some" if seconds[key] else "no")
        for key in keys
    }


@pytest.mark.parametrize("command", ROUND_TWO)
@pytest.mark.parametrize("stream", ["feed", "work"])
def test_stream_deleted_between_the_rounds_shows_no_half_truth(
    healthy: Rig, client: redis.Redis, stream: str, command: str
) -> None:
    client.xgroup_create(stream, "waiting", id="0")
    client.xreadgroup("waiting", "c", {stream: ">"}, count=2, noack=True)
    client.xgroup_delconsumer(stream, "waiting", "c")
    assert groups(healthy.exporter.scrape(), stream) == {"g": (3, "some"), "waiting": (3, "some")}
    healthy.proxy.fault(command, after(lambda: client.delete(stream)), stream, times=1)
    scrape = healthy.exporter.scrape()
    assert outcome(scrape).errors == {}
    whole = {(0, "no"), (None, "no"), (3, "some"), (3, "untold")}
    assert set(groups(scrape, stream).values()) <= whole
    remains = {"feed"} if stream == "feed" else set()
    assert healthy.outcome() == Outcome(1, set(CLASS_OF) - {stream} | remains, {})


@pytest.mark.parametrize("command", ROUND_TWO)
def test_stream_replaced_by_a_string_between_the_rounds_is_a_wrongtype(
    healthy: Rig, client: redis.Redis, command: str
) -> None:
    def replace() -> None:
        client.set("work", "a string now")

    healthy.proxy.fault(command, after(replace), "work", times=1)
    assert healthy.outcome() == without("work", "wrongtype")
    client.delete("work")
    assert healthy.outcome() == Outcome(1, set(CLASS_OF) - {"work"}, {})


@pytest.mark.parametrize("command", ["XPENDING", "XINFO CONSUMERS"])
def test_group_destroyed_between_the_rounds_costs_itself_alone(
    healthy: Rig, client: redis.Redis, command: str
) -> None:
    client.xgroup_create("work", "other", id="0")
    healthy.proxy.fault(command, after(lambda: client.xgroup_destroy("work", "g")), "work", times=1)
    scrape = healthy.exporter.scrape()
    assert outcome(scrape) == HEALTHY
    assert groups(scrape, "work") == {"other": (5, "some")}
    assert groups(scrape, "job") == {"g": (3, "some")}


def test_entries_read_and_acknowledged_between_the_rounds_leave_nothing_false(
    healthy: Rig, client: redis.Redis
) -> None:
    def catch_up() -> None:
        client.xreadgroup("g", "c", {"work": ">"})
        client.xack("work", "g", *[entry for entry, _ in client.xrange("work")])

    healthy.proxy.fault("XRANGE", after(catch_up), "work", times=1)
    scrape = healthy.exporter.scrape()
    assert outcome(scrape) == HEALTHY
    assert groups(scrape, "work") == {"g": (3, "some")}
    assert groups(healthy.exporter.scrape(), "work") == {"g": (0, "no")}

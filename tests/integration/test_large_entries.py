"""Large entries are left out by a script where it may run, and read whole where it may not."""

import re
from collections.abc import Callable
from typing import Any

import redis

from support.faulty_rig import configuration
from support.metrics import Scrape
from support.servers import ROOT, RealServer

STREAMS = [f"large-{number}" for number in range(4)]
ENTRY = b"x" * 200_000
READER = (
    *("~*", "-@all", "+time", "+scan", "+xinfo|stream", "+xinfo|groups", "+xinfo|consumers"),
    *("+xpending", "+xrange"),
)
RIGHTS = re.compile(r"^ACL SETUSER streamgauge (.*\+eval_ro.*)$", re.MULTILINE)


def fill(client: redis.Redis) -> None:
    """Five large entries in each of four streams, and one small stream; a group read one entry."""
    with client.pipeline(transaction=True) as pipe:
        pipe.flushdb()
        for name in [*STREAMS, "small"]:
            for number in range(1, 6):
                pipe.xadd(name, {"data": b"x" if name == "small" else ENTRY}, id=f"{number}-0")
            pipe.xgroup_create(name, "g", id="0")
            pipe.xreadgroup("g", "c", {name: ">"}, count=1)
        pipe.execute()


def sent_bytes(client: redis.Redis) -> int:
    return int(client.info("stats")["total_net_output_bytes"])


def facts(scrape: Scrape) -> dict[str, Any]:
    """What does not change by itself from one scrape to the next."""
    names = ("redis_stream_length", "redis_stream_group_messages_pending", "redis_stream_group_lag")
    return {name: scrape[name] for name in names} | {
        "of which the age is known": sorted(scrape["redis_stream_group_lag_seconds"])
    }


def test_they_are_read_without_their_contents_and_every_figure_is_the_same(
    server: RealServer, exporter: Callable
) -> None:
    with server.client() as client:
        fill(client)
    process = exporter(
        config=configuration(server.url, discovery={"match": ["*"], "interval": "1h"})
    )
    whole = process.scrape_until(
        lambda scrape: len(scrape["redis_stream_length"]) == 5, "all are found"
    )
    with server.client() as client:
        process.scrape()  # the script may not be known yet for the entries in the middle
        before = sent_bytes(client)
        brief = process.scrape()
        cost = sent_bytes(client) - before
    assert facts(brief) == facts(whole)
    if server.release.tells_lag:
        assert cost < 20_000
        assert brief.value("streamgauge_streams_read_whole") == 0
    else:  # Redis 6.2 has no scripts that only read
        assert cost > 4 * 2 * len(ENTRY)
        assert brief.value("streamgauge_streams_read_whole") == 4
        assert process.log().count("large entries are read whole") == 1


def test_a_user_who_may_run_no_script_reads_them_whole_until_he_may(
    redis8: RealServer, exporter: Callable
) -> None:
    config = configuration(redis8.url)
    config["redis"] |= {"username": "reader", "password": "secret"}
    with redis8.client() as client:
        fill(client)
        client.execute_command("ACL", "SETUSER", "reader", "reset", "on", ">secret", *READER)
        client.acl_log_reset()
        process = exporter(config=config)
        scrape = process.scrape_until(
            lambda scrape: scrape.value("streamgauge_streams_read_whole") == 4, "it is denied"
        )
        assert len(scrape["redis_stream_length"]) == 5
        assert sum(scrape["streamgauge_stream_errors"].values()) == 0
        for _ in range(3):
            assert facts(process.scrape()) == facts(scrape)
        assert process.log().count("large entries are read whole") == 1
        assert {entry["object"] for entry in client.acl_log()} == {
            *("eval_ro", "evalsha_ro"),
            *("role", "info", "client|no-touch"),  # once by each connection
        }
        found = RIGHTS.search((ROOT / "docs/redis.md").read_text())
        client.execute_command("ACL", "SETUSER", "reader", *found[1].split())
        client.client_kill_filter(_type="normal", skipme=True)
        later = process.scrape_until(
            lambda scrape: scrape.value("streamgauge_streams_read_whole") == 0, "it may"
        )
        assert facts(later) == facts(scrape)

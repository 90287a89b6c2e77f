"""The status page while Redis goes, refuses a login, or lets only some of it be read."""

import re
from collections.abc import Callable

import pytest
import redis

from support.polling import wait_for
from support.servers import ROOT, RealServer
from support.status_pages import configuration, fill, status, text_of


@pytest.mark.parametrize("path", ["/", "/api/v1/status"])
def test_a_look_costs_redis_no_more_than_a_scrape(
    redis7: RealServer, exporter: Callable, path: str
) -> None:
    with redis7.client() as client:
        for number in range(20):
            client.xadd(f"s{number}", {"n": 1})
            client.xgroup_create(f"s{number}", "g", "0")
        config = configuration({"name": "main", "url": redis7.url})
        config["discovery"] = {"match": ["*"], "interval": "1h"}
        process = exporter(config=config)
        process.scrape_until_known("s19")

        def asked(of: str) -> int:
            before = commands(client)
            process.get(of)
            return commands(client) - before

        assert asked(path) == asked("/metrics") > 20


def commands(client: redis.Redis) -> int:
    """How many commands Redis was sent, but for this question and for discovery."""
    stats = client.info("commandstats")
    others = ("cmdstat_info", "cmdstat_scan")
    return sum(one["calls"] for name, one in stats.items() if name not in others)


def test_no_old_number_is_shown_when_redis_has_gone(
    start_server: Callable, exporter: Callable
) -> None:
    server = start_server("redis-7.0")
    with server.client() as client:
        client.xadd("feed:fine", {"n": 1})
    process = exporter(config=configuration({"name": "main", "url": server.url}))
    process.scrape_until_known("feed:fine")
    assert "flowing feed:fine" in text_of(process)
    server.kill()
    page = text_of(process)
    assert "could not be read" in page
    assert "refused" in page
    assert "flowing" not in page
    assert status(process)["redis"][0]["streams"] == []
    server.start()
    wait_for(lambda: "after an outage feed:fine" in text_of(process), "Redis is read again")


@pytest.mark.parametrize(
    ("login", "reason"),
    [({"password": "wr0ng"}, "refused the login"), ({}, "NOAUTH")],
)
def test_a_login_that_is_refused_is_the_reason_and_the_password_is_not_shown(
    start_server: Callable, exporter: Callable, login: dict[str, str], reason: str
) -> None:
    server = start_server("redis-7.0", "--requirepass", "s3cret", password="s3cret")
    config = configuration({"name": "main", "url": server.url} | login)
    page = text_of(exporter(config=config, until_ready=False))
    assert re.search(rf"noperm: .*{reason}", page)
    assert "wr0ng" not in page
    assert "s3cret" not in page


def test_the_least_privileged_user_sees_all_and_one_with_less_sees_what_it_may_not(
    redis7: RealServer, exporter: Callable
) -> None:
    documented = re.search(r"ACL SETUSER streamgauge (.+)", (ROOT / "docs/redis.md").read_text())
    assert documented
    words = [word for word in documented[1].split() if not word.startswith((">", "~"))]
    with redis7.client() as client:
        fill(client)
        for user, keys in (("all", "~*"), ("some", "~job:*")):
            client.execute_command("ACL", "SETUSER", user, "reset", *words, ">pw", keys)
        login = {"url": redis7.url, "password": "pw"}
        process = exporter(
            config=configuration(
                *({"name": user, "username": user, **login} for user in ("all", "some"))
            )
        )
        page = wait_for(
            lambda: (page := text_of(process)).count("feed:quiet") > 2 and page, "both see it"
        )
        for user in ("all", "some"):
            client.acl_deluser(user)
    one, other = sorted(page.split(" db0 ")[1:], key=lambda part: "NOPERM" in part)
    assert "quiet feed:quiet silent for" in one
    assert re.search(r"unreadable feed:quiet could not be read \(noperm\): .*NOPERM", other)
    assert "silent for" not in other
    assert "empty by design job:ready" in other

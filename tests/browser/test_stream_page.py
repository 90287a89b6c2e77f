"""The page of one stream as people see it: reached by a click, on a desk and on a phone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from support.exporter import ExporterProcess
from support.servers import RealServer

PHONE = {"width": 390, "height": 800}
NAME = "jobs <b>&'\""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A Redis with a group that stands still, of which one entry is pending and one is gone."""
    with RealServer("redis-7.0", tmp_path_factory.mktemp("server")) as server:
        with server.client() as client:
            seconds, _ = client.time()
            for number in range(5):
                client.xadd(NAME, {"n": number}, id=f"{(seconds - 900 + number) * 1000}-0")
            client.xgroup_create(NAME, "workers", "0")
            client.xreadgroup("workers", "w-1", {NAME: ">"}, count=2)
            client.xdel(NAME, f"{(seconds - 900) * 1000}-0")
        yield server


@pytest.fixture(scope="module")
def address(server: RealServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    config = {
        "redis": {"name": "main", "url": server.url},
        "streams": [
            {
                "match": "jobs*",
                "class": "hybrid",
                "lag_limit": "1m",
                "groups": [{"match": "workers"}, {"match": "absent"}],
            }
        ],
    }
    with ExporterProcess(tmp_path_factory.mktemp("exporter"), config=config) as process:
        process.scrape_until_known(NAME)
        yield f"http://127.0.0.1:{process.port}/"


def test_a_click_on_a_group_tells_what_since_when_and_what_to_do(open_page, address):
    page = open_page(address)
    page.get_by_role("link", name="workers").click()
    expect(page).to_have_title(re.compile(r"^jobs.*: \w+ – Streamgauge$"))
    expect(page.locator(".summary")).to_contain_text(re.compile(r"workers on jobs.*: \w+"))
    titles = page.get_by_role("heading", level=2).all_inner_texts()
    assert [title.partition(" of ")[0] for title in titles][:6] == [
        "What changed", "Stream", "Consumer groups", "Oldest pending entries",
        "Consumers by idle time", "Commands",
    ]  # fmt: skip
    expect(page.locator("#pending tr.item")).to_have_count(2)
    expect(page.locator("#pending")).to_contain_text("gone from the stream")
    expect(page.locator("#consumers")).to_contain_text("its removal loses track of 2 entries")
    expect(page.locator("#commands li").first).to_contain_text("Only reads:")
    assert page.locator("main b b").count() == 0
    page.get_by_role("link", name="absent").click()
    expect(page.locator(".summary")).to_contain_text("absent on jobs")
    expect(page.locator("#commands")).to_contain_text("XGROUP CREATE")
    expect(page.locator("#runbook")).to_contain_text("RedisStreamGroupMissing")


def test_a_runbook_and_its_links_are_read_in_the_browser(open_page, address):
    page = open_page(f"{address}runbooks/")
    page.get_by_role("link", name="RedisStreamGroupNotAcknowledging").click()
    page.get_by_role("link", name="RedisStreamGroupPoisonEntry").click()
    expect(page.get_by_role("heading", name="RedisStreamGroupPoisonEntry")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_scrolls_sideways(open_page, address, scheme):
    page = open_page(address, viewport=PHONE, color_scheme=scheme)
    page.get_by_role("link", name="workers").click()
    expect(page.locator("#commands")).to_be_visible()
    assert not page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    expect(page.locator("#groups")).to_contain_text("wait")

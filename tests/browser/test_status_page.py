"""The status page as people see it: in a real browser, on a desk and on a phone."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from support.exporter import ExporterProcess
from support.servers import RealServer
from support.status_pages import add_streams

PHONE = {"width": 320, "height": 640}
HOSTILE = [
    b"s:<script>window.hit = 1</script>",
    b"s:<img src=x onerror='window.hit = 1'>",
    b's:" onfocus="window.hit = 1" autofocus x="',
    b"s:'><svg/onload=window.hit=1>",
    b"s:two\nlines\r\x1b[31m\x00",
    "s:left\u202eright\u2066\u200f".encode(),
    b"s:\xff\xfe",
    b"s:" + b"W" * 10_000,
    b"s:" + b"<b>" * 3_000,
    b"",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A Redis with a quiet feed, a late group, calm streams, and names that attack."""
    with RealServer("redis-7.0", tmp_path_factory.mktemp("server")) as server:
        with server.client(decode_responses=False) as client:
            add_streams(client)
            for name in HOSTILE:
                client.xadd(name, {"n": 1})
                client.xgroup_create(name, name, "0")
        yield server


@pytest.fixture(scope="module")
def exporter_process(
    server: RealServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExporterProcess]:
    config = {
        "redis": {"name": "main", "url": server.url},
        "discovery": {"match": ["*"], "interval": "1h"},
        "streams": [
            {"match": "feed:*", "class": "continuous", "quiet_limit": "1m"},
            {"match": "work:*", "class": "hybrid", "lag_limit": "1m"},
            {"match": "job:*", "class": "event"},
            # A problem each, so that they are all in sight.
            {"match": "s:*", "class": "continuous", "quiet_limit": "1ms"},
        ],
    }
    with ExporterProcess(tmp_path_factory.mktemp("exporter"), config=config) as process:
        process.scrape_until_known("feed:quiet", "job:ready")
        yield process


@pytest.fixture(scope="module")
def address(exporter_process: ExporterProcess) -> str:
    return f"http://127.0.0.1:{exporter_process.port}/"


def row(page: Page, name: str) -> Locator:
    """The row of a stream."""
    return page.locator(".stream").filter(has=page.locator("h3", has_text=name))


def scrolls_sideways(page: Page) -> bool:
    return page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )


def shown_names(page: Page) -> list[str]:
    return page.locator(".stream:visible h3").all_inner_texts()


def test_states_are_words_with_marks_and_problems_are_in_sight(open_page, address):
    page = open_page(address)
    expect(page).to_have_title(re.compile(r"critical.* – Streamgauge"))
    quiet = row(page, "feed:quiet")
    expect(quiet).to_be_visible()
    expect(quiet).to_contain_text(re.compile(r"quiet\s+feed:quiet\s+silent for 1\dm"))
    expect(quiet.get_by_role("link", name="Runbook")).to_be_visible()
    late = row(page, "work:late")
    expect(late).to_contain_text(re.compile(r"group slow-ones\s+1 entry waits, for [2-9]m"))
    expect(late).to_contain_text(re.compile(r"waiting\s*1\s+oldest waits\s*[2-9]m\w*\s+limit\s*1m"))
    calm = row(page, "job:ready")
    expect(calm).to_be_hidden()
    page.get_by_text("1 stream: 1 empty by design").click()
    expect(calm).to_be_visible()


def test_the_runbook_and_the_documents_are_read_in_the_browser(open_page, address):
    page = open_page(address)
    row(page, "feed:quiet").get_by_role("link", name="Runbook").click()
    expect(page.get_by_role("heading", name="RedisStreamQuiet")).to_be_visible()
    page.get_by_role("link", name="Docs").click()
    page.get_by_role("link", name="Serving safely").click()
    expect(page.get_by_role("table").first).to_be_visible()
    page.get_by_role("link", name="Streamgauge").click()
    expect(row(page, "feed:quiet")).to_be_visible()


def test_search_narrows_while_it_is_typed_and_opens_what_is_folded(open_page, address):
    page = open_page(address)
    search = page.get_by_role("searchbox")
    search.fill("WORKERS")
    expect(row(page, "job:ready")).to_be_visible()
    assert shown_names(page) == ["job:ready"]
    expect(page.get_by_role("status")).to_have_text("1 of the streams shown match.")
    search.fill("quiet")
    assert "feed:quiet" in shown_names(page)
    assert "job:ready" not in shown_names(page)
    search.fill("")
    expect(row(page, "job:ready")).to_be_hidden()
    expect(row(page, "work:late")).to_be_visible()


def test_search_is_kept_when_the_page_is_read_again_and_when_it_is_reloaded(open_page, address):
    page = open_page(address)
    search = page.get_by_role("searchbox")
    search.fill("slow-ones")
    with page.expect_response(lambda answer: "q=slow-ones" in answer.url):
        page.clock.fast_forward(16_000)
    expect(page.locator(".found")).to_contain_text("1 of 14 streams match slow-ones")
    assert shown_names(page) == ["work:late"]
    expect(search).to_have_value("slow-ones")
    search.press("Enter")
    page.wait_for_url("**/?q=slow-ones")
    page.reload()
    expect(search).to_have_value("slow-ones")
    assert shown_names(page) == ["work:late"]
    search.fill("feed")
    page.clock.fast_forward(1_000)
    expect(row(page, "feed:quiet")).to_be_visible()


def test_ages_tick_and_the_page_is_read_again(open_page, address, server):
    page = open_page(address)
    age = row(page, "feed:quiet").locator("[data-age]")
    before = age.inner_text()
    page.clock.run_for(3_000)
    expect(age).not_to_have_text(before)
    # The page's own clock goes on beside: three seconds, or as many as it took to ask.
    expect(page.locator("[data-since]")).to_have_text(re.compile(r"\(([3-9]|1[0-9])s ago\)"))
    page.get_by_text("1 stream: 1 empty by design").click()
    with server.client() as client:
        client.xadd("job:ready", {"n": 1})
    with page.expect_response(address):
        page.clock.run_for(13_000)
    job = row(page, "job:ready")
    expect(job).to_contain_text(re.compile(r"length\s*1\b"))
    expect(job).to_be_visible()
    with server.client() as client:
        client.delete("job:ready")
        client.xgroup_create("job:ready", "workers", "0", mkstream=True)


def test_a_page_that_cannot_be_read_again_says_so_and_is_dimmed(open_page, address):
    page = open_page(address)
    page.route("**/*", lambda route: route.fulfill(status=502, body="Bad Gateway"))
    page.clock.fast_forward(16_000)
    news = page.get_by_role("status")
    expect(news).to_contain_text("The exporter cannot be asked: the answer is 502.")
    expect(page.locator("#status")).to_have_class("stale")
    page.unroute("**/*")
    page.clock.fast_forward(16_000)
    expect(news).to_contain_text("Read again every 15 s")
    expect(page.locator("#status")).not_to_have_class("stale")
    open_page.said[:] = [said for said in open_page.said if "502" not in said]


def test_hostile_names_are_text(open_page, address):
    page = open_page(address)
    expect(row(page, "<script>window.hit = 1</script>")).to_be_visible()
    expect(row(page, "two\\nlines\\r\\x1b[31m\\x00")).to_be_visible()
    expect(row(page, "left\\u202eright\\u2066\\u200f")).to_be_visible()
    expect(row(page, "�\\xff�\\xfe")).to_be_visible()
    assert page.evaluate("window.hit") is None
    assert page.locator("main script, main img, main svg, main b b").count() == 0
    search = page.get_by_role("searchbox")
    search.fill("<img src=x onerror='window.hit = 1'>")
    with page.expect_response(lambda answer: "q=" in answer.url):
        search.press("Enter")
    expect(page.locator(".found")).to_contain_text("1 of 14 streams match <img src=x")
    assert page.evaluate("window.hit") is None
    page.reload()
    expect(page.locator(".found")).to_contain_text("1 of 14 streams match <img src=x")
    assert page.evaluate("window.hit") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_shows_everything_without_scrolling_sideways(open_page, address, scheme):
    page = open_page(address, viewport=PHONE, color_scheme=scheme, has_touch=True)
    for summary in page.locator("summary:visible").all():
        if summary.locator("xpath=..").get_attribute("open") is None:
            summary.click()
    assert not scrolls_sideways(page)
    expect(row(page, "WWWW")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(open_page, address, scheme):
    """WCAG's contrast of 4.5, of the text of every kind that is there."""
    page = open_page(address, color_scheme=scheme)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", background)[0]) < 128) is (scheme == "dark")
    assert json.loads(page.evaluate(LOW_CONTRAST)) == []


LOW_CONTRAST = """() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!hasText || !element.checkVisibility()) continue;
    const [one, other] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) low.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return JSON.stringify([...low]);
}"""


def test_without_a_script_all_is_there_and_the_search_is_a_form(open_page, address):
    page = open_page(address, java_script_enabled=False)
    expect(row(page, "feed:quiet")).to_be_visible()
    page.get_by_text("1 stream: 1 empty by design").click()
    expect(row(page, "job:ready")).to_be_visible()
    page.get_by_role("searchbox").fill("slow-ones")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/?q=slow-ones")
    expect(page.locator(".found")).to_contain_text("1 of 14 streams match slow-ones")


def test_nothing_is_asked_of_anybody_else(open_page, address):
    page = open_page(address)
    expect(row(page, "feed:quiet")).to_be_visible()
    page.goto(f"{address}docs/metrics")
    assert [asked for asked in open_page.asked if not asked.startswith(address)] == []

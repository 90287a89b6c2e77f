"""The runbooks and documents that the exporter serves: each verdict that is a problem has one."""

import re
from html.parser import HTMLParser

from streamgauge.documents import documents, runbook_path
from streamgauge.verdict.states import SEVERITY, FindingKind
from streamgauge.web.documents import document_html
from streamgauge.web.status import document_page, documents_page
from support.every import every
from support.servers import ROOT

WITHOUT_RUNBOOK = {
    FindingKind.UNFINISHED_RENAME,
    FindingKind.CONSUMERS_GONE,
    FindingKind.LIMIT_NEVER_HOLDS,
    FindingKind.NO_STREAM,
}
"""What needs none: the finding itself says what to do, and no alert is about it."""


def links(html: str) -> list[str]:
    found: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.extend(value for name, value in attrs if name == "href" and tag == "a")

    Links().feed(html)
    return found


def test_every_document_for_users_and_every_runbook_is_served():
    files = {*(ROOT / "docs").glob("*.md"), *(ROOT / "alerts" / "runbooks").glob("*.md")}
    for_developers = {
        ROOT / "docs" / name for name in ("architecture.md", "faults.md", "releasing.md")
    }
    assert {each.file for each in documents().values()} == files - for_developers
    listed = {link.removeprefix("../") for link in links(documents_page())}
    assert set(documents()) <= listed
    assert not [path for path in documents() if path.endswith(".md")]


@every([each for each, one in SEVERITY.items() if one.is_problem])
def test_every_problem_has_a_runbook(verdict):
    assert (runbook_path(verdict) is None) is (verdict in WITHOUT_RUNBOOK)


@every(documents())
def test_a_document_is_a_page_whose_links_lead_somewhere(path):
    document = documents()[path]
    page = document_page(document)
    assert f">{document.title.split('`')[0]}" in page
    assert "&lt;!--" not in page
    for link in links(document_html(document)):
        target, _, anchor = link.partition("#")
        other = document if not target else documents().get(target.removeprefix("../"))
        assert other is not None or "://" in link, link
        if anchor and other is not None:
            assert f'id="{anchor}"' in document_html(other), link


def test_headings_have_the_anchors_of_github(tmp_path):
    file = tmp_path / "x.md"
    file.write_text("# The `state_file`: kept!\n## A\n## A\n")
    html = document_html(documents()["docs/serving"]._replace(file=file))
    assert re.findall('id="(.*?)"', html) == ["the-state_file-kept", "a", "a-1"]


def test_a_runbook_that_another_names_is_a_link():
    html = document_html(documents()["runbooks/RedisStreamGroupNotAcknowledging"], "")
    assert "runbooks/RedisStreamGroupPoisonEntry" in links(html)


def test_a_link_that_leads_nowhere_here_is_text(tmp_path):
    file = tmp_path / "x.md"
    text = (
        "# X\n[gone](../gone.md), [there](serving.md#paths), <script>x</script> ![a <picture>](p)\n"
    )
    file.write_text(text)
    html = document_html(documents()["docs/serving"]._replace(file=file))
    assert "gone," in html
    assert "a &lt;picture&gt;" in html
    assert links(html) == ["../docs/serving#paths"]
    assert not re.search("<(script|img)", html)

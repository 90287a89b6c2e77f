"""The runbooks and documents that the exporter serves: each verdict that is a problem has one."""

import re
from html.parser import HTMLParser

from streamgauge.verdict.states import SEVERITY, FindingKind
from streamgauge.web.documents import document_html, documents, runbook_path
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


def test_every_document_and_runbook_is_served():
    files = [*(ROOT / "docs").glob("*.md"), *(ROOT / "alerts" / "runbooks").glob("*.md")]
    assert {each.file for each in documents().values()} == set(files)
    assert set(documents()) <= set(links(documents_page()))


@every([each for each, one in SEVERITY.items() if one.is_problem])
def test_every_problem_has_a_runbook(verdict):
    assert (runbook_path(verdict) is None) is (verdict in WITHOUT_RUNBOOK)


@every(documents())
def test_a_document_is_a_page_whose_links_lead_somewhere(path):
    document = documents()[path]
    page = document_page(document)
    assert f"<h1>{document.title}</h1>" in page
    assert "&lt;!--" not in page
    folder = path.partition("/")[0]
    for link in links(document_html(document)):
        assert "://" in link or f"{folder}/{link.partition('#')[0]}" in documents()


def test_a_link_that_leads_nowhere_here_is_text(tmp_path):
    file = tmp_path / "x.md"
    text = (
        "# X\n[gone](../gone.md), [there](serving.md#paths), <script>x</script> ![a <picture>](p)\n"
    )
    file.write_text(text)
    html = document_html(documents()["docs/serving.md"]._replace(file=file))
    assert "gone," in html
    assert "a &lt;picture&gt;" in html
    assert links(html) == ["serving.md#paths"]
    assert not re.search("<(script|img)", html)

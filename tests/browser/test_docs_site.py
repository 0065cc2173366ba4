"""The site that `make docs` builds: what it consists of, and how it looks to a browser."""

import functools
import json
import re
import shutil
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.docs import DOCS, build
from deploy.tool import Failed
from shared.version import __version__
from tests.browser.watching import Watch

# The theme draws each picture in a shadow root that no test could look into.
_OPEN_SHADOWS = """
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function () { return attach.call(this, { mode: "open" }); };
"""
_PARAGRAPH_WITH_MARKS = re.compile(r"<p>(?:(?!</p>).)*\n(?:- |\| |\d+\. |```)", re.DOTALL)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site as it is built of docs/."""
    return build(DOCS, tmp_path_factory.mktemp("docs") / "site")


class _Loads(HTMLParser):
    """The addresses in a page that a browser loads by itself, and those of its links."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        links = self.links if tag == "a" else self.loaded
        links += [value for name in ("src", "href", "srcset", "data", "action") if (value := given.get(name))]


def read(page: Path) -> _Loads:
    found = _Loads()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def pages_of(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def is_elsewhere(address: str) -> bool:
    return bool(urlsplit(address).netloc)


def test_nothing_that_a_browser_loads_is_elsewhere(site: Path) -> None:
    assert [f"{page.name}: {one}" for page in pages_of(site) for one in read(page).loaded if is_elsewhere(one)] == []
    styles = "\n".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert [one for one in re.findall(r"(?:url\(|@import )[\"']?([^\"')]+)", styles) if is_elsewhere(one)] == []
    policy = "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self' 'unsafe-inline';"
    assert [page.name for page in pages_of(site) if policy not in page.read_text(encoding="utf-8")] == []


def test_every_page_is_in_the_navigation_and_in_the_search(site: Path) -> None:
    pages = {str(path.relative_to(DOCS).with_suffix(".html")) for path in DOCS.rglob("*.md")}
    pages = {page.replace("README", "index") for page in pages}
    pages |= {"index.html", "reference.html", "devhost.html"}
    assert sorted(str(page.relative_to(site)) for page in pages_of(site) if page.name != "404.html") == sorted(pages)
    navigation = (site / "index.html").read_text(encoding="utf-8").partition('data-md-type="navigation"')[2]
    assert [page for page in sorted(pages - {"index.html"}) if f'href="./{page}"' not in navigation] == []
    found = {item["location"].partition("#")[0] for item in json.loads((site / "search.json").read_text())["items"]}
    assert found == pages


def test_what_is_a_list_or_a_table_for_the_forge_is_one_here(site: Path) -> None:
    assert [page.name for page in pages_of(site) if _PARAGRAPH_WITH_MARKS.search(page.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("link", "why"), [("nowhere.md", "page does not exist"), ("tides.md#low", "anchor does not exist")]
)
def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path, link: str, why: str) -> None:
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("site"))
    (tmp_path / "docs" / "tides.md").write_text(f"# Tides\n\n[See]({link}).\n", encoding="utf-8")
    with pytest.raises(Failed, match=f"(?s)zensical failed.*{why}.*tides.md"):
        build(tmp_path / "docs", tmp_path / "site")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def url(site: Path) -> Iterator[str]:
    """Where the site is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Page]:
    """A tab; no fault may be seen in it, and no request to anybody else."""
    context, watch = browser.new_context(base_url=url), Watch(url, ())
    context.add_init_script(_OPEN_SHADOWS)
    context.on("requestfailed", lambda request: watch.faults.append(f"failed: {request.url}"))
    watch.over(context)
    yield context.new_page()
    faults = watch.collect(context)
    context.close()
    assert faults == []


def test_both_pictures_of_the_architecture_are_drawn(visit: Page) -> None:
    visit.goto("architecture.html")
    expect(visit.locator(".mermaid svg")).to_have_count(2)
    expect(visit.locator(".mermaid svg .node")).not_to_have_count(0)
    expect(visit.locator(".mermaid svg").nth(0)).to_contain_text("EventDispatch")
    expect(visit.locator(".mermaid svg").nth(1)).to_contain_text("WebhookWake: what now?")


def test_a_page_is_found_by_its_words_and_names_the_version(visit: Page) -> None:
    visit.goto("index.html")
    expect(visit).to_have_title(re.compile(f"Dynamics webhook hub {re.escape(__version__)}$"))
    visit.keyboard.press("Control+k")
    visit.keyboard.type("dead letter")
    visit.get_by_text("Patterns and where they live").first.click()
    expect(visit).to_have_url(re.compile("architecture.html.*#patterns-and-where-they-live"))


def test_code_of_a_receiver_can_be_read(visit: Page) -> None:
    visit.goto("receivers.html")
    expect(visit.locator("pre").filter(has_text="def verify_standard")).to_be_visible()
    expect(visit.locator("pre").filter(has_text="public static void VerifyStandard")).to_be_visible()

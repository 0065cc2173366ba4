"""The policy is really on: what it forbids fails in the browser, and is told."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.watching import Watch
from tests.e2e.running import RunningApp
from tests.fakes.server import FakeServer, Received, Reply

# Not for ever: what a browser tells once, it may not tell again.
_UNTIL_VIOLATED = """new Promise((resolve) => {
    const look = (left) => window.violations.length || !left ? resolve() : setTimeout(look, 10, left - 1);
    look(300);
})"""


@pytest.fixture
def watched(browser: Browser, app: RunningApp) -> Iterator[tuple[Page, Watch]]:
    """The page, and what is seen in it; here faults are what a test looks for."""
    context = browser.new_context(base_url=app.url)
    watch = Watch(app.url, ())
    watch.over(context)
    page = context.new_page()
    page.goto("/api/console")
    page.get_by_role("heading", name="Sign in").wait_for()
    yield page, watch
    context.close()


def told(page: Page, watch: Watch) -> list[str]:
    """What is seen, once there is a violation."""
    page.evaluate(_UNTIL_VIOLATED)
    return watch.collect(page.context)


@pytest.mark.parametrize(
    ("program", "directive"),
    [
        ("eval('window.pwned = 1')", "require-trusted-types-for"),
        ("new Function('window.pwned = 1')()", "require-trusted-types-for"),
        ("document.body.innerHTML = '<b>bold</b>'", "require-trusted-types-for"),
        ("document.write('<b>bold</b>')", "require-trusted-types-for"),
        ("trustedTypes.createPolicy('mine', {createHTML: (text) => text})", "trusted-types"),
        (
            "const own = document.createElement('script'); own.text = 'window.pwned = 1'; document.head.append(own)",
            "",
        ),
        (
            "const own = document.createElement('style'); own.textContent = 'p {}'; document.head.append(own)",
            "style-src-elem",
        ),
        ("document.body.setAttribute('style', 'color: red')", "style-src-attr"),
        ("document.body.setAttribute('onclick', 'window.pwned = 1'); document.body.click()", ""),
    ],
)
def test_what_is_forbidden_fails_and_is_told(watched: tuple[Page, Watch], program: str, directive: str) -> None:
    page, watch = watched
    # Later, as the page's own program: the policy does not judge that of the debugger.
    page.evaluate(f"setTimeout(() => {{ try {{ {program} }} catch (error) {{ window.refused = String(error); }} }}, 0)")
    faults = told(page, watch)
    assert page.evaluate("window.pwned") is None
    assert page.get_by_text("bold").count() == 0
    assert [fault for fault in faults if fault.startswith(f"violation: {directive}")]


@pytest.mark.parametrize("address", ["https://other.example/x", "http://127.0.0.1:1/x"])
def test_nobody_else_is_asked(watched: tuple[Page, Watch], address: str) -> None:
    page, watch = watched
    page.evaluate("(address) => fetch(address).catch(() => {})", address)
    assert [fault for fault in told(page, watch) if fault.startswith("violation: connect-src")]


class _Frame(FakeServer):
    """A page of another site, which puts the console into a frame."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._page = f'<!doctype html><title>Other</title><iframe src="{address}"></iframe>'.encode()

    def reply(self, request: Received) -> Reply:
        """The page."""
        return Reply(200, self._page, {"Content-Type": "text/html"})


def test_another_site_cannot_put_it_into_a_frame(browser: Browser, app: RunningApp) -> None:
    with _Frame(f"{app.url}/api/console") as other:
        page = browser.new_page()
        page.goto(other.url)
        inner = page.frames[1]
        inner.wait_for_load_state()
        assert inner.url.startswith("chrome-error://")
        page.close()

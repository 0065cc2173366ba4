"""A browser, an app, and a tab for each test, which is watched."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from devhost.azurite import Azurite
from devhost.console import sign_in_link
from page.install import are_installed, known_files
from tests.browser.chromium import SWITCHES, find_chromium
from tests.browser.watching import Watch
from tests.e2e.running import RunningApp, running_app


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, one a worker."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def app(azurite_process: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app that the tests in the browser share."""
    assert are_installed(known_files()), "the page's libraries are missing: `python -m page.install`"
    with running_app(azurite_process.connection_string, tmp_path_factory.mktemp("app")) as running:
        yield running


@pytest.fixture
def tab(browser: Browser, app: RunningApp) -> Iterator[Page]:
    """A tab of a browser that knows nothing yet. Whatever a test does, no fault may be seen in it."""
    context = browser.new_context(base_url=app.url, locale="en-GB", timezone_id="Europe/Copenhagen")
    context.set_default_timeout(10_000)
    secrets = (
        app.seed.api_key,
        app.code,
        str(app.hub.settings.console_key and app.hub.settings.console_key.get_secret_value()),
    )
    watch = Watch(app.url, secrets)
    watch.over(context)
    yield context.new_page()
    faults = watch.collect(context)
    context.close()
    assert faults == []


@pytest.fixture
def console(tab: Page, app: RunningApp) -> Page:
    """The same tab, signed in as the demo manager, who has both roles."""
    tab.goto(sign_in_link(app.url, app.seed.api_key))
    tab.get_by_role("navigation").wait_for()
    return tab

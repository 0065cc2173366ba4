"""A browser, an app, and a tab for each test, which is watched."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from devhost.azurite import Azurite
from devhost.console import sign_in_link
from page.install import are_installed, known_files
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.browser.chromium import SWITCHES, find_chromium
from tests.browser.watching import Watch
from tests.e2e.running import RunningApp, running_app
from tests.fakes.entra import TENANT

MILLISECONDS = 10_000
expect.set_options(timeout=MILLISECONDS)


# No longer than these tests: while playwright is there, a loop of asyncio runs in this thread, and no other one can.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, one a worker."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def app(azurite_process: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app that the tests in the browser share. It believes App Service Authentication, which a fake can play."""
    assert are_installed(known_files()), "the page's libraries are missing: `python -m page.install`"
    settings = {"WEBSITE_AUTH_ENABLED": "true", "ENTRA_TENANT_ID": TENANT, "ROLE_CACHE_SECONDS": "0"}
    folder = tmp_path_factory.mktemp("app")
    with running_app(azurite_process.connection_string, folder, lease_seconds=60, **settings) as running:
        yield running


@pytest.fixture
def open_tab(browser: Browser, app: RunningApp) -> Iterator[Callable[..., Page]]:
    """Opens a tab of a browser that knows nothing yet. Whatever a test does in it, no fault may be seen."""
    opened = []

    def open_(url: str = app.url, **options: object) -> Page:
        settings = {"locale": "en-GB", "timezone_id": "Europe/Copenhagen", "base_url": url, **options}
        context = browser.new_context(**settings)  # type: ignore[arg-type] # what a test wants of it
        context.set_default_timeout(MILLISECONDS)
        watch = Watch(url, secrets_of(app))
        watch.over(context)
        opened.append((context, watch))
        return context.new_page()

    yield open_
    faults = [fault for context, watch in opened for fault in watch.collect(context)]
    for context, _ in opened:
        context.close()
    assert faults == []


def secrets_of(app: RunningApp) -> tuple[str, ...]:
    """What must stand in no address."""
    console_key = app.hub.settings.console_key
    assert console_key is not None
    return app.seed.api_key, app.code, console_key.get_secret_value()


@pytest.fixture
def tab(open_tab: Callable[..., Page]) -> Page:
    """A tab of a browser that knows nothing yet."""
    return open_tab()


@pytest.fixture
def console(tab: Page, app: RunningApp) -> Page:
    """The same tab, signed in as the demo manager, who has both roles."""
    return signed_in(tab, app)


def signed_in(tab: Page, app: RunningApp, *, api_key: str | None = None) -> Page:
    """The tab, signed in by the link of `make run`."""
    # From another page: the address of an open one would change behind the # alone, and load nothing.
    tab.goto("about:blank")
    tab.goto(sign_in_link(app.url, api_key or app.seed.api_key))
    tab.get_by_role("navigation", name="Screens").wait_for()
    # Until then the page would draw over what a test draws.
    expect(tab.get_by_role("heading", level=1)).to_be_focused()
    return tab


@pytest.fixture
def key_of(app: RunningApp) -> Callable[..., str]:
    """Gives an API key of a new user with these roles."""

    def issue(user: str, *roles: str) -> str:
        for role in roles:
            TableRoles(app.hub.storage.table(ROLES_TABLE)).grant(user, role)
        return app.hub.api_keys.issue(user)[0]

    return issue

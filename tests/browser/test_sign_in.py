"""Signing in, as people do it."""

from playwright.sync_api import Page, expect

from devhost.console import sign_in_link
from tests.e2e.running import RunningApp


def test_a_link_signs_in_and_leaves_no_trace_in_the_address(tab: Page, app: RunningApp) -> None:
    tab.goto(sign_in_link(app.url, app.seed.api_key))
    expect(tab.get_by_role("navigation")).to_be_visible()
    assert tab.url == f"{app.url}/api/console"

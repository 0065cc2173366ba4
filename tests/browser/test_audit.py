"""The audit: who did what, for administrators."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from shared.audit.entry import AuditEntry, Outcome
from shared.clock import now
from tests.browser.conftest import signed_in
from tests.browser.looks import wrong_with
from tests.browser.test_hostile_text import ATTACKS, dangerous
from tests.e2e.running import RunningApp


def show(tab: Page, address: str = "#/audit") -> None:
    tab.evaluate("(hash) => { location.hash = hash; }", address)
    expect(tab.get_by_role("heading", name="Audit", exact=True)).to_be_visible()
    expect(tab.locator("main [aria-busy=false]")).to_be_visible()


def keep(app: RunningApp, who: str, target: str, **members: object) -> None:
    app.hub.audit.keep(AuditEntry(now(), who, "webhook.update", target, Outcome.DONE, **members))  # type: ignore[arg-type] # as a test wants


def test_an_administrator_filters_by_who_target_and_time(console: Page, app: RunningApp) -> None:
    keep(app, "ann@hub.example", "webhooks/7", changed=("Secret", "State"))
    keep(app, "ben@hub.example", "webhooks/8")
    show(console)
    console.get_by_label("Who").fill("ann@hub.example")
    console.get_by_role("button", name="Filter").click()
    table = console.get_by_role("table", name="What was done, newest first")
    expect(table.get_by_role("row")).to_have_count(2)
    expect(table.get_by_role("row").nth(1)).to_contain_text("Secret, State")
    expect(table.get_by_role("link", name="webhooks/7")).to_have_attribute("href", "#/webhooks/7")
    assert console.url.endswith("#/audit?who=ann%40hub.example")
    console.get_by_label("Target").fill("webhooks/8")
    console.get_by_role("button", name="Filter").click()
    expect(console.get_by_text("Nothing passes these filters.")).to_be_visible()
    console.get_by_label("Who").fill("")
    console.get_by_label("Time").select_option("1h")
    expect(table.get_by_role("row").nth(1)).to_contain_text("ben@hub.example")
    console.reload()
    expect(table.get_by_role("row").nth(1)).to_contain_text("ben@hub.example")


def test_a_manager_is_told_the_role_and_nothing_is_fetched(
    tab: Page, app: RunningApp, key_of: Callable[..., str]
) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(urlsplit(request.url).path))
    signed_in(tab, app, api_key=key_of("mia@hub.example", "Relationship Manager"))
    tab.evaluate("location.hash = '#/audit'")
    expect(tab.get_by_text("This needs the role Webhook Administrator")).to_be_visible()
    expect(tab.get_by_role("link", name="Audit")).to_have_count(0)
    assert "/api/v1/events/audit" not in asked


def test_whatever_is_in_an_entry_is_text(console: Page, app: RunningApp) -> None:
    show(console, "#/audit?who=nobody")
    clean = dangerous(console)
    texts = [text[:200] for text in ATTACKS]
    for text in texts:
        keep(app, "eve@hub.example", text, changed=(text,))
    show(console, "#/audit?who=eve%40hub.example")
    expect(console.get_by_role("rowheader")).to_have_count(len(texts))
    shown: str = console.locator("main").evaluate("(main) => main.textContent")
    assert [text for text in texts if shown.count(text) < 2] == []
    assert (console.evaluate("window.pwned"), dangerous(console)) == (None, clean)


def test_older_entries_follow(console: Page, app: RunningApp) -> None:
    for number in range(60):
        keep(app, "max@hub.example", f"webhooks/{number}")
    show(console, "#/audit?who=max%40hub.example")
    expect(console.get_by_role("rowheader")).to_have_count(50)
    console.get_by_role("button", name="Load older").click()
    expect(console.get_by_role("rowheader")).to_have_count(60)
    expect(console.get_by_role("button", name="Load older")).to_have_count(0)


def test_nobody_is_shut_out(console: Page, app: RunningApp) -> None:
    keep(app, "ann@hub.example", "webhooks/7", changed=("Secret", "State"))
    show(console)
    assert wrong_with(console) == []

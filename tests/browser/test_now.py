"""The first screen: what is broken, since when, why, and what to press."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from shared.api.event_requests import serve_events
from shared.api.superoffice.rest import serve_rest
from shared.clock import now
from shared.delivery.pace.wakeups import WakeUp
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState
from shared.delivery.redrive import POISON_QUEUES, QUEUES, UNDISPATCHED_QUEUES
from shared.events.event import EventId
from shared.health import deep_health
from shared.hub.hub import Hub
from shared.storage.query import Query
from shared.webhooks.listing import WebhookFilter
from shared.webhooks.rows import USAGE_KEY, USAGE_TABLE, WEBHOOKS_TABLE
from shared.webhooks.webhook import WebhookState
from tests.browser.conftest import signed_in
from tests.browser.looks import wrong_with
from tests.browser.seeded import Hour, webhook
from tests.browser.test_hostile_text import ATTACKS, HIDDEN, SHOWN, dangerous
from tests.e2e.running import RunningApp, running_app
from tests.e2e.webhooks import events_of, new_event_name, patch, register, signal, state_of
from tests.fakes.receiver import Receiver, answers
from tests.support.events import make_event
from tests.support.listings import attempted, store
from tests.support.patience import eventually
from tests.support.transport import JournalTransport

DISABLED = WebhookState.TOO_MANY_ERRORS
MANY = 1100
QUIET, MOST = 20, 70
"""Transactions of a refresh: with nothing broken; with ten broken webhooks to count, one with MANY deliveries."""


@pytest.fixture(scope="module")
def app(new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app with storage of its own, for this screen shows everything. It disables a webhook after two failures."""
    settings = {
        "ROLE_CACHE_SECONDS": "0",
        "DELIVERY_DISABLE_AFTER": "2",
        "DELIVERY_DISABLE_AFTER_SECONDS": "0",
        "DELIVERY_RETRY_DELAYS": "1",
    }
    folder = tmp_path_factory.mktemp("app")
    with running_app(new_account(), folder, lease_seconds=60, **settings) as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_is_left(app: RunningApp) -> Iterator[None]:
    yield
    for name, all_ in ((WEBHOOKS_TABLE, WebhookFilter().query()), (USAGE_TABLE, Query().where("RowKey eq", USAGE_KEY))):
        table = app.hub.storage.table(name)
        for row in [*table.query(all_, select=["PartitionKey", "RowKey"])]:
            table.delete(row["PartitionKey"], row["RowKey"])


def row_of(tab: Page, name: str) -> Locator:
    """The row of a broken webhook."""
    table = tab.get_by_role("table", name="Broken within 24 hours")
    return table.get_by_role("row").filter(has=tab.get_by_role("rowheader", name=name))


def reload(tab: Page) -> None:
    tab.get_by_role("button", name="Reload").click()


def reloaded(tab: Page, row: Locator) -> bool:
    """Whether a webhook delivers again, after a reload."""
    reload(tab)
    return row.get_by_text("delivers again").count() == 1


def test_a_hub_without_webhooks_says_so_and_is_all_right(console: Page) -> None:
    expect(console.get_by_role("heading", name="Now", exact=True)).to_be_visible()
    assert console.title() == "Now - Webhook hub"
    expect(console.get_by_text("All right")).to_be_visible()
    expect(console.get_by_text("No webhook fails at this moment.")).to_be_visible()
    expect(console.get_by_text("There is no webhook yet.")).to_be_visible()
    expect(console.get_by_role("img", name="No attempt was made in 24 hours.")).to_be_visible()


def test_broken_mended_set_active_and_replayed_without_a_shell(app: RunningApp, tab: Page, receiver: Receiver) -> None:
    name = new_event_name()
    stored = register(app, receiver.url, name, Name="CRM sync")
    receiver.behave(answers(503))
    signal(app, name, 1)
    assert eventually(lambda: state_of(app, stored) == DISABLED)
    signed_in(tab, app)
    row = row_of(tab, "CRM sync")
    expect(row).to_contain_text("disabled")
    expect(row.locator("time").first).to_be_visible()
    expect(row).to_contain_text("HTTP 503")
    expect(row).to_contain_text("its answer is no success")
    expect(tab.get_by_text("One webhook fails, and no other delivers")).to_be_visible()
    expect(row.get_by_role("link", name="1 held")).to_be_visible()
    address = row.get_by_role("link", name="1 held").get_attribute("href") or ""
    assert address.startswith(f"#/deliveries?webhook={stored['WebhookId']}&state=held&since=")

    row.get_by_role("button", name="Test now").click()
    expect(row).to_contain_text("The test failed")
    row.get_by_role("button", name="Set active").click()
    expect(tab.get_by_role("alert")).to_contain_text("This was not done. CRM sync: TargetUrl: the test event failed")
    expect(row.get_by_role("button", name="Replay")).to_have_count(0)

    receiver.reset()
    row.get_by_role("button", name="Test now").click()
    expect(row).to_contain_text("The test arrived")
    row.get_by_role("button", name="Set active").click()
    dialog = tab.get_by_role("dialog", name="Replay failed and held deliveries")
    expect(dialog).to_contain_text("Replay 1 failed and held deliveries to CRM sync")
    dialog.get_by_role("button", name="Replay 1").click()
    expect(dialog).to_contain_text("Queued 1 of 1")
    dialog.get_by_role("button", name="Close").click()
    assert eventually(lambda: len(events_of(receiver.journal)) == 1)
    # The screen refreshes itself; nobody wants to wait for it here.
    assert eventually(lambda: reloaded(tab, row))
    expect(tab.get_by_text("No webhook fails at this moment.")).to_be_visible()


def test_what_is_broken_stands_first_and_the_healthy_are_folded(app: RunningApp, tab: Page) -> None:
    webhook(app, "Again", [Hour(2, delivered=3, failed=1)])
    webhook(app, "Fails", [Hour(5, failed=4, error_class="dns")], error="the host has no address", in_a_row=4)
    webhook(app, "Off", state=DISABLED, error="HTTP 410 Gone", TargetUrl="https://93.184.216.35/")
    for number in range(3):
        webhook(app, f"Well {number}", [Hour(0, delivered=2)])
    signed_in(tab, app)
    table = tab.get_by_role("table", name="Broken within 24 hours: 3 webhooks")
    expect(table.get_by_role("rowheader")).to_contain_text(["Off", "Fails", "Again"])
    expect(row_of(tab, "Fails")).to_contain_text("5 hours ago")
    expect(row_of(tab, "Fails").get_by_role("img", name="4 of 4 attempts failed in 24 hours")).to_be_visible()
    expect(tab.get_by_text("2 webhooks fail, each to a receiver of its own, and 4 others deliver")).to_be_visible()
    expect(tab.get_by_role("link", name="Well 1")).to_be_hidden()
    tab.get_by_text("3 webhooks are healthy").click()
    expect(tab.get_by_role("link", name="Well 1")).to_be_visible()
    failures = tab.get_by_role("table", name="Webhooks with most failed attempts")
    expect(failures.get_by_role("rowheader")).to_have_text(["Fails", "Again"])
    tab.get_by_text("Attempts an hour, as a table").click()
    first = tab.get_by_role("table", name="Attempts an hour").get_by_role("row").nth(1)
    expect(first.get_by_role("cell")).to_have_text(["6", "0"])
    expect(tab.get_by_role("img", name="64.3 % of 14 attempts delivered, 5 failed")).to_be_visible()


def test_messages_in_a_poison_queue_outrank_everything_and_an_administrator_puts_them_back(
    app: RunningApp, tab: Page, open_tab: Callable[..., Page], key_of: Callable[..., str]
) -> None:
    # A wake-up of a webhook that is gone: it is ours, and does nothing.
    app.hub.storage.queue("wakeups-poison").send(WakeUp(webhook_id=987654).as_text())
    signed_in(tab, app)
    expect(tab.get_by_text("1 message could not be worked on (wakeups-poison 1).")).to_be_visible()
    other = signed_in(open_tab(), app, api_key=key_of("ann@hub.example", "Relationship Manager"))
    expect(other.get_by_text("A Webhook Administrator can put them back")).to_be_visible()
    expect(other.get_by_role("button", name="Redrive")).to_have_count(0)
    tab.get_by_role("button", name="Redrive 1").click()
    dialog = tab.get_by_role("dialog", name="Redrive")
    dialog.get_by_role("button", name="Redrive 1").click()
    expect(dialog).to_contain_text("Put back 1 of 1")
    dialog.get_by_role("button", name="Close").click()
    expect(tab.get_by_text("could not be worked on")).to_have_count(0)


def test_an_administrator_alone_sees_the_hub_and_asks_for_nothing_else(
    app: RunningApp, tab: Page, key_of: Callable[..., str]
) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(urlsplit(request.url).path))
    signed_in(tab, app, api_key=key_of("root@hub.example", "Webhook Administrator"))
    expect(tab.get_by_text("All right")).to_be_visible()
    expect(tab.get_by_text("This needs the role Relationship Manager")).to_be_visible()
    assert [path for path in asked if path.startswith("/api/v1")] == []


@pytest.mark.parametrize("path", ["**/api/v1/events/stats*", "**/api/v1/Webhook*"])
def test_a_hub_that_fails_never_looks_like_one_without_failures(app: RunningApp, tab: Page, path: str) -> None:
    webhook(app, "Fails", [Hour(1, failed=1)], in_a_row=1)
    tab.route(path, _down)
    signed_in(tab, app)
    expect(tab.get_by_role("alert")).to_contain_text("This could not be loaded. Storage is away")
    expect(tab.get_by_text("No webhook fails")).to_have_count(0)
    tab.unroute(path)
    tab.get_by_role("button", name="Try again").click()
    expect(row_of(tab, "Fails")).to_be_visible()
    expect(tab.get_by_text("One webhook fails")).to_be_visible()
    tab.route(path, _down)
    reload(tab)
    expect(tab.get_by_role("alert")).to_contain_text("what you see is older")
    expect(row_of(tab, "Fails")).to_be_visible()
    expect(tab.get_by_text("One webhook fails")).to_have_count(0)
    expect(tab.get_by_text("What fails at this moment is not known. This is how it was")).to_be_visible()
    assert faded(row_of(tab, "Fails").get_by_text("failing"))
    assert not faded(tab.get_by_text("All right"))


def test_a_hub_whose_health_cannot_be_read_is_broken_and_the_rest_is_shown(app: RunningApp, tab: Page) -> None:
    webhook(app, "Fails", [Hour(1, failed=1)], in_a_row=1)
    tab.route("**/api/health*", _down)
    signed_in(tab, app)
    expect(tab.get_by_text("The hub's health could not be read: storage is away")).to_be_visible()
    expect(row_of(tab, "Fails")).to_be_visible()


def test_a_hub_that_lost_its_storage_says_so_and_not_that_all_is_right(app: RunningApp, tab: Page) -> None:
    signed_in(tab, app)
    expect(tab.get_by_text("All right")).to_be_visible()
    tab.route("**/api/**", _down)
    reload(tab)
    expect(tab.get_by_text("The hub's health could not be read: storage is away")).to_be_visible()
    for said in ("All right", "No webhook fails", "Version"):
        expect(tab.get_by_text(said)).to_have_count(0)


def faded(shown: Locator) -> bool:
    """Whether it looks as what was not loaded anew does: without its colours."""
    grey: bool = shown.evaluate(
        "(one) => { for (; one; one = one.parentElement) if (getComputedStyle(one).filter !== 'none') return true; }"
    )
    return bool(grey)


def test_a_stopped_webhook_that_holds_something_is_set_active_and_replayed(
    app: RunningApp, tab: Page, receiver: Receiver
) -> None:
    name = new_event_name()
    stored = register(app, receiver.url, name, Name="ERP")
    webhook(app, "Nothing held", state=WebhookState.STOPPED)
    patch(app, stored, State="Stopped")
    receiver.reset()
    for key in (1, 2):
        signal(app, name, key)
    signed_in(tab, app)
    row = tab.get_by_role("table", name="Stopped, with deliveries").get_by_role("row").filter(has_text="ERP")
    assert eventually(lambda: reloaded_with(tab, row.get_by_role("link", name="2 held")))
    expect(row).to_contain_text("by manager@hub.example")
    expect(row.locator("time")).to_be_visible()
    tab.get_by_text("2 webhooks are stopped").click()
    expect(tab.get_by_role("link", name="Nothing held")).to_be_visible()
    row.get_by_role("button", name="Set active").click()
    dialog = tab.get_by_role("dialog", name="Replay failed and held deliveries")
    dialog.get_by_role("button", name="Replay 2").click()
    expect(dialog).to_contain_text("Queued 2 of 2")
    dialog.get_by_role("button", name="Close").click()
    expect(row).to_have_count(0)
    assert eventually(lambda: len(events_of(receiver.journal)) == 2)


def reloaded_with(tab: Page, shown: Locator) -> bool:
    """Whether this is there, after a reload."""
    reload(tab)
    expect(tab.locator("main [aria-busy=false]")).to_be_visible()
    return shown.count() == 1


def _down(route: Route) -> None:
    route.fulfill(status=503, content_type="application/problem+json", body='{"detail": "storage is away"}')


def test_it_refreshes_itself_and_the_charts_stay_as_they_are(app: RunningApp, tab: Page) -> None:
    tab.clock.install()
    signed_in(tab, app)
    expect(tab.get_by_text("No webhook fails")).to_be_visible()
    canvas = tab.locator(".chart canvas").first.element_handle()
    webhook(app, "Fails", [Hour(1, failed=1)], in_a_row=1)
    tab.clock.run_for(16_000)
    expect(row_of(tab, "Fails")).to_be_visible()
    assert canvas.evaluate("(canvas) => canvas.isConnected")
    tab.get_by_role("link", name="Help").click()
    expect(tab.get_by_role("heading", name="Help", exact=True)).to_be_visible()
    assert tab.locator("canvas").count() == 0


def test_whatever_is_in_a_name_or_an_error_is_text(app: RunningApp, tab: Page) -> None:
    signed_in(tab, app)
    expect(tab.get_by_text("There is no webhook yet.")).to_be_visible()
    clean = dangerous(tab)
    texts = [text[:400] for text in ATTACKS]
    for text in texts:
        target = "https://93.184.216.34/" + text[:50].replace(" ", "")
        webhook(app, text, [Hour(1, failed=1)], state=DISABLED, error=text, TargetUrl=target)
    webhook(app, texts[0], state=WebhookState.STOPPED)
    webhook(app, "hidden", [Hour(1, failed=1)], in_a_row=1, error=HIDDEN.replace("\0", ""))
    reload(tab)
    expect(row_of(tab, "hidden")).to_contain_text(SHOWN.replace(r"\u{0}", ""))
    shown: str = tab.locator("main").evaluate("(main) => main.textContent")
    assert [text for text in texts if shown.count(text) < 2] == []
    buttons = tab.get_by_role("button", name="Test now")
    assert {buttons.nth(number).get_attribute("aria-label") for number in range(len(texts))} == {
        f"Test now: {text}" for text in texts
    }
    tab.get_by_role("button", name=f"Test now: {texts[0]}").click()
    expect(row_of(tab, texts[0])).to_contain_text("The test")
    assert tab.evaluate("window.pwned") is None
    assert dangerous(tab) == clean
    links: list[str] = tab.evaluate("[...document.links].map((link) => link.getAttribute('href'))")
    assert [link for link in links if not link.startswith("#/")] == []


def test_everything_is_pressed_by_keyboard(app: RunningApp, tab: Page) -> None:
    webhook(app, "Off", state=DISABLED, error="HTTP 410 Gone")
    signed_in(tab, app)
    row = row_of(tab, "Off")
    row.get_by_role("link", name="Off").focus()
    pressed = []
    for _ in range(2):
        tab.keyboard.press("Tab")
        pressed.append(tab.evaluate("document.activeElement.getAttribute('aria-label') ?? ''"))
    assert pressed == ["Test now: Off", "Set active: Off"]
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Enter")
    expect(row).to_contain_text("The test")


def test_nobody_is_shut_out(app: RunningApp, tab: Page) -> None:
    webhook(app, "Off" * 30, [Hour(3, failed=3)], state=DISABLED, error="HTTP 410 Gone", in_a_row=3)
    webhook(app, "Again", [Hour(2, delivered=3, failed=1)])
    webhook(app, "Well", [Hour(2, delivered=3)])
    signed_in(tab, app)
    expect(row_of(tab, "Again")).to_be_visible()
    for summary in tab.locator("summary").all():
        summary.click()
    assert wrong_with(tab) == []


def test_a_refresh_costs_a_bounded_number_of_transactions(app: RunningApp, tab: Page) -> None:
    webhook(app, "Well", [Hour(1, delivered=3)])
    signed_in(tab, app)
    quiet = transactions(app, refreshed(tab, "**/health*"))
    ids = [webhook(app, f"Off {number}", state=DISABLED) for number in range(12)]
    asked = refreshed(tab, f"**/counts?webhook={ids[9]}&*")
    few = transactions(app, asked)
    at = now() - timedelta(hours=1)
    events = [
        replace(make_event(), id=EventId(f"{number:08d}-0000-4000-8000-000000000000"), received_at=at)
        for number in range(MANY)
    ]
    rows = (attempted(ids[0], one, DeliveryState.FAILED, 503) for one in events)
    store(app.hub, DELIVERIES_TABLE, rows)
    many = transactions(app, asked)
    assert (quiet <= QUIET, many - few, many <= MOST) == (True, MANY // 1000, True), (quiet, few, many)


def refreshed(tab: Page, last: str) -> list[str]:
    """What one refresh asks for; `last` is among the last of it."""
    expect(tab.locator("main [aria-busy=false]")).to_be_visible()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    with tab.expect_response(last):
        reload(tab)
    expect(tab.locator("main [aria-busy=false]")).to_be_visible()
    return [*asked]


def transactions(app: RunningApp, asked: Sequence[str]) -> int:
    """What requests of the page cost, asked of the same storage by functions that know nothing yet."""
    with JournalTransport() as journal:
        hub = Hub.assemble(app.hub.settings, transport=journal)
        for url in asked:
            parts = urlsplit(url)
            path = parts.path.removeprefix("/api/v1/").removeprefix("/api/")
            headers = {"authorization": f"Bearer {app.seed.api_key}"}
            below = path.partition("/")[2]
            request = func.HttpRequest(
                "GET", url, headers=headers, params=dict(parse_qsl(parts.query)), route_params={"path": below}, body=b""
            )
            if path == "health":
                hub.callers.identify(headers)
                deep_health(hub.storage, queues=QUEUES, poison_queues=POISON_QUEUES, undispatched=UNDISPATCHED_QUEUES)
            else:
                serve = serve_rest if path.startswith("Webhook") else serve_events
                assert serve(hub, request).status_code == 200, url
        return len(journal.calls)

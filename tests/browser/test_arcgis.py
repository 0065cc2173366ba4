"""ArcGIS connections on the console's screen: all of them, enabled, disabled and deleted."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from devhost.keys import KeyStore
from devhost.launch import keys_folder
from shared.arcgis.webhook_connection import CONNECTIONS_TABLE
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.storage.query import Query
from tests.api.test_arcgis_connections import connection
from tests.browser.conftest import signed_in
from tests.browser.looks import go, wrong_with
from tests.browser.test_hostile_text import ATTACKS, HIDDEN, dangerous
from tests.e2e.arcgis import ArcGisClient, only_webhook
from tests.e2e.running import RunningApp, running_app
from tests.support.arcgis import HOOK_KEY, MANAGER, ArcGisOrganization, running_organization

NOT_ALLOWED = "you must be able to manage the feature service"


@pytest.fixture(scope="module")
def organization() -> Iterator[ArcGisOrganization]:
    with running_organization() as running:
        yield running


@pytest.fixture(scope="module")
def app(
    organization: ArcGisOrganization, new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("app")
    KeyStore(keys_folder(folder)).set_function_key("WebhookConnections", "arcgis", HOOK_KEY)
    settings = {**organization.settings, "ROLE_CACHE_SECONDS": "0"}
    with running_app(new_account(), folder, lease_seconds=60, **settings) as running:
        TableRoles(running.hub.storage.table(ROLES_TABLE)).grant(f"arcgis:{MANAGER}", "Relationship Manager")
        yield running


@pytest.fixture
def arcgis(organization: ArcGisOrganization, app: RunningApp) -> ArcGisOrganization:
    """Nobody, nothing, and no connection is there yet."""
    organization.reset()
    table = app.hub.storage.table(CONNECTIONS_TABLE)
    for row in list(table.query(Query())):
        table.delete(row["PartitionKey"], row["RowKey"])
    return organization


@pytest.fixture
def client(app: RunningApp, arcgis: ArcGisOrganization) -> ArcGisClient:
    """Who made a connection, and manages the service."""
    return ArcGisClient(app, arcgis.portal.sign_in(MANAGER), uuid4().hex)


def change(tab: Page, name: str, verb: str, token: str | None = None) -> Locator:
    """Press a button of the connection called so, and confirm."""
    tab.get_by_role("button", name=f"{verb} {name}").click()
    dialog = tab.get_by_role("dialog", name=f"{verb} this connection?")
    expect(dialog).to_contain_text(name)
    if token is not None:
        dialog.get_by_label("ArcGIS token").fill(token)
    dialog.get_by_role("button", name=verb).click()
    return dialog


def test_a_connection_is_disabled_by_who_may_manage_its_service_and_by_nobody_else(
    console: Page, client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    made = client.create(arcgis.add_item(), connectionName="Parcels")
    console.get_by_role("link", name="ArcGIS").click()
    row = console.get_by_role("row").nth(1)
    for text in ("Parcels", "enabled", "the hub made its webhook", MANAGER, client.org):
        expect(row).to_contain_text(text)
    change(console, "Parcels", "Disable")
    expect(console.get_by_role("alert")).to_contain_text(NOT_ALLOWED)
    assert client.ask("GET", f"/{made}")["enabled"] is True
    dialog = change(console, "Parcels", "Disable", "no token <b>")
    expect(dialog.get_by_text("This is not an ArcGIS token.")).to_be_visible()
    console.keyboard.press("Escape")
    change(console, "Parcels", "Disable", "nobodys-token")
    expect(console.get_by_role("alert")).to_contain_text(NOT_ALLOWED)
    expect(console.get_by_role("dialog")).to_have_count(0)
    change(console, "Parcels", "Disable", client.token)
    expect(row).to_contain_text("disabled")
    shown = client.ask("GET", f"/{made}")
    assert (shown["enabled"], shown["webhookActive"], only_webhook(arcgis).is_active) == (False, False, False)
    change(console, "Parcels", "Enable", client.token)
    expect(row).to_contain_text("enabled")
    assert only_webhook(arcgis).is_active
    assert str(client.token) not in console.content()


def test_a_deleted_connection_is_gone_and_what_is_left_at_the_service_is_said(
    console: Page, client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    for name in ("First", "Second"):
        client.create(arcgis.add_item(), connectionName=name)
    go(console, "#/arcgis")
    change(console, "First", "Delete", client.token)
    expect(console.get_by_role("status").first).to_have_text("The connection is deleted.")
    expect(console.get_by_role("rowheader")).to_have_text(["Second"])
    change(console, "Second", "Delete")
    expect(console.get_by_role("alert")).to_contain_text("failed to manage webhook")
    expect(console.get_by_text("No connection yet.")).to_be_visible()
    assert client.ask("GET") == {"webhookConnections": []}


def test_many_connections_come_page_by_page_and_a_filter_stands_in_the_address(
    console: Page, app: RunningApp, arcgis: ArcGisOrganization
) -> None:
    for number in range(103):
        app.hub.arcgis.connections.create(connection("Org", f"item{number % 7}", number, enabled=number % 10 != 0))
    go(console, "#/arcgis")
    rows = console.get_by_role("rowheader")
    expect(rows).to_have_count(100)
    console.get_by_role("button", name="Load more").click()
    expect(rows).to_have_count(103)
    expect(console.get_by_role("button", name="Load more")).to_have_count(0)
    console.get_by_role("button", name="Reload").click()
    expect(rows).to_have_count(103)
    console.get_by_label("State").select_option("false")
    expect(rows).to_have_count(11)
    console.reload()
    expect(rows).to_have_count(11)
    console.get_by_label("Organization").fill("Other")
    console.keyboard.press("Enter")
    expect(console.get_by_text("No connection is as the filter wants it.")).to_be_visible()
    console.get_by_label("Organization").fill("a'b")
    console.keyboard.press("Enter")
    expect(console.get_by_role("alert")).to_contain_text("orgId must be 1 to 64 letters")


def test_an_outage_keeps_the_rows_and_is_no_empty_list(
    console: Page, app: RunningApp, arcgis: ArcGisOrganization
) -> None:
    down = {"detail": "storage is out of reach", "status": 503}
    console.route("**/arcgis/connections*", lambda route: route.fulfill(status=503, json=down))
    go(console, "#/arcgis")
    expect(console.get_by_role("alert")).to_contain_text("Storage is out of reach.")
    expect(console.get_by_text("No connection yet.")).to_have_count(0)
    console.unroute("**/arcgis/connections*")
    console.get_by_role("button", name="Try again").click()
    expect(console.get_by_text("No connection yet.")).to_be_visible()


def test_where_no_organization_is_set_up_it_says_so(tab: Page, app: RunningApp, arcgis: ArcGisOrganization) -> None:
    def without_arcgis(route: Route) -> None:
        session = route.fetch()
        route.fulfill(response=session, json={**session.json(), "features": {"dynamics": False, "arcgis": False}})

    tab.route("**/api/console/session", without_arcgis)
    signed_in(tab, app)
    expect(tab.get_by_role("link", name="ArcGIS")).to_have_count(0)
    go(tab, "#/arcgis")
    expect(tab.get_by_text("No ArcGIS organization is set up on this hub")).to_be_visible()


def test_administrators_who_are_no_managers_are_told_which_role_it_takes(
    tab: Page, app: RunningApp, key_of: Callable[..., str]
) -> None:
    signed_in(tab, app, api_key=key_of("ann@hub.example", "Webhook Administrator"))
    go(tab, "#/arcgis")
    expect(tab.get_by_text("This needs the role Relationship Manager, which you do not have.")).to_be_visible()


def test_hostile_texts_are_shown_as_they_are_and_do_nothing(
    console: Page, app: RunningApp, arcgis: ArcGisOrganization
) -> None:
    go(console, "#/help")
    expect(console.get_by_role("heading", name="Help", exact=True)).to_be_visible()
    before = dangerous(console)
    texts = [text for text in ATTACKS if len(text) < 1000]
    for number, text in enumerate([*texts, HIDDEN]):
        members = {"name": text, "username": text, "fallback_username": text, "updated_by": text, "item_id": text}
        app.hub.arcgis.connections.create(connection("Org", "item", number, **members))
    go(console, "#/arcgis")
    expect(console.get_by_role("rowheader")).to_have_count(len(texts) + 1)
    shown: str = console.locator("main").evaluate("(main) => main.textContent")
    assert [text for text in texts if shown.count(text) < 4] == []
    assert r"a\u{202e}b\u{0}c" in shown
    for verb in ("Delete", "Disable"):
        console.get_by_role("button", name=verb, exact=False).first.click()
        expect(console.get_by_role("dialog")).to_contain_text(texts[0])
        assert (console.evaluate("window.pwned"), dangerous(console)) == (None, before)
        console.keyboard.press("Escape")


def test_the_screen_shuts_nobody_out(console: Page, app: RunningApp, arcgis: ArcGisOrganization) -> None:
    tab = console
    for number in range(3):
        app.hub.arcgis.connections.create(connection("Org", "item", number, enabled=number > 0))
    go(tab, "#/arcgis")
    tab.get_by_role("button", name="Disable").first.wait_for()
    wrong = {"list": wrong_with(tab)}
    tab.get_by_role("button", name="Disable").first.click()
    tab.get_by_role("dialog").get_by_label("ArcGIS token").fill("not one")
    tab.get_by_role("dialog").get_by_role("button", name="Disable").click()
    # Its button, with the mouse over it.
    tab.get_by_role("dialog").get_by_role("button", name="Disable").hover()
    wrong["dialog"] = wrong_with(tab)
    assert wrong == {"list": [], "dialog": []}

"""Signing in and out, as people do it."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from devhost.console import sign_in_link
from shared.api.console.headers import POLICY
from shared.callers.api_keys import ApiKeys
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.browser.conftest import signed_in
from tests.browser.harness import run
from tests.e2e.running import RunningApp
from tests.fakes.easy_auth import EasyAuth
from tests.fakes.entra import TENANT
from tests.support.patience import eventually

OID = "0e8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"
MANAGER = "Relationship Manager"
LIST = "import('/api/console/calls.js').then((calls) => calls.listEvents({limit: 1})).then(() => 'listed')"


def stored_key(tab: Page) -> str | None:
    key: str | None = tab.evaluate("sessionStorage.getItem('apiKey')")
    return key


def enter(tab: Page, key: str) -> None:
    tab.get_by_label("API key").fill(key)
    tab.get_by_role("button", name="Sign in", exact=True).click()


def test_a_link_signs_in_and_its_key_is_nowhere_in_the_history(tab: Page, app: RunningApp) -> None:
    tab.goto("about:blank")
    tab.goto(sign_in_link(app.url, app.seed.api_key))
    expect(tab.get_by_role("navigation", name="Screens")).to_be_visible()
    expect(tab.get_by_text("manager@hub.example")).to_be_visible()
    assert tab.url == f"{app.url}/api/console"
    assert stored_key(tab) == app.seed.api_key
    assert tab.evaluate("Object.values(localStorage).length + document.cookie.length") == 0
    tab.go_back()
    assert tab.url == "about:blank"
    tab.go_forward()
    expect(tab.get_by_text("manager@hub.example")).to_be_visible()
    assert "key=" not in tab.url


def test_a_link_pasted_into_an_open_console_signs_in_too(tab: Page, app: RunningApp) -> None:
    tab.goto("/api/console")
    expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
    tab.goto(sign_in_link(app.url, app.seed.api_key))
    expect(tab.get_by_text("manager@hub.example")).to_be_visible()
    assert tab.url == f"{app.url}/api/console"


def test_a_stranger_sees_the_ways_to_sign_in_and_nothing_else(tab: Page) -> None:
    tab.goto("/api/console#/help")
    expect(tab.get_by_role("heading", name="Sign in to the webhook hub")).to_be_visible()
    assert tab.title() == "Sign in - Webhook hub"
    expect(tab.get_by_role("navigation")).to_have_count(0)
    expect(tab.get_by_role("alert")).to_have_count(0)
    expect(tab.get_by_role("button", name="Sign in with Microsoft")).to_have_attribute(
        "href", "/.auth/login/aad?post_login_redirect_uri=/api/console"
    )


def test_a_wrong_key_is_told_and_the_right_one_leads_to_where_one_wanted(tab: Page, app: RunningApp) -> None:
    tab.goto("/api/console#/help")
    enter(tab, "hub_wrong")
    expect(tab.get_by_role("alert")).to_contain_text("You are not signed in")
    assert stored_key(tab) is None
    enter(tab, f" {app.seed.api_key} ")
    expect(tab.get_by_role("heading", name="Help", exact=True)).to_be_focused()


def test_somebody_without_a_role_is_told_so_and_sees_no_navigation(tab: Page, key_of: Callable[..., str]) -> None:
    tab.goto("/api/console")
    enter(tab, key_of("nobody@hub.example"))
    expect(tab.get_by_role("alert")).to_contain_text("nobody@hub.example has neither the role Relationship Manager nor")
    expect(tab.get_by_role("navigation")).to_have_count(0)


def test_a_new_tab_is_signed_in_and_signing_out_ends_both(console: Page, app: RunningApp) -> None:
    other = console.context.new_page()
    other.goto(f"{app.url}/api/console#/help")
    expect(other.get_by_role("heading", name="Help", exact=True)).to_be_visible()
    other.get_by_role("button", name="Sign out").click()
    for tab in (console, other):
        expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(tab.get_by_role("navigation")).to_have_count(0)
        assert stored_key(tab) is None


def test_a_key_that_is_revoked_is_asked_for_over_the_screen_which_stays_as_it_is(
    tab: Page, app: RunningApp, key_of: Callable[..., str]
) -> None:
    first = signed_in(tab, app, api_key=key_of("ann@hub.example", MANAGER))
    first.evaluate("document.querySelector('main').append(document.createElement('textarea'))")
    first.get_by_role("textbox").fill("half a form")
    revoke_all(app, "ann@hub.example")
    first.evaluate(f"void (window.listing = {LIST})")
    dialog = first.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    first.keyboard.press("Escape")
    first.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    enter(first, "hub_wrong")
    expect(dialog.get_by_role("alert")).to_have_text("the API key is unknown, or not this user's")
    enter(first, key_of("ann@hub.example", MANAGER))
    expect(dialog).to_have_count(0)
    assert first.evaluate("window.listing") == "listed"
    expect(first.get_by_role("textbox")).to_have_value("half a form")


def revoke_all(app: RunningApp, user: str) -> None:
    api_keys: ApiKeys = app.hub.api_keys
    for key in api_keys.list():
        if key.user == user:
            api_keys.revoke(key.id)


def test_what_an_ended_key_is_answered_late_neither_asks_again_nor_forgets_the_new_one(
    tab: Page, app: RunningApp, key_of: Callable[..., str]
) -> None:
    signed_in(tab, app, api_key=key_of("ann@hub.example", MANAGER))
    held: list[Route] = []
    tab.route("**/api/v1/events?limit=7", lambda route: route.continue_() if held else held.append(route))
    tab.evaluate(f"void (window.slow = {LIST.replace('limit: 1', 'limit: 7')})")
    assert eventually(lambda: tab.evaluate("true") and len(held) == 1)
    revoke_all(app, "ann@hub.example")
    tab.evaluate(f"void (window.listing = {LIST})")
    dialog = tab.get_by_role("dialog", name="Sign in again")
    key = key_of("ann@hub.example", MANAGER)
    enter(tab, key)
    expect(dialog).to_have_count(0)
    held[0].fulfill(status=401, json={"detail": "the API key is unknown, or not this user's"})
    assert tab.evaluate("window.slow") == "listed"
    expect(dialog).to_have_count(0)
    assert stored_key(tab) == key


def test_of_two_tries_to_sign_in_the_later_one_counts_whatever_comes_of_the_earlier(tab: Page, app: RunningApp) -> None:
    tab.goto("/api/console")
    expect(tab.get_by_label("API key")).to_be_visible()
    held: list[Route] = []
    is_wrong = "Bearer hub_wrong"

    def hold(route: Route) -> None:
        if route.request.headers.get("authorization") == is_wrong:
            held.append(route)
        else:
            route.continue_()

    tab.route("**/api/console/session", hold)
    enter(tab, "hub_wrong")
    assert eventually(lambda: tab.evaluate("true") and len(held) == 1)
    enter(tab, app.seed.api_key)
    navigation = tab.get_by_role("navigation", name="Screens")
    expect(navigation).to_be_visible()
    with tab.expect_response("**/api/console/session") as answered:
        held[0].continue_()
    answered.value.finished()
    # Until the page has read it, and drawn what it does about it.
    run(tab, "for (let turn = 0; turn < 10; turn += 1) await new Promise((drawn) => requestAnimationFrame(drawn));")
    assert tab.evaluate(LIST) == "listed"
    expect(navigation).to_be_visible()
    assert stored_key(tab) == app.seed.api_key


def test_a_function_key_that_was_replaced_is_fetched_anew_without_a_word(console: Page) -> None:
    answers = iter([lambda route: route.fulfill(status=401, body="")])
    console.route("**/api/v1/events*", lambda route: next(answers, Route.continue_)(route))
    assert console.evaluate(LIST) == "listed"
    expect(console.get_by_role("dialog")).to_have_count(0)


def test_a_hub_that_has_no_key_to_give_is_given_one(tab: Page, app: RunningApp) -> None:
    def without_key(route: Route) -> None:
        session = route.fetch()
        route.fulfill(response=session, body=json.dumps({**session.json(), "functionKey": None}))

    tab.route("**/api/console/session", without_key)
    tab.goto("about:blank")
    tab.goto(sign_in_link(app.url, app.seed.api_key))
    dialog = tab.get_by_role("dialog", name="Function key")
    dialog.get_by_label("Function key").fill(app.code)
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog).to_have_count(0)
    assert tab.evaluate(LIST) == "listed"


@pytest.mark.parametrize("status", [0, 503])
def test_a_hub_that_does_not_answer_is_told_apart_from_a_wrong_key(tab: Page, app: RunningApp, status: int) -> None:
    def fail(route: Route) -> None:
        if status:
            route.fulfill(status=status, headers={"Content-Security-Policy": POLICY}, body="")
        else:
            route.abort()

    tab.goto("/api/health")
    tab.evaluate(f"sessionStorage.setItem('apiKey', '{app.seed.api_key}')")
    tab.route("**/api/console/session", fail)
    tab.goto("/api/console")
    expect(tab.get_by_role("alert")).to_contain_text("The hub does not answer")
    assert stored_key(tab) == app.seed.api_key
    tab.unroute("**/api/console/session")
    tab.get_by_role("button", name="Try again").click()
    expect(tab.get_by_text("manager@hub.example")).to_be_visible()


@pytest.fixture
def easy_auth(app: RunningApp) -> Iterator[EasyAuth]:
    with EasyAuth(app.url, tenant=TENANT, oid=OID) as running:
        yield running


def test_microsofts_sign_in_leads_back_and_needs_no_api_key(
    easy_auth: EasyAuth, app: RunningApp, open_tab: Callable[..., Page]
) -> None:
    TableRoles(app.hub.storage.table(ROLES_TABLE)).grant(OID, MANAGER)
    tab = open_tab(easy_auth.url)
    tab.goto("/api/console")
    tab.get_by_role("button", name="Sign in with Microsoft").click()
    expect(tab.get_by_text(OID)).to_be_visible()
    assert stored_key(tab) is None
    assert tab.evaluate(LIST) == "listed"
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("button", name="Sign in with Microsoft")).to_be_visible()
    tab.reload()
    expect(tab.get_by_role("button", name="Sign in with Microsoft")).to_be_visible()


def test_microsofts_user_without_a_role_can_become_another(
    easy_auth: EasyAuth, app: RunningApp, open_tab: Callable[..., Page]
) -> None:
    TableRoles(app.hub.storage.table(ROLES_TABLE)).revoke(OID, MANAGER)
    tab = open_tab(easy_auth.url)
    tab.goto("/.auth/login/aad?post_login_redirect_uri=/api/console")
    expect(tab.get_by_role("alert")).to_contain_text("has neither the role")
    tab.get_by_role("link", name="Sign out of Microsoft").click()
    expect(tab.get_by_role("alert")).to_have_count(0)

"""Days on which the hub, the network, the clock or the person is not as one would wish."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from shared.api.console.headers import POLICY
from shared.clock import now
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.browser.conftest import signed_in
from tests.browser.harness import run, show_list
from tests.browser.looks import go
from tests.browser.test_dialogs import ASK
from tests.e2e.running import RunningApp
from tests.support.patience import eventually

MANAGER, ADMINISTRATOR = "Relationship Manager", "Webhook Administrator"
EVENT = "0e8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"
SCREENS = [
    "#/",
    "#/webhooks",
    "#/webhooks/7",
    "#/webhooks/7/edit",
    "#/events",
    f"#/events/{EVENT}",
    "#/deliveries",
    f"#/events/{EVENT}/deliveries/7",
    "#/arcgis",
    "#/audit",
]


def answer(tab: Page, status: int, body: str, **headers: str) -> None:
    """From now on every call of the hub is answered so; `tab.unroute(CALLS)` ends it."""
    tab.unroute("**/api/v1/**")
    tab.route("**/api/v1/**", lambda route: route.fulfill(status=status, body=body, headers=headers))


@pytest.mark.parametrize("body", ["<html>Sign in</html>", "null", "[{}]", '{"value": {}, "error": {"details": 1}}'])
def test_what_is_no_answer_of_the_hub_never_looks_like_an_empty_list(console: Page, body: str) -> None:
    answer(console, 200, body)
    for screen in SCREENS:
        go(console, screen)
        expect(console.get_by_role("alert").first).to_contain_text("The answer is none of the hub's")
        expect(console.locator(".empty, table")).to_have_count(0)
    console.unroute("**/api/v1/**")
    console.get_by_role("button", name="Reload").click()
    expect(console.get_by_role("alert")).to_have_count(0)


def test_a_refusal_of_any_shape_is_told_with_what_it_says(console: Page) -> None:
    for status, body, text in [
        (500, "<h1>Server Error</h1>", "The hub answered with status 500."),
        (429, '{"errors": 7, "error": {"details": {"a": 1}}}', "status 429. The hub asks to wait 7 s."),
        (503, '{"detail": "storage is away", "errors": [null]}', "Storage is away. The hub asks to wait 7 s."),
    ]:
        answer(console, status, body, **{"Retry-After": "7"})
        go(console, f"#/audit?who={status}")
        expect(console.get_by_role("alert")).to_contain_text(text)


def test_an_action_without_an_answer_may_have_been_done(console: Page) -> None:
    console.route("**/api/v1/Webhook/7", lambda route: route.abort())
    told = run(console, "return import('/api/console/calls.js').then((c) => c.deleteWebhook(7)).catch(String);")
    assert "The hub cannot be reached from here. It may have done this all the same" in str(told)


def test_a_refresh_waits_as_long_as_the_hub_asks_whatever_this_machines_clock_does(console: Page) -> None:
    console.clock.install()
    program = """
        const {poll} = await import("/api/console/live.js");
        window.calls = 0;
        window.asked = 0;
        poll({seconds: 10, isPaused: () => false, hasFailed: () => false, wait: () => window.asked,
          work: async () => { window.calls += 1; if (window.calls === 3) throw new TypeError("x"); }});
        addEventListener("unhandledrejection", (event) => event.preventDefault());
    """
    run(console, program)
    console.clock.run_for(11_000)
    assert console.evaluate("window.calls") == 1
    console.clock.set_system_time(now() - timedelta(hours=5))
    console.evaluate("window.asked = 100")
    console.clock.run_for(11_000)
    assert console.evaluate("window.calls") == 2
    console.clock.run_for(60_000)
    assert console.evaluate("window.calls") == 2
    console.clock.run_for(60_000)
    assert console.evaluate("window.calls") == 3


@pytest.mark.parametrize(("hours", "word"), [(3, "ahead of"), (-3, "behind")])
def test_times_go_by_the_hubs_clock_and_a_wrong_one_is_told(
    open_tab: Callable[..., Page], app: RunningApp, hours: int, word: str
) -> None:
    tab = open_tab()
    tab.clock.install(time=now() + timedelta(hours=hours))
    signed_in(tab, app)
    expect(tab.get_by_text(f"The clock of this machine is 3 h {word} the hub's.")).to_be_visible()
    expect(tab.locator(".freshness")).to_contain_text("second")
    with tab.expect_request("**/api/v1/events?*") as asked:
        go(tab, "#/events?last=1h")
    since = tab.evaluate("(url) => Date.parse(new URL(url).searchParams.get('since'))", asked.value.url)
    assert abs(since / 1000 - (now() - timedelta(hours=1)).timestamp()) < 600


def test_a_role_that_is_taken_away_takes_its_screens(tab: Page, app: RunningApp, key_of: Callable[..., str]) -> None:
    roles = TableRoles(app.hub.storage.table(ROLES_TABLE))
    signed_in(tab, app, api_key=key_of("kim@hub.example", MANAGER, ADMINISTRATOR))
    go(tab, "#/webhooks")
    expect(tab.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()
    # Else a refresh may find it out before the button is pressed.
    tab.get_by_role("button", name="Pause").click()
    roles.revoke("kim@hub.example", MANAGER)
    tab.get_by_role("button", name="Reload").click()
    expect(tab.get_by_text("This needs the role Relationship Manager")).to_be_visible()
    expect(tab.get_by_role("link", name="Events")).to_have_count(0)
    go(tab, "#/audit")
    expect(tab.get_by_role("heading", name="Audit", exact=True)).to_be_visible()
    tab.get_by_role("button", name="Pause").click()
    roles.revoke("kim@hub.example", ADMINISTRATOR)
    tab.get_by_role("button", name="Reload").click()
    expect(tab.get_by_role("alert")).to_contain_text("kim@hub.example has neither the role")
    expect(tab.get_by_role("navigation")).to_have_count(0)


def test_a_dialog_goes_with_its_screen_and_with_the_person(console: Page, app: RunningApp) -> None:
    go(console, "#/help")
    go(console, "#/audit")
    expect(console.get_by_role("heading", name="Audit", exact=True)).to_be_visible()
    dialog = console.get_by_role("dialog")
    run(console, ASK.replace("argument", "undefined"))
    expect(dialog).to_have_count(1)
    console.go_back()
    expect(dialog).to_have_count(0)
    run(console, "void dialogs.openDialog('Saved', () => lit.html`whsec_secret`, {isHeld: true});")
    other = console.context.new_page()
    other.goto(f"{app.url}/api/console#/help")
    other.get_by_role("button", name="Sign out").click()
    expect(dialog).to_have_count(0)
    other.close()


def test_nothing_is_said_to_whoever_comes_after_the_person_who_signed_out(console: Page) -> None:
    def replay(route: Route) -> None:
        route.fulfill(
            json={"count": 2, "replayed": 1, "more": "dryRun" not in route.request.url, "continuationToken": "t"}
        )

    console.route("**/deliveries/replay*", replay)
    go(console, "#/deliveries")
    console.get_by_role("button", name="Replay failed and held…").click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_role("button", name="Replay 2").click()
    expect(dialog).to_contain_text(re.compile("Replayed [1-9]"))
    run(console, "new BroadcastChannel('console').postMessage({signedOut: true});")
    expect(console.get_by_role("heading", name="Sign in to the webhook hub")).to_be_visible()
    # Nothing tells the end of the call that was under way; what would be said, is said a moment after it.
    console.wait_for_timeout(1000)
    assert console.locator("#status").inner_text() == ""


def test_who_leaves_a_half_filled_form_is_asked_and_nobody_else(console: Page) -> None:
    closes = "dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    dialog, name = console.get_by_role("dialog", name="Leave this form?"), console.get_by_label("Name", exact=True)
    go(console, "#/help")
    go(console, "#/webhooks/new")
    expect(name).to_be_visible()
    assert console.evaluate(closes)
    name.fill("Half")
    assert not console.evaluate(closes)
    console.get_by_role("link", name="Events").click()
    dialog.get_by_role("button", name="Cancel").click()
    console.go_back()
    expect(dialog).to_be_visible()
    console.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(name).to_have_value("Half")
    assert console.url.endswith("#/webhooks/new")
    console.get_by_role("button", name="Sign out").click()
    dialog.get_by_role("button", name="Cancel").click()
    console.get_by_role("link", name="Help").click()
    dialog.get_by_role("button", name="Leave").click()
    expect(console.get_by_role("heading", name="Help", exact=True)).to_be_visible()
    go(console, "#/webhooks/new")
    expect(name).to_have_value("")
    name.fill("Half")
    console.get_by_role("button", name="Cancel").click()
    expect(console.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()


def test_what_an_action_did_is_fetched_after_it(console: Page) -> None:
    show_list(console, "return [];")
    program = """
        let answered;
        window.answer = () => new Promise((resolve) => { answered = resolve; });
        const early = window.screen_.reload();
        const done = window.screen_.run(async () => {
          window.answer = async () => [{id: "after"}];
          await window.screen_.reload();
        });
        answered([{id: "before"}]);
        await Promise.all([early, done]);
    """
    run(console, program)
    assert console.evaluate("window.screen_.data") == [{"id": "after"}]


def test_two_presses_are_one_request(console: Page) -> None:
    asked: list[str] = []

    def slow(route: Route) -> None:
        asked.append(route.request.method)
        route.fulfill(status=503, body=json.dumps({"ErrorMessage": "storage is away"}))

    go(console, "#/webhooks/new")
    console.get_by_label("Name", exact=True).fill("Twice")
    console.route("**/api/v1/Webhook", slow)
    console.get_by_role("button", name="Save").dblclick()
    expect(console.get_by_role("alert").last).to_contain_text("torage is away")
    assert asked == ["POST"]


@pytest.mark.parametrize("key", ["ключ", "a\nb", "\U0001f4a5"])
def test_what_can_be_no_key_is_told_and_kept_nowhere(tab: Page, key: str) -> None:
    tab.goto("about:blank")
    tab.goto("/api/console")
    tab.evaluate("(key) => { location.hash = `#key=${encodeURIComponent(key)}`; }", key)
    expect(tab.get_by_role("alert")).to_contain_text("characters that no key has")
    assert tab.evaluate("sessionStorage.getItem('apiKey')") is None
    assert "key=" not in tab.url


def test_what_a_link_led_to_stays_when_an_earlier_try_ends(tab: Page) -> None:
    held: list[Route] = []
    tab.route("**/api/console/session", lambda route: held.append(route))
    tab.goto("/api/console")
    assert eventually(lambda: tab.evaluate("true") and len(held) == 1)
    tab.evaluate("location.hash = '#key=%D0%BA'")
    expect(tab.get_by_role("alert")).to_contain_text("characters that no key has")
    with tab.expect_response("**/api/console/session") as answered:
        held[0].continue_()
    answered.value.finished()
    # Until the page has read it, and drawn what it does about it.
    run(tab, "for (let turn = 0; turn < 10; turn += 1) await new Promise((drawn) => requestAnimationFrame(drawn));")
    expect(tab.get_by_role("alert")).to_contain_text("characters that no key has")


def test_an_address_that_leads_nowhere_is_not_loading_for_ever(tab: Page, app: RunningApp) -> None:
    signed_in(tab, app)
    tab.goto("about:blank")
    tab.goto("/api/console#elsewhere")
    expect(tab.get_by_role("heading", name="No such page")).to_be_visible()


def test_a_sign_in_leads_to_the_platforms_own_pages_alone(tab: Page) -> None:
    refused = {"detail": "no", "easyAuth": "javascript:window.pwned=1"}
    tab.route(
        "**/api/console/session",
        lambda route: route.fulfill(status=401, body=json.dumps(refused), headers={"Content-Security-Policy": POLICY}),
    )
    for path in ("javascript:window.pwned=1", "//evil.example/.auth/", "https://evil.example", "/.auth/../x\\y"):
        refused["easyAuth"] = path
        tab.goto("about:blank")
        tab.goto("/api/console")
        expect(tab.get_by_label("API key")).to_be_visible()
        expect(tab.get_by_role("button", name="Sign in with Microsoft")).to_have_count(0)

"""What surrounds every screen: addresses, focus, keyboard, and the three states of what is loaded."""

import re

from playwright.sync_api import Page, expect

from tests.browser.harness import run, show_list
from tests.support.cases import holds_for

ROWS = "return [{id: 'a'}, {id: 'b'}];"
DOWN = "throw Object.assign(new Error('storage does not answer'), {name: 'ApiError', status: 503, retryAfter: 5});"


def test_a_screen_has_a_title_and_its_heading_has_the_focus(console: Page) -> None:
    console.get_by_role("link", name="Help").click()
    expect(console.get_by_role("heading", name="Help", exact=True)).to_be_focused()
    assert console.title() == "Help - Webhook hub"
    expect(console.get_by_role("link", name="Help")).to_have_attribute("aria-current", "page")


@holds_for(
    "hash_",
    [
        *("#/nothing", "#/help/more", "#/%", "#/help%2Fmore", "#//x/", "#/<img src=x onerror=alert(1)>"),
        # Calls of the API, which are no events or webhooks, and ways to them.
        *("#/events/stats", "#/events/deliveries", "#/webhooks/default", "#/webhooks/../edit", "#/events/%2e%2e"),
        *("#/events/../deliveries/7", "#/events/<img>/deliveries/<img>", "#/dynamics/..", "#/webhooks/7%2F..%2F8"),
    ],
)
def test_an_address_of_nothing_says_so_and_leads_on(console: Page, hash_: str) -> None:
    console.evaluate("location.hash = '#/help'")
    expect(console.get_by_role("heading", name="Help", exact=True)).to_be_visible()
    console.evaluate("(hash) => { location.hash = hash; }", hash_)
    expect(console.get_by_role("heading", name="No such page")).to_be_visible()
    assert console.title() == "No such page - Webhook hub"
    expect(console.get_by_role("link", name="Go to the first screen")).to_have_attribute("href", "#/")


def test_back_and_forward_and_reload_lead_to_the_same_screens(console: Page) -> None:
    console.get_by_role("link", name="Help").click()
    expect(console.get_by_role("heading", name="Help", exact=True)).to_be_visible()
    console.evaluate("location.hash = '#/nothing'")
    expect(console.get_by_role("heading", name="No such page")).to_be_visible()
    console.go_back()
    expect(console.get_by_role("heading", name="Help", exact=True)).to_be_visible()
    console.reload()
    expect(console.get_by_role("heading", name="Help", exact=True)).to_be_visible()


def walk_to(tab: Page, text: str) -> None:
    """Back by the keyboard to what has this text."""
    for _ in range(12):
        if tab.evaluate("document.activeElement.textContent.trim()") == text:
            return
        tab.keyboard.press("Shift+Tab")
    raise AssertionError(f"{text} was not reached")


def test_everything_is_reached_by_keyboard_and_the_content_first_if_one_wants(console: Page) -> None:
    walk_to(console, "Skip to the content")
    expect(console.get_by_role("button", name="Skip to the content")).to_be_focused()
    expect(console.get_by_role("button", name="Skip to the content")).to_be_in_viewport()
    console.keyboard.press("Enter")
    expect(console.get_by_role("heading", level=1)).to_be_focused()
    walk_to(console, "Help")
    console.keyboard.press("Enter")
    expect(console.get_by_role("heading", name="Help", exact=True)).to_be_focused()


def test_a_list_shows_its_rows_and_how_old_they_are(console: Page) -> None:
    show_list(console, ROWS)
    expect(console.get_by_role("table", name="Events").get_by_role("rowheader")).to_have_text(["a", "b"])
    expect(console.get_by_text("Updated")).to_contain_text(re.compile("now|seconds? ago"))
    expect(console.get_by_text("30 Nov 2026, 13:00:00 CET")).to_have_count(2)


def test_nothing_found_loading_and_failed_are_three_things(console: Page) -> None:
    show_list(console, "return [];")
    expect(console.get_by_text("No events yet.")).to_be_visible()
    never = "window.answer = () => new Promise(() => {}); window.screen_.data = null;"
    run(console, f"{never} void window.screen_.reload();")
    expect(console.get_by_text("Loading…")).to_be_visible()
    show_list(console, DOWN)
    alert = console.get_by_role("alert")
    expect(alert).to_contain_text("This could not be loaded. Storage does not answer. The hub asks to wait 5 s.")
    expect(console.get_by_text("No events yet.")).to_have_count(0)
    expect(console.get_by_text("Loading…")).to_have_count(0)
    run(console, f"window.answer = async () => {{ {ROWS} }};")
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0)
    expect(console.get_by_role("rowheader")).to_have_count(2)


def test_a_refresh_that_fails_keeps_the_rows_and_says_that_they_are_older(console: Page) -> None:
    show_list(console, ROWS)
    run(console, f"window.answer = async () => {{ {DOWN} }};")
    console.get_by_role("button", name="Reload").click()
    expect(console.get_by_role("alert")).to_contain_text("could not be loaded anew; what you see is older")
    expect(console.get_by_role("rowheader")).to_have_count(2)


def test_a_choice_goes_into_the_address_and_an_empty_one_out_of_it(console: Page) -> None:
    show_list(console, ROWS)
    console.get_by_label("State").select_option("failed")
    console.wait_for_url("**#/list?state=failed")


def test_a_refresh_stops_while_nobody_looks_and_comes_at_once_afterwards(console: Page) -> None:
    program = """
        const {poll} = await import("/api/console/live.js");
        let isHidden = true, calls = 0;
        Object.defineProperty(document, "hidden", {configurable: true, get: () => isHidden});
        const work = async () => { calls += 1; };
        const polling = poll({seconds: 0.1, isPaused: () => false, hasFailed: () => false, work});
        await new Promise((wake) => setTimeout(wake, 700));
        const before = calls;
        isHidden = false;
        document.dispatchEvent(new Event("visibilitychange"));
        await Promise.resolve();
        const after = calls;
        polling.stop();
        delete document.hidden;
        return [before, after];
    """
    assert run(console, program) == [0, 1]


def test_a_role_that_is_missing_is_named(console: Page) -> None:
    run(console, "shown(frame.refused({path: '/x', label: 'Audit', roles: ['administrator'], load: null}));")
    expect(console.get_by_text("This needs the role Webhook Administrator, which you do not have.")).to_be_visible()


def test_somebody_sees_what_their_roles_open_and_their_hub_has(console: Page) -> None:
    program = """
        const routes = [{path: "/", label: "Now", roles: ["manager", "administrator"]},
          {path: "/d", label: "Dynamics", roles: ["administrator"], feature: "dynamics"},
          {path: "/w", label: "W", roles: ["manager"]},
          {path: "/w/{id}", roles: ["manager"]}, {path: "/help", label: "Help", roles: null}];
        const seen = (roles, dynamics) =>
          frame.navigation(routes, {roles, features: {dynamics}}).map((route) => route.label);
        return [seen(["manager"], true), seen(["administrator"], true), seen(["administrator"], false)];
    """
    assert run(console, program) == [["Now", "W", "Help"], ["Now", "Dynamics", "Help"], ["Now", "Help"]]

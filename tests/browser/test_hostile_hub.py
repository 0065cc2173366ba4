"""Each screen and each dialog of a hub in which every text is an attack."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import signed_in
from tests.browser.hostile_hub import SCREENS, serve
from tests.browser.looks import go
from tests.browser.test_hostile_text import ATTACKS, HIDDEN, SHOWN, dangerous
from tests.e2e.running import RunningApp

SHORT = [text for text in ATTACKS if len(text) < 1000]
ATTACK = " ".join([HIDDEN, *SHORT])
SEEN = " ".join([SHOWN, *SHORT])
LONG = "x" * 10_000
# Screens that show nothing from outside.
OWN = ("#/dynamics/ensure", "#/help", "#/webhooks/new")
IDLE = """new Promise((resolve) => {
    const isBusy = () => !document.querySelector("dialog footer") && document.querySelector("main [aria-disabled]");
    const look = (left) => (isBusy() && left ? setTimeout(look, 10, left - 1) : resolve());
    look(300);
})"""
RUNS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def settled(tab: Page, screen: str) -> None:
    go(tab, "#/nothing")
    leave = tab.get_by_role("dialog", name="Leave this form?").get_by_role("button", name="Leave")
    expect(tab.get_by_role("heading", name="No such page").or_(leave)).to_be_visible()
    if leave.count():
        leave.click()
        expect(tab.get_by_role("heading", name="No such page")).to_be_visible()
    go(tab, screen)
    expect(tab.get_by_role("heading", name="No such page")).to_have_count(0)
    tab.locator("main [aria-busy=false], main form").first.wait_for()


def assert_harmless(tab: Page, clean: int, where: str) -> None:
    assert (tab.evaluate("window.pwned"), dangerous(tab)) == (None, clean), where
    hrefs: list[str] = tab.evaluate("[...document.links].map((link) => link.getAttribute('href'))")
    assert [href for href in hrefs if not href.startswith("#/")] == [], where
    hidden = "(document.body.textContent + document.title).match(/.{0,40}[\\u202e\\u0000\\u200b].{0,40}/)?.[0] ?? null"
    assert tab.evaluate(hidden) is None, where


def test_every_text_of_every_screen_and_dialog_is_text(tab: Page, app: RunningApp) -> None:
    serve(tab, ATTACK)
    signed_in(tab, app)
    settled(tab, "#/help")
    clean = dangerous(tab)
    dialogs = set()
    for screen in SCREENS:
        settled(tab, screen)
        expect(tab.get_by_text("The page itself failed")).to_have_count(0)
        expect(tab.get_by_text("The answer is none of the hub's")).to_have_count(0)
        assert_harmless(tab, clean, screen)
        assert tab.evaluate(RUNS_OUT) <= 0, screen
        shown: str = tab.locator("main").evaluate("(main) => main.textContent")
        assert SEEN[:300] in shown or screen in OWN or screen.endswith("/edit"), screen
        presses = "main button:not(.copy, .quiet, [type=submit])"
        for place in range(tab.locator(presses).count()):
            button = tab.locator(presses).nth(place)
            if not button.is_visible():
                continue
            name = f"{screen}, {button.inner_text()}"
            button.click()
            tab.evaluate(IDLE)
            expect(tab.get_by_text("Counting…")).to_have_count(0)
            assert_harmless(tab, clean, name)
            if tab.locator("dialog").count():
                dialogs.add(tab.locator("dialog h2").inner_text())
                assert "[object" not in tab.locator("dialog").inner_text(), name
                yes = tab.locator("dialog footer button").last
                yes.click()
                tab.keyboard.press("Escape")
                tab.keyboard.press("Escape")
                expect(tab.locator("dialog")).to_have_count(0)
                assert_harmless(tab, clean, name)
    assert dialogs >= {
        "Replay deliveries",
        "Replay failed and held deliveries",
        "Delete this webhook?",
        "Rotate secret",
        "Stop this webhook?",
        "Purge events",
        "Forget the contents of this event?",
        "Delete this connection?",
        "Disable this connection?",
        "Disable this step?",
        "Redrive",
    }


def test_very_long_texts_in_long_lists_leave_the_page_usable(open_tab: Callable[..., Page], app: RunningApp) -> None:
    tab = open_tab(viewport={"width": 320, "height": 800})
    serve(tab, LONG, rows=50)
    signed_in(tab, app)
    for screen in ("#/", "#/webhooks", "#/deliveries", "#/arcgis", "#/audit"):
        settled(tab, screen)
        assert tab.evaluate(RUNS_OUT) <= 0, screen
        text: str = tab.locator("main").evaluate("(main) => main.innerText")
        # What is folded away costs no layout.
        assert len(text) < 200_000, screen

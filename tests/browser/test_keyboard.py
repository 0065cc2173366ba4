"""One whole story by keyboard alone: from signing in, by what is broken, to a bulk replay that is over."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.running import RunningApp, running_app
from tests.e2e.webhooks import events_of, new_event_name, register, signal, state_of
from tests.fakes.receiver import Receiver, answers
from tests.support.patience import eventually

MAX_TABS = 60
# What a window of 1280 pixels is at 400 %.
NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 720}
_FOCUS = """() => {
    const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
    // Of a label the texts alone, without the choices that stand in it.
    const named = one.labels?.length ? [...one.labels[0].childNodes].filter((node) => node instanceof Text) : [one];
    const name = one.getAttribute("aria-label") ?? named.map((node) => node.textContent).join("");
    return {
        name: name.replace(/\\s+/g, " ").trim(),
        isMarked: style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 1.5,
        isInView: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}"""


@pytest.fixture(scope="module")
def app(new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app with storage of its own, for *Now* shows everything. It disables a webhook after three failures."""
    settings = {"DELIVERY_DISABLE_AFTER": "3", "DELIVERY_DISABLE_AFTER_SECONDS": "0", "DELIVERY_RETRY_DELAYS": "1"}
    with running_app(new_account(), tmp_path_factory.mktemp("app"), lease_seconds=60, **settings) as running:
        yield running


def reach(tab: Page, name: str, key: str = "Tab") -> None:
    """Press the key until the focus is on what has this name. Wherever it comes by, it is in view, and marked."""
    passed = []
    for _ in range(MAX_TABS):
        tab.keyboard.press(key)
        focus = tab.evaluate(_FOCUS)
        if tab.evaluate("document.activeElement === document.body"):
            # Between the end of the page and its beginning.
            continue
        assert focus["isMarked"], f"nobody sees that the focus is on {focus['name']!r}"
        assert focus["isInView"], f"{focus['name']!r} has the focus and is out of view"
        passed.append(focus["name"])
        if focus["name"] == name:
            return
    pytest.fail(f"{name!r} is not among what {key} comes by: {passed}")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "400 %"])
def test_from_signing_in_to_a_bulk_replay_that_is_over(
    open_tab: Callable[..., Page], app: RunningApp, size: dict[str, int]
) -> None:
    # Without motion, so that a mark is there at once.
    tab = open_tab(reduced_motion="reduce", viewport=size)
    event, name = new_event_name(), f"CRM sync {size['width']}"
    with Receiver() as receiver:
        stored = register(app, receiver.url, event, Name=name)
        receiver.behave(answers(503))
        for number in range(4):
            signal(app, event, number)
        assert eventually(lambda: state_of(app, stored) == "TooManyErrors")
        receiver.reset()

        tab.goto("/api/console")
        expect(tab.get_by_role("heading", name="Sign in to the webhook hub")).to_be_focused()
        reach(tab, "API key")
        tab.keyboard.type("hub_wrong")
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("alert")).to_contain_text("You are not signed in")
        reach(tab, "API key")
        tab.keyboard.press("Control+a")
        tab.keyboard.type(app.seed.api_key)
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("heading", name="Now", exact=True)).to_be_focused()

        reach(tab, f"Test now: {name}")
        tab.keyboard.press("Space")
        expect(tab.get_by_text("The test arrived")).to_be_visible()
        reach(tab, name, "Shift+Tab")
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("heading", name=name)).to_be_focused()
        reach(tab, "Set active")
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("status").first).to_contain_text("active")

        reach(tab, "Deliveries", "Shift+Tab")
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("heading", name="Deliveries", exact=True)).to_be_focused()
        reach(tab, "State")
        tab.keyboard.type("failed or held")
        expect(tab.get_by_label("State")).to_have_value("failed,held")
        expect(tab.get_by_label("State")).to_be_focused()
        tab.go_back()
        expect(tab.get_by_label("State")).to_have_value("")
        tab.go_forward()
        expect(tab.get_by_label("State")).to_have_value("failed,held")
        reach(tab, "Replay failed and held…")
        tab.keyboard.press("Enter")
        dialog = tab.get_by_role("dialog", name="Replay deliveries")
        expect(dialog).to_contain_text("4 deliveries")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        reach(tab, "Replay 4")
        tab.keyboard.press("Enter")
        expect(dialog).to_contain_text("Replayed 4 of 4.")
        expect(dialog.get_by_role("button", name="Close")).to_be_focused()
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("button", name="Replay failed and held…")).to_be_focused()
        assert eventually(lambda: len(events_of(receiver.journal)) == 4)

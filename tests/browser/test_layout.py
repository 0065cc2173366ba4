"""Where things stand: nothing is cut off, buttons are as wide as their text, what is dangerous stands apart."""

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from tests.browser.a_day import Day, seed_day
from tests.browser.conftest import signed_in
from tests.browser.harness import run
from tests.browser.looks import Look, go, look_like
from tests.browser.pictures import SCREENS, show
from tests.e2e.running import RunningApp, running_app

WIDE, NARROW = Look("light", 1280), Look("light", 320)
LINE = 24
"""Pixels of a line of text, and some more."""
TOO_WIDE = """[...document.querySelectorAll(".scroll")]
    .filter((one) => one.checkVisibility({contentVisibilityAuto: true}) && one.scrollWidth > one.clientWidth)
    .map((one) => one.getAttribute("aria-label"))"""
STRETCHED = """[...document.querySelectorAll("main button, dialog button")].filter((one) => {
    const text = document.createRange();
    text.selectNodeContents(one);
    return one.offsetWidth > text.getBoundingClientRect().width + 40;
}).map((one) => one.textContent.trim())"""
FOOTER = """(() => {
    const footer = document.querySelector("dialog footer"), article = document.querySelector("dialog article");
    const {backgroundColor, borderTopWidth, paddingLeft} = getComputedStyle(footer);
    const [last, box] = [footer.lastElementChild, article].map((one) => one.getBoundingClientRect());
    const ends = [box.right - last.right, box.bottom - last.bottom].map(Math.round);
    return [backgroundColor, borderTopWidth, paddingLeft, ...ends];
})()"""
DANGER = """(button) => {
    const before = button.previousElementSibling?.getBoundingClientRect(), box = button.getBoundingClientRect();
    const isFilled = getComputedStyle(button).backgroundColor !== "rgba(0, 0, 0, 0)";
    return {isFilled, gap: before ? box.left - before.right : null};
}"""
CHARTS = """
    const {hourCharts} = await import("/api/console/day_charts.js");
    const plots = [], Real = window.uPlot;
    const noted = function (...given) {
      plots.push(new Real(...given));
      return plots.at(-1);
    };
    window.uPlot = Object.assign(noted, Real);
    const begun = new Date();
    begun.setMinutes(0, 0, 0);
    const at = (hour) => new Date(begun.getTime() - (23 - hour) * 3600000).toISOString();
    const hours = Array.from({length: 24}, (_, hour) => at(hour));
    const total = {delivered: hours.map((_, hour) => (hour === 12 ? 5 : 0)), failed: hours.map(() => 0),
      latency: {p50: hours.map(() => null), p95: hours.map(() => null)}};
    const screen = {signal: new AbortController().signal};
    shown(lit.html`<div class="charts">${hourCharts(screen, {hours, total}, "24 hours")}</div>`);
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    window.uPlot = Real;
    const [plot] = plots, {canvas} = plot.ctx, {left, width} = plot.bbox;
    const good = [0x0b, 0x6a, 0x0b];
    const pixels = plot.ctx.getImageData(left, 0, width, canvas.height).data;
    const columns = new Set();
    for (let at = 0; at < pixels.length; at += 4) {
      if (good.every((value, part) => pixels[at + part] === value)) columns.add((at / 4) % width);
    }
    return {greenHours: (columns.size / width) * 24, end: plot.scales.x.max, now: Date.now() / 1000,
      labels: plot.axes[0]._values, counts: plot.axes[1]._values};
"""


@pytest.fixture(scope="module")
def app(new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app with storage of its own, for what is ordinary."""
    with running_app(new_account(), tmp_path_factory.mktemp("app"), lease_seconds=60) as running:
        yield running


@pytest.fixture(scope="module")
def day(app: RunningApp) -> Day:
    """The ordinary: an afternoon with six webhooks, one of them broken."""
    return seed_day(app)


def test_tables_show_all_of_ordinary_rows_and_forms_all_of_their_buttons(
    open_tab: Callable[..., Page], app: RunningApp, day: Day
) -> None:
    # Of all zones, those without a name take most room.
    tab = signed_in(open_tab(app.url, timezone_id="Etc/GMT+11"), app)
    wrong: dict[str, object] = {}
    names = ["now", "webhooks", "webhook", "new", "events", "event", "deliveries", "delivery", "audit"]
    for name in names:
        show(tab, SCREENS[name](day))
        look_like(tab, WIDE)
        wrong[name] = tab.evaluate(TOO_WIDE), tab.evaluate(STRETCHED)
    assert wrong == {name: ([], []) for name in names}
    show(tab, SCREENS["now"](day))
    look_like(tab, NARROW)
    for text in tab.get_by_text(", as a table").all():
        text.click()
    assert tab.evaluate(TOO_WIDE) == []


def test_events_say_what_is_undone_by_its_own_mark_and_take_two_lines_each(console: Page, day: Day) -> None:
    look_like(console, WIDE)
    show(console, SCREENS["events"](day))
    row = console.get_by_role("row").filter(has_text="1 held").first
    expect(row.locator(".state.off")).to_have_text("1 held")
    expect(row.locator(".sums .state").first).to_have_text("1 held")
    tallest = max(console.locator("tbody tr").evaluate_all("(rows) => rows.map((one) => one.offsetHeight)"))
    assert tallest < 3 * LINE
    source = console.get_by_role("cell", name="dynamics/3609bbbd…").first
    expect(source.locator("[title]")).to_have_attribute("title", day.event.source)


def test_dialogs_end_alike_and_their_buttons_are_as_wide_as_their_text(console: Page, day: Day) -> None:
    look_like(console, WIDE)
    footers: list[object] = []
    for hash_, verb in (
        (f"#/webhooks/{day.broken}", "Delete"),
        (f"#/webhooks/{day.broken}", "Rotate secret"),
        ("#/deliveries", "Replay failed and held…"),
    ):
        show(console, hash_)
        console.get_by_role("button", name=verb, exact=True).click()
        console.get_by_role("dialog").get_by_role("button", name="Cancel").wait_for()
        expect(console.get_by_text("Counting…")).to_have_count(0)
        assert console.evaluate(STRETCHED) == []
        footers.append(console.evaluate(FOOTER))
        console.keyboard.press("Escape")
    assert footers == [footers[0]] * 3
    assert footers[0][0] == "rgba(0, 0, 0, 0)"  # type: ignore[index] # a list, as the program says


def test_what_is_dangerous_stands_apart_and_is_filled_only_where_it_is_confirmed(console: Page, day: Day) -> None:
    look_like(console, WIDE)
    show(console, f"#/webhooks/{day.healthy}")
    delete = console.get_by_role("button", name="Delete", exact=True)
    found = delete.evaluate(DANGER)
    assert found["isFilled"] is False
    assert found["gap"] > 2 * 8
    assert delete.evaluate("(button) => button.nextElementSibling") is None
    delete.click()
    within = console.get_by_role("dialog").get_by_role("button", name="Delete", exact=True)
    assert within.evaluate(DANGER)["isFilled"] is True
    console.keyboard.press("Escape")
    show(console, SCREENS["event"](day))
    red = console.locator("main .danger")
    expect(red).to_have_count(3)
    assert not any(one.evaluate(DANGER)["isFilled"] for one in red.all())


def test_small_bars_show_all_hours_however_narrow_their_place(console: Page) -> None:
    program = """
        const {bars, bar} = await import("/api/console/chart.js");
        const hours = Array.from({length: 24}, () => 3);
        shown(lit.html`${bars(hours, hours, "all")}${bar(7, 7)}`);
        main.style.width = "60px";
        return [...main.querySelectorAll("svg")].map((one) => {
          const box = one.getBoundingClientRect();
          const ends = [...one.querySelectorAll("rect")].map((rect) => rect.getBoundingClientRect().right);
          return Math.max(...ends) <= box.right + 0.5 && box.right <= main.getBoundingClientRect().right;
        });
    """
    assert run(console, program) == [True, True]


def test_a_chart_ends_now_and_draws_nothing_for_an_hour_without_attempts(console: Page) -> None:
    look_like(console, WIDE)
    drawn = SimpleNamespace(**run(console, CHARTS))  # type: ignore[arg-type] # an object, as the program says
    assert 0.3 < drawn.greenHours < 1.2
    assert drawn.now <= drawn.end <= drawn.now + 3600
    assert drawn.labels[-1] == "now"
    assert len(drawn.labels) > 4
    assert drawn.counts == ["0", "1", "2", "3", "4", "5"]


def test_filters_stand_in_columns_and_show_a_whole_date(console: Page, day: Day) -> None:
    show(console, SCREENS["deliveries"](day))
    natural = """(inputs) => inputs.map((one) => {
        const given = one.offsetWidth;
        one.style.width = "max-content";
        const wanted = one.offsetWidth;
        one.style.width = "";
        return wanted - given;
    })"""
    for look in (WIDE, NARROW):
        look_like(console, look)
        missing = console.locator("input[type=datetime-local]").evaluate_all(natural)
        assert len(missing) == 2
        assert max(missing) <= 0
    look_like(console, WIDE)
    boxes = console.locator(".filters > label").evaluate_all(
        "(labels) => labels.map((one) => [one.offsetLeft, one.offsetWidth])"
    )
    lefts, widths = {left for left, _ in boxes}, {width for _, width in boxes}
    assert len(lefts) in {4, 5}
    assert max(widths) - min(widths) <= 1


def test_a_delivery_belongs_to_deliveries_and_shows_its_id_and_its_times_once(
    open_tab: Callable[..., Page], app: RunningApp, day: Day
) -> None:
    tab = signed_in(open_tab(app.url, timezone_id="UTC"), app)
    show(tab, SCREENS["delivery"](day))
    current = tab.get_by_role("navigation", name="Screens").locator("[aria-current]")
    expect(current).to_have_text("Deliveries")
    expect(tab.get_by_text(day.event.id, exact=True)).to_be_visible()
    expect(tab.get_by_role("button", name="Copy id of the event")).to_be_visible()
    expect(tab.locator(".utc")).to_have_count(0)
    expect(tab.locator(".attempts time").first).to_have_text(re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z$"))
    show(tab, SCREENS["event"](day))
    expect(current).to_have_text("Events")


def test_what_was_said_goes_with_its_screen_unless_it_tells_what_led_away(console: Page) -> None:
    show(console, "#/help")
    status = console.locator("#status")
    run(console, 'const {say} = await import("/api/console/say.js"); say("Queued.");')
    expect(status).to_have_text("Queued.")
    go(console, "#/reference")
    expect(console.get_by_role("heading", level=1, name="Reference")).to_be_focused()
    expect(status).to_be_empty(timeout=1)
    run(console, 'const {say} = await import("/api/console/say.js"); say("Deleted."); location.hash = "#/help";')
    expect(console.get_by_role("heading", level=1, name="Help")).to_be_focused()
    expect(status).to_have_text("Deleted.", timeout=1)
    go(console, "#/reference")
    expect(console.get_by_role("heading", level=1, name="Reference")).to_be_focused()
    expect(status).to_be_empty(timeout=1)


def test_a_form_on_a_phone_keeps_texts_beside_their_boxes_and_shows_the_whole_choice(console: Page) -> None:
    show(console, "#/webhooks/new")
    look_like(console, NARROW)
    below = """(rows) => rows.filter((one) => one.querySelector("[type=checkbox]")).flatMap((one) => {
        const text = one.querySelector("bdi").getBoundingClientRect().left;
        return [...one.querySelector("small").getClientRects()].map((line) => line.left - text);
    })"""
    assert min(console.locator(".picker li").evaluate_all(below)) > -2
    chosen = console.get_by_label("Type")
    one_line = chosen.evaluate("(one) => one.offsetHeight")
    chosen.select_option("cloudevents-binary")
    assert chosen.evaluate("(one) => one.offsetHeight") > one_line


def test_a_wrong_clock_is_told_in_a_notice(console: Page) -> None:
    program = """
        const clock = await import("/api/console/clock.js");
        clock.noteDate(new Date(Date.now() + 3 * 3600000).toUTCString());
        const session = {user: "a", roles: [], features: {}};
        shown(frame.header({routes: [], current: null, session, onSignOut() {}, onSkip() {}}));
        clock.noteDate(new Date().toUTCString());
        return getComputedStyle(main.querySelector(".clock")).borderLeftWidth;
    """
    assert run(console, program) == "4px"

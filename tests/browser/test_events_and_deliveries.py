"""Events and deliveries, from the lists to one attempt: what is seen, what can be done, and strangers' text as text."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from shared.clock import now
from shared.delivery.attempt import Attempt
from shared.delivery.record import DeliveryState, new_record
from shared.delivery.waiting import WaitingReason
from shared.events.event import Event
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE, event_rows, log_keys
from shared.timestamps import stored_time
from tests.browser.conftest import signed_in
from tests.browser.looks import wrong_with
from tests.browser.test_hostile_text import ATTACKS, DANGEROUS, HIDDEN, SHOWN
from tests.e2e.running import RunningApp
from tests.e2e.webhooks import new_event_name, register
from tests.fakes.receiver import Receiver
from tests.support.events import make_event
from tests.support.patience import eventually

TRACE = "0af7651916cd43dd8448eb211c80319c"
EXACT = "12345678901234567890.10"
PAYLOAD = f'{{"Exact": {EXACT}, "Deep": {{"List": [1, {{}}]}}}}'.encode()
NASTY = " ".join(text for text in ATTACKS if len(text) < 1000)
IMAGE = "<img src=x onerror=window.pwned=1>"
OUTCOMES = {
    DeliveryState.FAILED: (503, "http", "Status: 503\n\nThe database is gone."),
    DeliveryState.HELD: (410, "http", "Status: 410"),
    DeliveryState.PENDING: (None, "dns", "the host has no address"),
    DeliveryState.WAITING: (429, "http", "Status: 429"),
    DeliveryState.DELIVERED: (204, "", "Status: 204"),
}


@dataclass(frozen=True)
class Story:
    """A webhook with its receiver, and an event for each state that a delivery can have."""

    app: RunningApp
    receiver: Receiver
    webhook: int
    type: str
    events: dict[DeliveryState, Event]

    def add(self, state: DeliveryState, **members: object) -> Event:
        """An event received a minute ago, its delivery in this state."""
        received = now() - timedelta(minutes=1)
        event = make_event(**{"type": self.type, "received_at": received, **members})
        for row in event_rows(event, PAYLOAD):
            self.app.hub.storage.table(EVENTS_TABLE).insert(row)
        self.app.hub.events.begin_dispatch(event, None, (self.webhook,))
        self.app.hub.events.mark_dispatched(event)
        partition, key = log_keys(event)
        dispatched_at = stored_time(received + timedelta(seconds=0.5))
        changes = {"PartitionKey": partition, "RowKey": key, "DispatchedAt": dispatched_at}
        self.app.hub.storage.table(EVENTLOG_TABLE).merge(changes)
        self.deliver(event, state, *OUTCOMES[state])
        return event

    def deliver(self, event: Event, state: DeliveryState, status: int | None, error: str, text: str) -> None:
        """The record of its delivery, after one attempt."""
        at = event.received_at + timedelta(seconds=1.2)
        made = Attempt(at, timedelta(milliseconds=42), status, error, text)
        later = (
            None
            if state in (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.HELD)
            else now() + timedelta(hours=1)
        )
        record = new_record(self.webhook, event).after(made, state, later)
        if state is DeliveryState.WAITING:
            record = replace(record, waiting_reason=WaitingReason.PAUSED, waiting_until=later)
        self.app.hub.receivers.deliveries.write(record)

    def path(self, state: DeliveryState) -> str:
        """The address of the delivery in this state."""
        return f"#/events/{self.events[state].id}/deliveries/{self.webhook}"


@pytest.fixture(scope="module")
def story(app: RunningApp) -> Iterator[Story]:
    with Receiver() as receiver:
        type_ = new_event_name()
        webhook = register(app, receiver.url, type_, Name="CRM sync")["WebhookId"]
        story = Story(app, receiver, webhook, type_, {})
        values = {"name": "Contoso", "big": 10**30, "nested": {"a": [1]}}
        for state in DeliveryState:
            story.events[state] = story.add(
                state,
                field_values=values,
                changes=("name",),
                previous_values={"name": "Contosso"},
                traceparent=f"00-{TRACE}-b7ad6b7169203331-01",
                entity_id=f"row-{state}",
            )
        yield story


def go(tab: Page, hash_: str, heading: str | re.Pattern[str]) -> None:
    tab.evaluate("(hash) => { location.hash = hash; }", hash_)
    expect(tab.get_by_role("heading", level=1, name=heading)).to_be_visible()
    expect(tab.get_by_text("Loading…")).to_have_count(0)


def rows(tab: Page) -> int:
    return tab.get_by_role("rowheader").count()


def test_from_the_list_of_deliveries_to_a_replay_and_its_success(console: Page, story: Story) -> None:
    event = story.add(DeliveryState.FAILED)
    go(console, f"#/deliveries?type={event.type}&state=failed", "Deliveries")
    row = console.get_by_role("row").filter(has=console.locator(f"a[href='#/events/{event.id}']"))
    expect(row).to_contain_text("503 http, 42 ms")
    expect(row).to_contain_text("CRM sync")
    row.get_by_role("rowheader").get_by_role("link").click()
    expect(console.get_by_role("heading", name=re.compile("^Delivery of "))).to_be_focused()
    assert console.title() == f"Delivery of {story.type} - Webhook hub"
    expect(console.get_by_text("The receiver answered 503, which is no success.")).to_be_visible()
    expect(console.get_by_role("region", name="What came of attempt 1")).to_contain_text("The database is gone.")
    expect(console.get_by_text("The request is not kept")).to_contain_text("unsigned, for no secret is set")
    expect(console.get_by_text("Delivers again to this webhook, with its target and secret of today")).to_be_visible()
    console.get_by_role("button", name="Replay").click()
    expect(console.get_by_role("status")).to_have_text("Queued. The result appears here.")
    expect(console.get_by_text("The receiver answered 2xx.")).to_be_visible(timeout=20_000)
    assert story.receiver.journal[-1].headers["x-superoffice-eventid"] == event.id


def test_what_was_delivered_meanwhile_is_not_delivered_twice(console: Page, story: Story) -> None:
    event = story.add(DeliveryState.PENDING)
    go(console, f"#/events/{event.id}/deliveries/{story.webhook}", "Delivery")
    log = story.app.hub.receivers.deliveries
    stored = log.get(story.webhook, event)
    assert stored is not None
    log.write(stored.after(Attempt(now(), timedelta(milliseconds=42), 204, "", ""), DeliveryState.DELIVERED))
    console.get_by_role("button", name="Try now").click()
    expect(console.get_by_role("status")).to_contain_text("It is delivered meanwhile")
    expect(console.get_by_role("button", name="Replay")).to_be_visible()
    replayed = log.get(story.webhook, event)
    assert replayed is not None
    assert replayed.cycle == 0


def test_each_state_says_what_it_means_and_offers_what_can_be_done(console: Page, story: Story) -> None:
    for state, says, button in [
        (DeliveryState.PENDING, "An attempt is scheduled, or is being made.", "Try now"),
        (DeliveryState.WAITING, "The receiver asked for a pause", None),
        (DeliveryState.HELD, "It stays until somebody replays it.", "Replay"),
        (DeliveryState.FAILED, "No further attempt is made by itself.", "Replay"),
    ]:
        go(console, story.path(state), "Delivery")
        expect(console.get_by_text(says)).to_be_visible()
        buttons = console.get_by_role("group", name="Actions").get_by_role("button")
        expect(buttons).to_have_text([button] if button else [])
    go(console, story.path(DeliveryState.DELIVERED), "Delivery")
    console.get_by_role("button", name="Replay").click()
    expect(console.get_by_role("dialog")).to_contain_text("has answered this event with a success already")
    console.keyboard.press("Escape")
    expect(console.get_by_role("button", name="Replay")).to_be_focused()


def test_what_passes_the_filters_is_replayed_after_its_number_was_said(console: Page, story: Story) -> None:
    type_ = new_event_name()
    ids = {story.add(DeliveryState.FAILED, type=type_).id for _ in range(3)}
    asked: list[str] = []
    console.on("request", lambda request: asked.append(request.url) if "/replay" in request.url else None)
    go(console, f"#/deliveries?type={type_}&class=http&status=5xx&webhook={story.webhook}", "Deliveries")
    assert rows(console) == 3
    console.get_by_role("button", name="Replay failed and held…").click()
    dialog = console.get_by_role("dialog")
    expect(dialog).to_contain_text("3 deliveries (failed or held, to CRM sync, error class http, status 5xx, of type")
    dialog.get_by_role("button", name="Replay 3").click()
    expect(dialog).to_contain_text("Replayed 3 of 3.")
    dialog.get_by_role("button", name="Close").click()
    assert len(asked) == 2
    for part in (f"type={type_}", "errorClass=http", "status=5xx", f"webhook={story.webhook}", "until="):
        assert all(part in url for url in asked)
    assert eventually(
        lambda: len({call.headers["x-superoffice-eventid"] for call in story.receiver.journal} & ids) == len(ids)
    )


def test_filters_lie_in_the_address_and_outlive_reload_and_the_back_button(console: Page, story: Story) -> None:
    go(console, f"#/events?type={story.type}", "Events")
    assert rows(console) >= len(DeliveryState)
    console.get_by_role("link", name="Last hour").click()
    expect(console.get_by_role("link", name="Last hour")).to_have_attribute("aria-current", "true")
    console.get_by_label("Search ids and values").fill("row-held")
    console.keyboard.press("Enter")
    expect(console.get_by_role("rowheader")).to_have_count(1)
    assert console.evaluate("location.hash") == f"#/events?type={story.type}&last=1h&q=row-held"
    console.reload()
    expect(console.get_by_role("rowheader")).to_have_count(1)
    expect(console.get_by_label("Search ids and values")).to_have_value("row-held")
    console.go_back()
    expect(console.get_by_label("Search ids and values")).to_have_value("")
    console.get_by_label("From", exact=True).fill("2026-01-31T13:00:07")
    console.get_by_label("Until").fill("2026-01-31T14:00:00")
    console.get_by_role("button", name="Filter").click()
    expect(console.get_by_text("No event passes these filters.")).to_be_visible()
    assert "since=2026-01-31T12%3A00%3A07.000Z" in console.evaluate("location.hash")
    expect(console.get_by_label("From", exact=True)).to_have_value("2026-01-31T13:00:07")


def test_a_search_says_how_far_it_looked_and_goes_on(console: Page, story: Story) -> None:
    pages = [{"value": [], "scannedUntil": "2026-01-31T12:00:00Z", "continuationToken": f"t{n}"} for n in range(5)]
    last = {
        "value": [story.events[DeliveryState.HELD].as_json()],
        "scannedUntil": "2026-01-30T12:00:00Z",
        "continuationToken": None,
    }
    answers = iter([*pages, last])
    console.route("**/v1/events?q=*", lambda route: route.fulfill(json=next(answers)))
    go(console, "#/events?q=contoso", "Events")
    expect(console.get_by_text("Nothing found so far.")).to_be_visible()
    expect(console.get_by_text("Searched back to 31 Jan 2026, 13:00:00 CET")).to_be_visible()
    console.get_by_role("button", name="Go on searching").click()
    expect(console.get_by_role("rowheader")).to_have_count(1)
    expect(console.get_by_role("button", name="Go on searching")).to_have_count(0)


@pytest.mark.parametrize("screen", ["events", "deliveries"])
def test_newer_rows_wait_for_a_press_and_the_focus_stays(tab: Page, story: Story, screen: str) -> None:
    tab.clock.install()
    type_ = new_event_name()
    story.add(DeliveryState.FAILED, type=type_)
    go(signed_in(tab, story.app), f"#/{screen}?type={type_}", screen.capitalize())
    if screen == "events":
        expect(tab.get_by_role("cell", name="1 failed")).to_be_visible()
    link = tab.get_by_role("rowheader").get_by_role("link")
    link.focus()
    story.add(DeliveryState.FAILED, type=type_, received_at=now())
    tab.clock.fast_forward(16_000)
    new = tab.get_by_role("button", name="Show 1 new row")
    expect(new).to_be_visible()
    expect(link).to_be_focused()
    assert rows(tab) == 1
    new.click()
    expect(tab.get_by_role("rowheader")).to_have_count(2)
    expect(new).to_have_count(0)
    expect(tab.get_by_role("heading", level=1)).to_be_focused()


def test_older_rows_are_added_below_those_that_are_there(console: Page, story: Story) -> None:
    type_ = new_event_name()
    for _ in range(52):
        story.add(DeliveryState.HELD, type=type_)
    for screen in ("Events", "Deliveries"):
        go(console, f"#/{screen.lower()}?type={type_}", screen)
        expect(console.get_by_role("rowheader")).to_have_count(50)
        console.get_by_role("button", name="Load older").click()
        expect(console.get_by_role("rowheader")).to_have_count(52)
        expect(console.get_by_role("button", name="Load older")).to_have_count(0)


def test_a_failed_request_never_looks_like_nothing(console: Page, story: Story) -> None:
    def fail(route: Route) -> None:
        route.fulfill(status=503, json={"detail": "storage does not answer"}, headers={"Retry-After": "5"})

    event = story.events[DeliveryState.HELD]
    for hash_ in ("#/events", "#/deliveries", f"#/events/{event.id}", story.path(DeliveryState.HELD)):
        console.route("**/v1/events**", fail)
        console.evaluate("(hash) => { location.hash = hash; }", hash_)
        expect(console.get_by_role("alert")).to_contain_text("Storage does not answer.")
        expect(console.locator(".empty")).to_have_count(0)
        console.unroute("**/v1/events**")
        console.get_by_role("button", name="Try again").click()
        expect(console.get_by_role("alert")).to_have_count(0)
        expect(console.locator("table, dl").first).to_be_visible()


def test_an_event_shows_what_happened_what_it_says_and_its_payload_to_the_last_digit(
    console: Page, story: Story, tmp_path: Path
) -> None:
    console.context.grant_permissions(["clipboard-read", "clipboard-write"])
    event = story.events[DeliveryState.PENDING]
    go(console, f"#/events/{event.id}", f"Event {event.type}")
    expect(console.locator(".timeline > li")).to_have_count(4)
    steps = console.locator(".timeline > li").all_inner_texts()
    for step, says in zip(
        steps, ["Received from dynamics/", "+500 ms", "+1.2 s", "Next attempt to CRM sync"], strict=True
    ):
        assert says in step
    assert "dispatched" in steps[1]
    assert "dns" in steps[2]
    expect(console.get_by_role("row", name="name").first).to_contain_text("Contosso")
    expect(console.get_by_role("row", name="big").first).to_contain_text(str(10**30))
    expect(console.get_by_text(TRACE)).to_be_visible()
    expect(console.get_by_role("region", name="Payload")).to_contain_text(
        f'"Exact": {EXACT},\n  "Deep": {{\n    "List": ['
    )
    console.get_by_role("button", name="Copy payload").click()
    expect(console.get_by_role("status")).to_have_text("Copied the payload.")
    assert console.evaluate("navigator.clipboard.readText()").encode() == PAYLOAD
    with console.expect_download() as download:
        console.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == f"{event.id}.json"
    download.value.save_as(tmp_path / "payload.json")
    assert (tmp_path / "payload.json").read_bytes() == PAYLOAD


def test_an_administrator_forgets_one_event_and_purges_a_row_by_its_number(console: Page, story: Story) -> None:
    one, other = (story.add(DeliveryState.FAILED, entity_id="a person") for _ in range(2))
    go(console, f"#/events/{one.id}", re.compile("^Event "))
    console.get_by_role("button", name="Forget contents…").click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_role("button", name="Forget contents").click()
    expect(dialog.get_by_text("This is not the same text.")).to_be_visible()
    dialog.get_by_label("Type forget to go on").fill("forget")
    dialog.get_by_role("button", name="Forget contents").click()
    expect(console.get_by_text("The contents of this event were forgotten.")).to_be_visible()
    expect(console.get_by_role("button", name="Forget contents…")).to_have_count(0)
    expect(console.get_by_role("button", name=re.compile("^Replay"))).to_have_count(0)
    console.get_by_role("button", name="Purge the row…").click()
    expect(dialog).to_contain_text("The contents of 1 events about connection a person are removed")
    dialog.get_by_role("button", name="Forget 1 events").click()
    expect(dialog).to_contain_text("Forgot 1 of 1.")
    dialog.get_by_role("button", name="Close").click()
    assert story.app.get(f"v1/events/{other.id}").json()["forgotten"] is True


def test_a_manager_alone_is_told_what_forgetting_needs(tab: Page, story: Story, key_of: Callable[..., str]) -> None:
    signed_in(tab, story.app, api_key=key_of("only@hub.example", "Relationship Manager"))
    go(tab, f"#/events/{story.events[DeliveryState.HELD].id}", re.compile("^Event "))
    expect(tab.get_by_text("needs the role Webhook Administrator, which you do not have")).to_be_visible()
    expect(tab.get_by_role("button", name=re.compile("Forget|Purge"))).to_have_count(0)


def test_every_text_of_a_stranger_is_shown_as_it_is_and_does_nothing(console: Page, app: RunningApp) -> None:
    with Receiver() as receiver:
        name = f"{IMAGE}{HIDDEN.replace(chr(0), '')}"[:80]
        webhook = register(app, f"{receiver.url}/%3Cimg%20src=x%3E", new_event_name(), Name=name)["WebhookId"]
        story = Story(app, receiver, webhook, f'"><script>window.pwned=1</script>{IMAGE}', {})
        values = {NASTY: NASTY, "__proto__": {IMAGE: [NASTY]}, "constructor": None, "hidden": HIDDEN, "1e400": 10**400}
        event = make_event(
            type=story.type,
            source=NASTY,
            entity=NASTY,
            entity_id=NASTY,
            initiator=NASTY,
            received_at=now(),
            field_values=values,
            changes=(NASTY,),
            values={NASTY: NASTY},
            previous_values={NASTY: NASTY},
            parameters={IMAGE: NASTY},
        )
        payload = json.dumps({NASTY: NASTY, "deep": HIDDEN}).encode()
        for row in event_rows(event, payload):
            app.hub.storage.table(EVENTS_TABLE).insert(row)
        app.hub.events.begin_dispatch(event, None, (webhook,))
        story.deliver(event, DeliveryState.FAILED, 503, "http", NASTY)
        # Not on the first screen, whose charts come when they come.
        go(console, "#/nothing", "No such page")
        before = console.locator(DANGEROUS).count()
        screens: list[tuple[str, str | re.Pattern[str], int]] = [
            ("#/events", "Events", 2),
            (f"#/events/{event.id}", re.compile("^Event "), 8),
            (f"#/deliveries?webhook={webhook}", "Deliveries", 0),
            (f"#/events/{event.id}/deliveries/{webhook}", "Delivery", 1),
        ]
        for hash_, heading, times in screens:
            go(console, hash_, heading)
            text: str = console.locator("main").evaluate("(main) => main.textContent")
            assert text.count(NASTY) >= times, hash_
            assert IMAGE in text
            assert_harmless(console, before)
        go(console, f"#/events/{event.id}", re.compile("^Event "))
        expect(console.get_by_role("row", name="hidden").first).to_contain_text(SHOWN)
        expect(console.get_by_role("row", name="__proto__").first).to_be_visible()
        console.get_by_role("button", name="Purge the row…").click()
        dialog = console.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="Forget 1 events")).to_be_visible()
        assert NASTY in str(dialog.evaluate("(dialog) => dialog.textContent"))
        assert_harmless(console, before)


ADDRESSES = [
    f"#/events?q={IMAGE}&type={IMAGE}&since={IMAGE}&last={IMAGE}",
    f"#/deliveries?webhook={IMAGE}&state={IMAGE}&class={IMAGE}&status={IMAGE}&type={IMAGE}",
]


def test_an_address_of_a_stranger_does_nothing_but_lead(console: Page) -> None:
    go(console, "#/help", "Help")
    before = console.locator(DANGEROUS).count()
    for hash_ in ADDRESSES:
        console.evaluate("(hash) => { location.hash = hash; }", hash_)
        expect(console.get_by_role("alert")).to_be_visible()
        expect(console.locator(".empty")).to_have_count(0)
        assert_harmless(console, before)
        console.evaluate("location.hash = '#/help'")
        expect(console.get_by_role("heading", name="Help", exact=True)).to_be_visible()


def assert_harmless(tab: Page, before: int) -> None:
    assert tab.evaluate("window.pwned") is None
    assert tab.locator(DANGEROUS).count() == before
    links: list[str] = tab.evaluate("[...document.links].map((link) => link.getAttribute('href'))")
    assert [link for link in links if not link.startswith("#/")] == []


def test_by_keyboard_alone_one_comes_from_the_list_to_a_dialog_and_back(console: Page, story: Story) -> None:
    go(console, f"#/events?type={story.type}&q=row-held", "Events")
    for name in ("rowheader", "button"):
        for _ in range(40):
            console.keyboard.press("Tab")
            here = (
                "document.activeElement.closest('th[scope=row]')"
                if name == "rowheader"
                else "document.activeElement.textContent.trim() === 'Replay 1 failed or held'"
            )
            if console.evaluate(f"Boolean({here})"):
                break
        console.keyboard.press("Enter")
        if name == "rowheader":
            expect(console.get_by_role("heading", level=1, name=re.compile("Event e"))).to_be_focused()
            expect(console.get_by_text("Loading…")).to_have_count(0)
    dialog = console.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    console.keyboard.press("Escape")
    expect(console.get_by_role("button", name="Replay 1 failed or held")).to_be_focused()


def test_the_screens_of_events_shut_nobody_out(console: Page, story: Story) -> None:
    wrong = {}
    for hash_, heading in (
        (f"#/events?type={story.type}&last=1h", "Events"),
        (f"#/events/{story.events[DeliveryState.PENDING].id}", re.compile("^Event ")),
        (f"#/deliveries?type={story.type}", "Deliveries"),
        (story.path(DeliveryState.FAILED), "Delivery"),
    ):
        go(console, hash_, heading)
        wrong[hash_] = wrong_with(console)
    assert wrong == {hash_: [] for hash_ in wrong}

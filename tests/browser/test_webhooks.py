"""Webhooks in the console: made, found, mended, given another secret, and deleted, as people do it."""

import base64
import hashlib
import hmac
import itertools
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from shared.clock import now
from shared.delivery.attempt import Attempt
from shared.delivery.record import DeliveryState, new_record
from shared.timestamps import stored_time
from shared.webhooks.rows import USAGE_TABLE, usage_keys
from tests.browser.looks import wrong_with
from tests.browser.seeded import Hour, webhook
from tests.browser.test_hostile_text import ATTACKS, HIDDEN, dangerous
from tests.e2e.running import RunningApp
from tests.fakes.receiver import Behaviour, Receiver, Visit, answers
from tests.fakes.server import Received
from tests.support.events import make_event

type Json = dict[str, Any]

_numbers = itertools.count(1)
OLD, DOWN = "correct horse battery staple", {"error": True, "ErrorMessage": "storage does not answer"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def name() -> str:
    """The name of a webhook, which no other test has."""
    return f"Sync {next(_numbers)}"


def create(app: RunningApp, receiver: Receiver, name: str, **members: object) -> int:
    document = {"Name": name, "Events": ["window.closed"], "TargetUrl": f"{receiver.url}/hook", **members}
    answer = app.send("POST", "v1/Webhook", document)
    assert answer.status_code == 200, answer.text
    id_: int = answer.json()["WebhookId"]
    return id_


def stored(app: RunningApp, id_: int) -> Json:
    webhook: Json = app.get(f"v1/Webhook/{id_}").json()
    return webhook


def go(tab: Page, hash_: str, heading: str | re.Pattern[str]) -> None:
    tab.evaluate("(hash) => { location.hash = hash; }", hash_)
    tab.get_by_role("heading", name=heading, level=1).wait_for()
    expect(tab.locator(".loading")).to_have_count(0)


def press(within: Page | Locator, button: str) -> None:
    within.get_by_role("button", name=button, exact=True).click()


def fail(tab: Page, path: str, status: int = 503) -> None:
    """From now on the hub answers so at this path; `tab.unroute(path)` mends it."""
    body = json.dumps(DOWN)

    def answer(route: Route) -> None:
        route.fulfill(status=status, content_type="application/json", body=body)

    tab.route(path, answer)


def standard_signature(secret: str, call: Received) -> str:
    signed = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def verifies(receiver: Receiver, *secrets: str) -> Behaviour:
    """A receiver that refuses what none of these secrets signed."""

    def behave(visit: Visit) -> None:
        call = receiver.journal[-1]
        signatures = call.headers.get("webhook-signature", "").split()
        is_signed = bool(signatures) and any(standard_signature(secret, call) in signatures for secret in secrets)
        answers(200 if is_signed else 401)(visit)

    return behave


def test_a_webhook_is_made_tested_repaired_saved_and_its_secret_shown_once(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    go(console, "#/webhooks", "Webhooks")
    console.get_by_role("button", name="New webhook").click()
    expect(console.get_by_role("heading", name="New webhook")).to_be_focused()
    press(console, "Save")
    problem = console.get_by_role("alert")
    expect(problem).to_be_focused()
    for text in ("Name is required", "Events must have", "TargetUrl is required"):
        expect(problem).to_contain_text(text)
    assert console.locator("[aria-invalid]").evaluate_all("(all) => all.map((one) => one.id)") == [
        "name",
        "targetUrl",
        "events",
    ]
    for field, text in [
        ("name", "Name is required"),
        ("targetUrl", "TargetUrl is required"),
        ("events", "Events must have the name of at least one event"),
    ]:
        expect(console.locator(f"#{field}-wrong")).to_have_text(text)
    problem.get_by_role("button", name="Name").click()
    console.keyboard.type(name)
    console.get_by_label("Target").fill(f"{receiver.url}/hook")
    console.get_by_label("Find an event, or name another").fill("connection.c")
    console.get_by_label("connection.created").check()
    console.get_by_label("Find an event, or name another").fill("Own.Event, other.event")
    console.keyboard.press("Enter")
    press(console, "Generate")
    secret = console.get_by_label("Secret", exact=True).input_value()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    press(console, "Add header")
    header = console.get_by_role("group", name="Header 1")
    header.get_by_label("Name").fill("X-Tenant")
    header.get_by_label("Value").fill("7")
    header.get_by_label("Secret").check()
    expect(console.get_by_text("Save first sends one test event")).to_be_visible()

    receiver.behave(answers(500, b"not today"))
    press(console, "Test now")
    expect(console.get_by_text("Test failed")).to_be_visible()
    expect(console.get_by_text("not today")).to_be_visible()
    press(console, "Save")
    expect(console.get_by_role("alert")).to_contain_text("the test event failed")
    assert console.locator("#targetUrl-wrong").inner_text().count("the test event failed") == 1
    receiver.behave(verifies(receiver, secret))
    press(console, "Test now")
    expect(console.get_by_text("Test succeeded")).to_be_visible()
    press(console, "Save")
    dialog = console.get_by_role("dialog", name="Saved")
    expect(dialog).to_contain_text(secret)
    console.keyboard.press("Escape")
    press(dialog, "I have the secret")
    expect(console.get_by_role("heading", name=f"Webhook {name}", exact=True)).to_be_focused()
    expect(console.get_by_text("set; never shown again")).to_be_visible()
    assert secret not in console.content()
    webhook = stored(app, int(console.url.rpartition("/")[2]))
    assert webhook["Events"] == ["connection.created", "own.event", "other.event"]
    assert (webhook["Headers"], webhook["SealedHeaders"]) == ({"X-Tenant": "********"}, ["X-Tenant"])


def test_what_was_saved_is_not_saved_or_lost_once_more(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    go(console, "#/help", "Help")
    go(console, "#/webhooks/new", "New webhook")
    console.get_by_label("Name", exact=True).fill(name)
    console.get_by_label("Target").fill(f"{receiver.url}/hook")
    console.get_by_label("Find an event, or name another").fill("a.b")
    press(console, "Add name")
    press(console, "Generate")
    press(console, "Save")
    saved = console.get_by_role("dialog", name="Saved")
    expect(saved).to_contain_text("whsec_")
    expect(console.get_by_text("Waiting for the receiver")).to_have_count(0)
    # The secret is shown once: it stays wherever one goes.
    for _ in range(2):
        console.go_back()
        expect(console.get_by_role("dialog")).to_have_count(1)
        expect(saved).to_contain_text("whsec_")
    press(saved, "I have the secret")
    expect(console.get_by_role("heading", name="Help", exact=True)).to_be_visible()
    found = app.get("v1/Webhook", nameFilter=name).json()
    assert [one["Name"] for one in found] == [name]


def test_nothing_typed_is_lost_when_a_request_fails(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    fail(console, "**/api/v1/events/types")
    go(console, "#/webhooks/new", "New webhook")
    expect(console.get_by_role("alert")).to_contain_text("names can be typed")
    console.unroute("**/api/v1/events/types")
    console.get_by_label("Name", exact=True).fill(name)
    console.get_by_label("Target").fill(f"{receiver.url}/hook")
    console.get_by_label("Find an event, or name another").fill("a.b")
    press(console, "Add name")
    press(console, "Try again")
    expect(console.get_by_label("connection.created")).to_be_visible()
    press(console, "Add property")
    console.get_by_role("group", name="Property 1").get_by_label("Name").fill("region")
    console.get_by_role("group", name="Property 1").get_by_label("Value").fill("{")
    console.get_by_role("group", name="Property 1").get_by_label("JSON").check()
    press(console, "Save")
    expect(console.locator("#properties-wrong")).to_have_text("region is not valid JSON.")
    console.get_by_role("group", name="Property 1").get_by_label("Value").fill('{"a": [1]}')
    fail(console, "**/api/v1/Webhook")
    press(console, "Save")
    expect(console.get_by_role("alert")).to_contain_text("storage does not answer")
    expect(console.get_by_label("Target")).to_have_value(f"{receiver.url}/hook")
    console.unroute("**/api/v1/Webhook")
    press(console, "Save")
    # A target with plain http is accepted with a warning.
    expect(console.get_by_role("dialog", name="Saved")).to_contain_text("TargetUrl should begin with https")
    press(console, "Close")
    expect(console.get_by_role("heading", name=f"Webhook {name}", exact=True)).to_be_visible()
    assert stored(app, int(console.url.rpartition("/")[2]))["Properties"] == {"region": {"a": [1]}}


def test_what_is_broken_says_why_and_is_mended_set_active_and_replayed(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    event = f"own.{name.replace(' ', '')}"
    id_ = create(app, receiver, name, Events=[event])
    receiver.behave(answers(410, b"gone for good"))
    assert app.send("POST", f"v1/Webhook/{event}/1", {}).status_code == 204
    go(console, f"#/webhooks/{id_}", f"Webhook {name}")
    while stored(app, id_)["State"] != "TooManyErrors":
        console.wait_for_timeout(100)
    press(console, "Reload")
    expect(console.get_by_text("Disabled by errors")).to_be_visible()
    expect(console.get_by_text("HTTP 410 Gone")).to_be_visible()
    expect(console.get_by_text("says that it wants no more events").first).to_be_visible()
    expect(console.get_by_role("link", name="1 held")).to_have_attribute(
        "href", f"#/deliveries?webhook={id_}&state=held"
    )
    expect(console.get_by_role("button", name="Replay 1 held")).to_have_count(0)
    press(console, "Set active")
    expect(console.get_by_role("alert")).to_contain_text("This was not done")
    press(console, "Test now")
    expect(console.get_by_text("gone for good")).to_be_visible()
    receiver.behave(answers())
    press(console, "Test now")
    expect(console.get_by_text("Test succeeded")).to_be_visible()
    press(console, "Set active")
    press(console, "Replay 1 held")
    dialog = console.get_by_role("dialog", name="Replay what is held")
    press(dialog, "Replay 1")
    expect(dialog).to_contain_text("Queued 1 of 1.")
    press(dialog, "Close")
    while app.get("v1/events/deliveries/counts", webhook=str(id_)).json()["delivered"] != 1:
        console.wait_for_timeout(100)
    press(console, "Reload")
    expect(console.get_by_role("link", name="1 delivered")).to_be_visible()
    over = console.get_by_role("heading", name="Last error, which is over")
    expect(over.locator("xpath=following-sibling::p").first).to_contain_text("HTTP 410 Gone")
    expect(console.get_by_text("The last success:").locator("time")).to_be_visible()
    assert [call.headers.get("x-hook-test") for call in receiver.journal][-1] is None


def test_an_edit_changes_what_was_changed_and_overwrites_nobody_unseen(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    id_ = create(app, receiver, name, Secret=OLD, Headers={"X-Key": "k"}, Description="old")
    go(console, f"#/webhooks/{id_}/edit", f"Edit webhook {name}")
    app.send("PATCH", f"v1/Webhook/{id_}", {"Description": "theirs", "ErrorsEmail": "ops@hub.example"})
    calls = len(receiver.journal)
    console.get_by_label("Description").fill("mine")
    expect(console.get_by_text("Save stores it without calling the receiver.")).to_be_visible()
    press(console, "Save")
    expect(console.get_by_role("alert")).to_contain_text("Somebody else changed this webhook meanwhile")
    expect(console.get_by_label("Description")).to_have_value("mine")
    expect(console.get_by_label("E-mail for errors")).to_have_value("ops@hub.example")
    press(console, "Save")
    press(console.get_by_role("dialog"), "Close")
    expect(console.get_by_role("heading", name=f"Webhook {name}", exact=True)).to_be_visible()
    webhook = stored(app, id_)
    assert (webhook["Description"], webhook["ErrorsEmail"], webhook["Headers"]) == (
        "mine",
        "ops@hub.example",
        {"X-Key": "********"},
    )
    assert (webhook["Secret"], len(receiver.journal)) == ("********", calls)


def test_a_property_keeps_every_digit_and_changes_beside_others(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    id_ = create(app, receiver, name, Properties={"account": 12345678901234567890, "other": 1})
    go(console, f"#/webhooks/{id_}", f"Webhook {name}")
    expect(console.get_by_role("table", name="Properties")).to_contain_text("12345678901234567890")
    go(console, f"#/webhooks/{id_}/edit", f"Edit webhook {name}")
    expect(console.get_by_role("group", name="Property 1").get_by_label("Value")).to_have_value("12345678901234567890")
    console.get_by_role("group", name="Property 2").get_by_label("Value").fill("98765432109876543210")
    press(console, "Save")
    press(console.get_by_role("dialog"), "Close")
    expect(console.get_by_role("heading", name=f"Webhook {name}", exact=True)).to_be_visible()
    assert stored(app, id_)["Properties"] == {"account": 12345678901234567890, "other": 98765432109876543210}


def test_a_rotated_secret_signs_beside_the_old_one_and_is_shown_once(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    id_ = create(app, receiver, name, Secret=OLD)
    receiver.behave(verifies(receiver, OLD))
    go(console, f"#/webhooks/{id_}", f"Webhook {name}")
    press(console, "Rotate secret")
    new = console.get_by_label("New secret", exact=True).input_value()
    press(console.get_by_role("dialog"), "Save")
    dialog = console.get_by_role("dialog", name="Saved")
    expect(dialog).to_contain_text(new)
    call = receiver.journal[-1]
    assert call.headers["webhook-signature"].split() == [standard_signature(one, call) for one in (new, OLD)]
    press(dialog, "I have the secret")
    expect(dialog).to_have_count(0)
    assert new not in console.content()
    old = console.locator("dt", has_text="Old secret signs until").locator("xpath=following-sibling::dd")
    expect(old).to_contain_text(re.compile("in (24|23) hours|tomorrow|in 1 day"))


def test_a_refusal_that_comes_after_the_dialog_was_closed_is_told_all_the_same(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    id_ = create(app, receiver, name, Secret=OLD)
    go(console, f"#/webhooks/{id_}", f"Webhook {name}")
    waiting: list[Route] = []

    def keep(route: Route) -> None:
        if route.request.method == "PATCH":
            waiting.append(route)
        else:
            route.continue_()

    console.route(f"**/api/v1/Webhook/{id_}", keep)
    press(console, "Rotate secret")
    press(console.get_by_role("dialog"), "Save")
    while not waiting:
        console.wait_for_timeout(20)
    console.keyboard.press("Escape")
    expect(console.get_by_role("dialog")).to_have_count(0)
    waiting[0].fulfill(status=503, content_type="application/json", body=json.dumps(DOWN))
    expect(console.get_by_role("alert")).to_contain_text("This was not done. Storage does not answer")


def test_a_compromised_secret_ends_at_once_whatever_the_receiver_says(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    id_ = create(app, receiver, name, Secret=OLD)
    receiver.behave(verifies(receiver, OLD))
    go(console, f"#/webhooks/{id_}", f"Webhook {name}")
    press(console, "Rotate secret")
    dialog = console.get_by_role("dialog", name="Rotate secret")
    dialog.get_by_label("is compromised").check()
    new = dialog.get_by_label("New secret", exact=True).input_value()
    press(dialog, "Save")
    expect(dialog.get_by_role("alert")).to_contain_text("The new secret was not saved")
    expect(dialog).to_contain_text("signs nothing any more")
    expect(dialog.get_by_label("New secret", exact=True)).to_have_value(new)
    assert (stored(app, id_)["State"], stored(app, id_)["Secret"]) == ("Stopped", None)
    receiver.behave(verifies(receiver, new))
    press(dialog, "Save")
    expect(console.get_by_role("dialog", name="Saved")).to_contain_text(new)
    press(console, "I have the secret")
    assert (stored(app, id_)["State"], stored(app, id_)["Secret"]) == ("Active", "********")
    call = receiver.journal[-1]
    assert call.headers["webhook-signature"] == standard_signature(new, call)


def test_the_list_is_filtered_by_its_address_and_a_failure_is_no_empty_list(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    create(app, receiver, f"{name} one", Events=["only.here"])
    create(app, receiver, f"{name} two", State="Stopped")
    go(console, "#/webhooks", "Webhooks")
    console.get_by_label("Name or target contains").fill(name.upper())
    console.keyboard.press("Enter")
    names = console.get_by_role("rowheader")
    expect(names).to_have_text([f"{name} one", f"{name} two"])
    console.get_by_label("State").select_option("Stopped")
    expect(names).to_have_text([f"{name} two"])
    console.reload()
    expect(names).to_have_text([f"{name} two"])
    console.go_back()
    expect(names).to_have_text([f"{name} one", f"{name} two"])
    console.get_by_label("Subscribes to").fill("only.here")
    press(console, "Filter")
    expect(names).to_have_text([f"{name} one"])
    fail(console, "**/api/v1/events/stats*")
    press(console, "Reload")
    expect(console.get_by_role("alert")).to_contain_text("The figures of the last 24 hours could not be loaded")
    expect(console.get_by_role("row", name=f"{name} one")).to_contain_text("unknown")
    fail(console, "**/api/v1/Webhook?*")
    press(console, "Reload")
    expect(console.get_by_role("alert").first).to_contain_text("what you see is older")
    expect(names).to_have_text([f"{name} one"])
    console.reload()
    expect(console.get_by_role("alert")).to_contain_text("This could not be loaded")
    expect(console.get_by_text("No webhook passes")).to_have_count(0)
    console.unroute("**/api/v1/Webhook?*")
    console.evaluate("location.hash = '#/webhooks?q=nothing-has-this-name'")
    expect(console.get_by_text("No webhook passes these filters.")).to_be_visible()


def test_a_webhook_is_deleted_by_keyboard_once_its_name_is_typed(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    id_ = create(app, receiver, name)
    go(console, f"#/webhooks/{id_}", f"Webhook {name}")
    console.get_by_role("button", name="Delete").focus()
    console.keyboard.press("Enter")
    expect(console.get_by_role("button", name="Cancel")).to_be_focused()
    console.keyboard.press("Escape")
    expect(console.get_by_role("button", name="Delete")).to_be_focused()
    console.keyboard.press("Enter")
    console.get_by_role("dialog").get_by_role("textbox").focus()
    console.keyboard.type(name)
    console.keyboard.press("Enter")
    expect(console.get_by_role("heading", name="Webhooks", level=1)).to_be_focused()
    assert app.get(f"v1/Webhook/{id_}").status_code == 404
    console.go_back()
    expect(console.get_by_role("alert")).to_contain_text(f"Webhook id {id_} not found")


def test_an_attack_in_any_member_is_text_on_every_screen(
    console: Page, app: RunningApp, receiver: Receiver, name: str
) -> None:
    texts = [text for text in ATTACKS if len(text) < 1000] + [HIDDEN.replace("\0", ""), "x" * 2000]
    attack = "\n".join(texts)
    short = "<img src=x onerror=window.pwned=1>\u202e&lt;b&gt;"
    receiver.behave(answers(200, attack.encode()))
    id_ = create(
        app,
        receiver,
        f"{name} {short}",
        TargetUrl=f"{receiver.url}/hook?{short.encode().hex()}#"[:-1] + '"><script>window.pwned=1</script>',
        Description=attack[:4000],
        Headers={"X-Attack": "<svg/onload=window.pwned=1>"},
        Properties={**{f"p{place} {text[:200]}": text for place, text in enumerate(texts)}, "__proto__": {"a": short}},
        ErrorAssociates=[{"Name": short}],
    )
    go(console, "#/nothing", "No such page")
    before = dangerous(console)
    shown_ = r"<img src=x onerror=window.pwned=1>\u{202e}&lt;b&gt;"
    for hash_, heading in (
        (f"#/webhooks?q={name} <img&event=&state=", "Webhooks"),
        (f"#/webhooks/{id_}", f"Webhook {name} {shown_}"),
        (f"#/webhooks/{id_}/edit", f"Edit webhook {name} {shown_}"),
    ):
        go(console, hash_, heading)
        assert shown_ in console.locator("main").inner_text()
        if heading != "Webhooks" and "edit" not in hash_:
            for text in ("<base href=//evil.example>", "{{7*7}} ${7*7}", "&lt;b&gt; &amp;amp;", "__proto__"):
                assert text in console.locator("main").inner_text()
            for button in ("Test now", "Rotate secret", "Delete"):
                press(console, button)
                console.wait_for_timeout(50)
                console.keyboard.press("Escape")
        if "edit" in hash_:
            press(console, "Test now")
            expect(console.get_by_text("Test succeeded")).to_be_visible()
        assert (console.evaluate("window.pwned"), dangerous(console)) == (None, before)
        links: list[str] = console.evaluate("[...document.links].map((link) => link.getAttribute('href'))")
        assert [link for link in links if not link.startswith("#/")] == []
    press(console, "Save")
    expect(console.get_by_role("heading", name=re.compile("^Webhook "), level=1)).to_be_visible()
    properties = stored(app, id_)["Properties"]
    assert properties["__proto__"] == {"a": short}


def test_the_screens_of_webhooks_shut_nobody_out(console: Page, app: RunningApp, receiver: Receiver, name: str) -> None:
    tab = console
    id_ = create(app, receiver, name, Secret=OLD, Headers={"X": "1"}, Properties={"a": {"b": 1}}, Description="x" * 300)
    wrong: dict[str, list[str]] = {}

    def look(what: str) -> None:
        wrong[what] = wrong_with(tab)

    go(tab, "#/webhooks", "Webhooks")
    look("list")
    fail(tab, "**/api/v1/events/deliveries*")
    go(tab, f"#/webhooks/{id_}", f"Webhook {name}")
    look("webhook, in parts")
    tab.unroute("**/api/v1/events/deliveries*")
    press(tab, "Reload")
    expect(tab.get_by_role("alert")).to_have_count(0)
    press(tab, "Test now")
    tab.get_by_text("Test succeeded").wait_for()
    look("webhook")
    press(tab, "Rotate secret")
    tab.get_by_label("is compromised").check()
    look("rotate")
    press(tab, "Cancel")
    press(tab, "Delete")
    look("delete")
    tab.keyboard.press("Escape")
    go(tab, f"#/webhooks/{id_}/edit", f"Edit webhook {name}")
    look("edit")
    go(tab, "#/webhooks/new", "New webhook")
    press(tab, "Add header")
    press(tab, "Save")
    tab.get_by_text("There is a problem").wait_for()
    look("new, with errors")
    assert wrong == {what: [] for what in wrong}


def test_a_webhook_shows_a_day_and_a_week_its_errors_and_its_last_success(console: Page, app: RunningApp) -> None:
    hours = [
        Hour(0, failed=2),
        Hour(1, delivered=3, failed=1, error_class="dns"),
        Hour(100, failed=5, error_class="tls"),
    ]
    id_ = webhook(app, "Health of a week", hours, in_a_row=2, error="HTTP 503")
    success = {"LastSuccessAt": stored_time(now() - timedelta(hours=3))}
    app.hub.storage.table(USAGE_TABLE).modify(*usage_keys(id_), lambda _: success)
    event = make_event(received_at=now())
    failed = Attempt(now(), timedelta(milliseconds=42), 503, "http", "Status: 503")
    app.hub.receivers.deliveries.write(new_record(id_, event).after(failed, DeliveryState.FAILED, None))
    go(console, f"#/webhooks/{id_}", "Webhook Health of a week")
    expect(console.locator("dt:text('Last success') + dd")).to_contain_text("3 hours ago")
    expect(console.locator("dt:text('Fails since') + dd")).to_contain_text("4 days ago")
    classes = console.get_by_role("table", name="Failed attempts of the last 24 hours, by error class")
    expect(classes.get_by_role("row")).to_have_count(3)
    expect(classes.get_by_role("link", name="dns")).to_have_attribute("href", f"#/deliveries?webhook={id_}&class=dns")
    statuses = console.get_by_role("table", name="by status")
    expect(statuses.get_by_role("link", name="503")).to_have_attribute("href", f"#/deliveries?webhook={id_}&status=503")
    expect(console.get_by_role("img", name="of 6 attempts delivered, 3 failed")).to_be_visible()
    console.get_by_role("link", name="7 days").click()
    expect(console.get_by_role("img", name="of 11 attempts delivered, 8 failed")).to_be_visible()
    console.get_by_text("Attempts an hour, as a table").click()
    expect(console.get_by_role("table", name="Attempts an hour").get_by_role("row")).to_have_count(169)
    expect(console.get_by_role("rowheader", name="tls")).to_be_visible()
    assert wrong_with(console) == []

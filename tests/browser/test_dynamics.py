"""Dataverse on the console's screens: what it posts to, what is registered, which jobs failed, and their replay."""

import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import signed_in
from tests.browser.looks import go, wrong_with
from tests.browser.test_hostile_text import ATTACKS, HIDDEN, dangerous
from tests.e2e.running import RunningApp, running_app
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.server import Reply, json_reply
from tests.support.tenant import Tenant, running_tenant

PUBLIC_URL = "http://hub.example"
NOWHERE = "http://127.0.0.1:9"
ADMINISTRATOR = "Webhook Administrator"


@pytest.fixture(scope="module")
def tenant() -> Iterator[Tenant]:
    with running_tenant() as running:
        yield running


@pytest.fixture(scope="module")
def app(
    tenant: Tenant, new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    settings = {"DATAVERSE_URL": tenant.dataverse.url, "PUBLIC_URL": PUBLIC_URL, "ROLE_CACHE_SECONDS": "0"}
    folder = tmp_path_factory.mktemp("app")
    with running_app(new_account(), folder, lease_seconds=60, **settings, **tenant.identity.environment) as running:
        yield running


@pytest.fixture
def dataverse(tenant: Tenant, app: RunningApp) -> FakeDataverse:
    """Dataverse without a webhook, which finds the app."""
    tenant.reset()
    tenant.dataverse.hosts[PUBLIC_URL] = app.url
    return tenant.dataverse


@pytest.fixture
def ids(dataverse: FakeDataverse, app: RunningApp) -> tuple[str, str]:
    """The ids of a webhook and its step, with two failed jobs, of which one is of an event that the hub takes."""
    made = app.send("POST", "v1/dynamics/webhooks/ensure", {"key": app.code}).json()
    dataverse.hosts[PUBLIC_URL] = NOWHERE
    ends = ("opportunity", str(uuid4())), ("systemuser", str(uuid4()))
    dataverse.create_connection(*ends, app.seed.manager["systemuserid"])
    return made["id"], made["steps"][0]["id"]


def failures(ids: tuple[str, str]) -> str:
    return f"#/dynamics/{ids[0]}/steps/{ids[1]}"


def test_events_are_registered_in_a_form_which_says_what_is_wrong(
    console: Page, app: RunningApp, dataverse: FakeDataverse
) -> None:
    console.get_by_role("link", name="Dynamics").click()
    expect(console.get_by_text("Dataverse has no webhook.")).to_be_visible()
    console.get_by_role("button", name="Register events").click()
    console.get_by_label("Function key").fill("short")
    console.get_by_label("Events", exact=True).fill("opportunity\nnonsense")
    console.get_by_text("More", exact=True).click()
    console.get_by_label("Address").fill("ftp://hub.example")
    console.get_by_text("More", exact=True).click()
    console.get_by_role("button", name="Register", exact=True).click()
    summary = console.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("32 to 128 characters")
    assert console.locator("#events-wrong").inner_text().count("must be a table and a verb") == 2
    summary.get_by_role("button", name="Function key").click()
    expect(console.get_by_label("Function key")).to_be_focused()
    summary.get_by_role("button", name="Address").click()
    expect(console.get_by_label("Address")).to_be_focused()
    console.get_by_label("Address").fill("")
    console.get_by_label("Function key").fill(app.code)
    console.get_by_label("Events", exact=True).fill("opportunity.updated")
    console.get_by_label("Columns").fill("name, estimatedvalue")
    console.get_by_label("With the row as it was before").check()
    console.get_by_role("button", name="Register", exact=True).click()
    expect(console.get_by_role("heading", name="Dynamics", exact=True)).to_be_focused()
    console.get_by_role("rowheader").get_by_role("link").click()
    row = console.get_by_role("row").nth(1)
    for text in ("Update of opportunity", "enabled", "async: in the background", "name, estimatedvalue"):
        expect(row).to_contain_text(text)
    [image] = dataverse.rows["sdkmessageprocessingstepimages"].values()
    assert image["attributes"] == "name,estimatedvalue"
    assert list(dataverse.secrets.values()) == [app.code]
    assert app.code not in console.content()


def test_a_step_is_disabled_after_a_warning_and_enabled_by_keyboard(
    console: Page, app: RunningApp, ids: tuple[str, str]
) -> None:
    go(console, f"#/dynamics/{ids[0]}")
    console.get_by_role("button", name="Disable Create of connection").click()
    dialog = console.get_by_role("dialog", name="Disable this step?")
    expect(dialog).to_contain_text("They cannot be replayed later.")
    console.keyboard.press("Escape")
    assert app.get(f"v1/dynamics/webhooks/{ids[0]}/steps/{ids[1]}").json()["enabled"] is True
    console.keyboard.press("Enter")
    dialog.get_by_role("button", name="Disable").click()
    expect(console.get_by_role("row").nth(1)).to_contain_text("disabled")
    console.get_by_role("button", name="Enable Create of connection").focus()
    console.keyboard.press("Enter")
    expect(console.get_by_role("status").first).to_have_text("Create of connection is enabled.")
    assert app.get(f"v1/dynamics/webhooks/{ids[0]}/steps/{ids[1]}").json()["enabled"] is True


def test_failed_jobs_say_why_and_are_replayed_all_and_one(
    console: Page, app: RunningApp, dataverse: FakeDataverse, ids: tuple[str, str]
) -> None:
    go(console, f"#/dynamics/{ids[0]}")
    console.get_by_role("link", name="Failed jobs of Create of connection").click()
    expect(console.get_by_role("heading", name="Failed jobs: Create of connection")).to_be_focused()
    rows = console.locator("tbody tr")
    expect(rows).to_have_count(2)
    for text in ("outage", "a replay may succeed", "0x80050205", "could not be sent"):
        expect(rows.first).to_contain_text(text)
    rows.first.get_by_text("What Dataverse says").click()
    expect(rows.first.get_by_role("region", name="Message of the job")).to_contain_text("Failed during http post")
    console.get_by_role("button", name="Replay all 2").click()
    dialog = console.get_by_role("dialog", name="Replay failed jobs")
    expect(dialog).to_contain_text("the rows of 2 failed jobs")
    dialog.get_by_role("button", name="Replay 2").click()
    expect(dialog).to_contain_text("Went through 2 of 2.")
    dialog.get_by_role("button", name="Close").click()
    told = console.get_by_text("Replayed since you came here:")
    expect(told).to_contain_text(re.compile("1 stored, 1 ignored|1 ignored, 1 stored"))
    stored = rows.filter(has_text="the event is stored")
    event = str(stored.get_by_role("link", name="Open the event").get_attribute("href")).removeprefix("#/events/")
    assert app.get(f"v1/events/{event}").json()["type"] == "connection.created"
    stored.get_by_role("button", name="Replay").click()
    expect(rows.filter(has_text="the event was stored before")).to_have_count(1)
    dataverse.rows["connections"].clear()
    rows.first.get_by_role("button", name="Replay").click()
    expect(rows.first).to_contain_text("not replayed")
    expect(rows.first).to_contain_text("no longer exists")


def test_a_filter_stands_in_the_address_and_newer_jobs_wait(
    console: Page, app: RunningApp, dataverse: FakeDataverse, ids: tuple[str, str]
) -> None:
    go(console, failures(ids))
    expect(console.locator("tbody tr")).to_have_count(2)
    console.get_by_label("Kind").select_option("refused")
    expect(console.get_by_text("No failed job is as the filter wants it.")).to_be_visible()
    console.wait_for_url("**?kind=refused")
    console.go_back()
    expect(console.locator("tbody tr")).to_have_count(2)


def test_a_replay_that_meets_an_outage_can_go_on(console: Page, dataverse: FakeDataverse, ids: tuple[str, str]) -> None:
    go(console, failures(ids))
    console.get_by_role("button", name="Replay all 2").click()
    dialog = console.get_by_role("dialog", name="Replay failed jobs")
    expect(dialog).to_contain_text("the rows of 2 failed jobs")
    down = {"detail": "Dataverse is away", "status": 503}
    console.route("**/replay", lambda route: route.fulfill(status=503, json=down))
    dialog.get_by_role("button", name="Replay 2").click()
    expect(dialog.get_by_role("alert")).to_contain_text("This was not finished. Out of reach for now")
    console.unroute("**/replay")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog).to_contain_text("Went through 2 of 2.")


def test_jobs_beyond_those_that_are_shown_are_replayed_too(
    console: Page, dataverse: FakeDataverse, ids: tuple[str, str]
) -> None:
    jobs = dataverse.rows["asyncoperations"]
    template = next(iter(jobs.values()))
    for number in range(600):
        moment = f"2026-03-14T08:{number // 60:02}:{number % 60:02}Z"
        dataverse.add(
            "asyncoperations", id_ := str(uuid4()), {**template, "asyncoperationid": id_, "completedon": moment}
        )
    replayed: list[str] = []

    def replay(route: Route) -> None:
        replayed.append(route.request.url.split("/")[-2])
        route.fulfill(json={"outcome": "stored", "eventId": None, "reason": "the event is stored"})

    console.route("**/replay", replay)
    go(console, failures(ids))
    expect(console.get_by_text("These are the newest 500")).to_be_visible(timeout=30_000)
    console.get_by_role("button", name="Replay all", exact=True).click()
    dialog = console.get_by_role("dialog", name="Replay failed jobs")
    dialog.get_by_role("button", name="Replay 602").click()
    dialog.get_by_role("button", name="Stop").click()
    expect(dialog).to_contain_text("of 602, then stopped")
    oldest_first = sorted(jobs, key=lambda id_: str(jobs[id_]["completedon"]))
    assert 0 < len(replayed) < 602
    assert replayed[:3] == oldest_first[:3]


def test_a_step_is_removed_and_a_webhook_unregistered_once_their_names_are_typed(
    console: Page, app: RunningApp, dataverse: FakeDataverse, ids: tuple[str, str]
) -> None:
    go(console, f"#/dynamics/{ids[0]}")
    console.get_by_role("button", name="Remove Create of connection").click()
    dialog = console.get_by_role("dialog", name="Remove this step?")
    dialog.get_by_role("button", name="Remove").click()
    expect(dialog).to_contain_text("This is not the same text.")
    assert ids[1] in dataverse.rows["sdkmessageprocessingsteps"]
    dialog.get_by_label("Type").fill("Create of connection")
    dialog.get_by_role("button", name="Remove").click()
    expect(console.get_by_text("It has no step, so Dataverse posts nothing to it.")).to_be_visible()
    name = str(app.get(f"v1/dynamics/webhooks/{ids[0]}").json()["name"])
    console.get_by_role("button", name="Unregister").click()
    dialog = console.get_by_role("dialog", name="Unregister this webhook?")
    dialog.get_by_label("Type").fill(name)
    dialog.get_by_role("button", name="Unregister").click()
    expect(console.get_by_text("Dataverse has no webhook.")).to_be_visible()
    assert dataverse.rows["serviceendpoints"] == {}


def test_now_counts_failed_jobs_at_a_press_and_never_by_itself(
    console: Page, dataverse: FakeDataverse, ids: tuple[str, str]
) -> None:
    go(console, "#/")
    asked = len(dataverse.journal)
    console.get_by_role("button", name="Reload").click()
    expect(console.get_by_text("is not looked up by itself")).to_be_visible()
    away = {"detail": "Dataverse is away", "status": 503}
    console.route("**/failures?*", lambda route: route.fulfill(status=503, json=away))
    assert len(dataverse.journal) == asked
    console.get_by_role("button", name="Count failed jobs").click()
    expect(console.get_by_role("alert")).to_contain_text("The failed jobs could not be counted. Out of reach for now")
    expect(console.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()
    console.unroute("**/failures?*")
    console.get_by_role("button", name="Count failed jobs again").click()
    expect(console.get_by_role("link", name="2 failed jobs")).to_have_attribute("href", f"{failures(ids)}?hours=168")
    expect(console.get_by_text("of Create of connection")).to_be_visible()


def test_a_refusal_of_dataverse_and_an_outage_are_told_as_what_they_are(
    console: Page, dataverse: FakeDataverse, ids: tuple[str, str]
) -> None:
    denied = {"error": {"code": "0x80040220", "message": "SecLib::AccessCheck failed"}}
    # Who asks for an hour is asked once.
    answers = {
        "Dataverse refuses the hub": json_reply(denied, 403),
        "Out of reach for now": Reply(503, headers={"Retry-After": "3600"}),
    }
    for place in ("#/dynamics", f"#/dynamics/{ids[0]}", failures(ids)):
        for words, reply in answers.items():
            dataverse.answer_always(reply)
            go(console, "#/help")
            go(console, place)
            alert = console.get_by_role("alert")
            expect(alert).to_contain_text(words)
            expect(console.get_by_text("Dataverse has no webhook.")).to_have_count(0)
            expect(console.get_by_text("No job of this step has failed.")).to_have_count(0)
            dataverse.answer_always(None)
    dataverse.answer_always(json_reply(denied, 403))
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_contain_text("Dataverse says: SecLib::AccessCheck failed")


def without_dataverse(route: Route) -> None:
    session = route.fetch()
    features = {"dynamics": False, "arcgis": False}
    route.fulfill(response=session, json={**session.json(), "features": features})


def test_where_dataverse_is_not_set_up_it_says_so_and_nothing_is_asked(
    tab: Page, app: RunningApp, dataverse: FakeDataverse
) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.route("**/api/console/session", without_dataverse)
    signed_in(tab, app)
    expect(tab.get_by_role("link", name="Dynamics")).to_have_count(0)
    for place in ("#/dynamics", "#/dynamics/ensure", f"#/dynamics/{uuid4()}", f"#/dynamics/{uuid4()}/steps/{uuid4()}"):
        go(tab, place)
        expect(tab.get_by_text("Dataverse is not set up on this hub")).to_be_visible()
        go(tab, "#/help")
    assert [url for url in asked if "/v1/dynamics" in url] == []


def test_managers_who_are_no_administrators_are_told_which_role_it_takes(
    tab: Page, app: RunningApp, key_of: Callable[..., str]
) -> None:
    signed_in(tab, app, api_key=key_of("ann@hub.example", "Relationship Manager"))
    expect(tab.get_by_role("link", name="Dynamics")).to_have_count(0)
    go(tab, "#/dynamics")
    expect(tab.get_by_text(f"This needs the role {ADMINISTRATOR}, which you do not have.")).to_be_visible()


def poison(dataverse: FakeDataverse, ids: tuple[str, str]) -> list[str]:
    """Rows of Dataverse in which whatever a stranger can choose is an attack; the texts that have to be seen."""
    rows, texts = dataverse.rows, [*(text for text in ATTACKS if len(text) < 1000), HIDDEN.replace("\0", "")]
    endpoint = rows["serviceendpoints"].pop(ids[0])
    step = rows["sdkmessageprocessingsteps"].pop(ids[1])
    job = next(iter(rows["asyncoperations"].values()))
    rows["asyncoperations"].clear()
    for number, text in enumerate(texts):
        other = str(uuid4()) if number else ids[0]
        named = {"serviceendpointid": other, "name": text, "url": f"https://a.example/{text}", "description": text}
        rows["serviceendpoints"][other] = {**endpoint, **named}
        own = str(uuid4()) if number else ids[1]
        rows["sdkmessageprocessingsteps"][own] = {
            **step, "sdkmessageprocessingstepid": own, "name": text, "filteringattributes": text
        }  # fmt: skip
        one = str(uuid4())
        told = {"name": text, "message": text, "friendlymessage": text, "primaryentitytype": text}
        rows["asyncoperations"][one] = {**job, "asyncoperationid": one, **told}
        for name in [name for name in job if name.startswith("_regardingobjectid")]:
            rows["asyncoperations"][one][name] = None
    return texts


def test_hostile_texts_of_dataverse_are_shown_as_they_are_and_do_nothing(
    console: Page, dataverse: FakeDataverse, ids: tuple[str, str]
) -> None:
    go(console, "#/help")
    expect(console.get_by_role("heading", name="Help", exact=True)).to_be_visible()
    before = dangerous(console)
    texts = [text for text in poison(dataverse, ids) if text.isprintable() and "\u202e" not in text]
    tables = {
        "#/dynamics": "Webhooks in Dataverse",
        f"#/dynamics/{ids[0]}": "Steps",
        failures(ids): "Failed jobs, newest first",
    }
    for place, table in tables.items():
        go(console, place)
        expect(console.get_by_role("table", name=table)).to_be_visible()
        shown = console.locator("main").evaluate("(main) => main.textContent")
        assert [text for text in texts if text not in shown] == [], place
        assert r"a\u{202e}b" in shown
        assert (console.evaluate("window.pwned"), dangerous(console)) == (None, before)
        hrefs: list[str] = console.evaluate("[...document.links].map((link) => link.getAttribute('href'))")
        assert [href for href in hrefs if not href.startswith("#/")] == []


def test_no_screen_about_dataverse_shuts_anybody_out(console: Page, ids: tuple[str, str]) -> None:
    tab = console
    wrong = {}
    for place in ("#/dynamics", f"#/dynamics/{ids[0]}", failures(ids), "#/dynamics/ensure"):
        go(tab, place)
        tab.locator("table, form.form").first.wait_for()
        wrong[place] = wrong_with(tab)
    tab.get_by_role("button", name="Register", exact=True).click()
    tab.get_by_role("alert").first.wait_for()
    wrong["errors"] = wrong_with(tab)
    assert wrong == {place: [] for place in wrong}

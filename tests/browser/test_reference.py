"""The reference of the API: every operation of the document, its statuses, its schemas; and nothing but text."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import signed_in
from tests.browser.looks import go, wrong_with
from tests.browser.test_hostile_hub import RUNS_OUT
from tests.browser.test_hostile_text import ATTACKS, HIDDEN, SHOWN, dangerous
from tests.e2e.running import RunningApp

METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}
DOCUMENT = "**/api/openapi.json"
TEXTS = [text[:300] for text in ATTACKS] + [HIDDEN]


@pytest.fixture(scope="module")
def document(app: RunningApp) -> dict[str, Any]:
    """The document as the app answers it."""
    answer = requests.get(f"{app.url}/api/openapi.json", timeout=30)
    answer.raise_for_status()
    return dict(answer.json())


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    items = [*document["paths"].values(), *document["webhooks"].values()]
    return [operation for item in items for method, operation in item.items() if method in METHODS]


def show(tab: Page, hash_: str, heading: str = "Reference of the API") -> None:
    go(tab, hash_)
    expect(tab.get_by_role("heading", name=heading, exact=True, level=1)).to_be_visible()
    expect(tab.locator("main [aria-busy=false]")).to_be_visible()


_WALK = """
    async ([places, selector]) => {
      const text = (found) => found?.textContent.replace(/\\s+/g, " ").trim();
      const shown = [];
      for (const [hash, heading, head] of places) {
        location.hash = hash;
        const until = performance.now() + 5000;
        const isThere = () => text(document.querySelector("h1")) === heading
          && (!head || text(document.querySelector(".operation")) === head);
        while (!isThere() && performance.now() < until) await new Promise((wake) => setTimeout(wake, 5));
        shown.push([hash, isThere(), [...document.querySelectorAll(selector)].map(text)]);
      }
      return shown;
    }
"""


def walk(tab: Page, places: list[tuple[str, str, str]], selector: str) -> list[list[Any]]:
    """Goes from screen to screen, each an address, its heading and what stands below it; what it shows of this kind."""
    return list(tab.evaluate(_WALK, [places, selector]))


def places(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    heads = [
        (f"{method.upper()} {path}", one) for path, item in document["paths"].items() for method, one in item.items()
    ]
    own = [(f"#/reference/{one['operationId']}", one["summary"], head) for head, one in heads]
    sent = [one for item in document["webhooks"].values() for one in item.values()]
    return own + [(f"#/reference/{one['operationId']}", one["summary"], "") for one in sent]


def test_help_leads_to_every_operation_and_each_shows_its_statuses(console: Page, document: dict[str, Any]) -> None:
    asked: list[str] = []
    console.on("request", lambda request: asked.append(request.url))
    show(console, "#/help", "Help")
    assert [url for url in asked if "openapi" in url] == []
    console.get_by_role("link", name="Reference of the API").click()
    expect(console.locator(".operations li")).to_have_count(len(operations(document)))
    links: list[str] = console.locator(".operations a").evaluate_all("(all) => all.map((one) => one.hash)")
    assert sorted(links) == sorted(f"#/reference/{one['operationId']}" for one in operations(document))
    wanted = [[f"#/reference/{one['operationId']}", True, sorted(one["responses"])] for one in operations(document)]
    assert walk(console, places(document), "main h3") == wanted
    assert len([url for url in asked if url.endswith("/api/openapi.json")]) == 1


def test_every_schema_has_a_screen_and_opens_what_is_in_it(console: Page, document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    show(console, "#/reference/schemas/nothing", "Schema nothing")
    found = walk(
        console,
        [(f"#/reference/schemas/{name}", f"Schema {name}", "") for name in schemas],
        "main [aria-busy] > .tree > li > code",
    )
    assert found == [
        [f"#/reference/schemas/{name}", True, list(one.get("properties", {}))] for name, one in schemas.items()
    ]
    show(console, "#/reference/schemas/EventPage", "Schema EventPage")
    console.get_by_text("What is in Event", exact=True).click()
    expect(console.locator(".tree .tree code").first).to_have_text("id")


def test_a_filter_stands_in_the_address_and_wants_every_word(console: Page, document: dict[str, Any]) -> None:
    show(console, "#/reference")
    console.get_by_label("Words").fill("WEBHOOK lasterror get")
    console.get_by_role("button", name="Filter").click()
    found = console.locator(".operations a")
    expect(found).to_have_count(2)
    assert console.evaluate("location.hash") == "#/reference?q=WEBHOOK+lasterror+get"
    console.reload()
    expect(found.first).to_have_attribute("href", "#/reference/getLastError")
    expect(console.get_by_text(f"2 operations of {len(operations(document))}, 0 schemas.")).to_be_visible()
    show(console, "#/reference?q=nothing-like-this")
    expect(console.get_by_text("Nothing has all of these words.")).to_be_visible()


def test_an_operation_says_what_it_takes_and_how_it_is_called(console: Page, app: RunningApp) -> None:
    show(console, "#/reference/replaceWebhook", "Replace a webhook")
    main = console.locator("main")
    expect(main.get_by_text("x-functions-key").first).to_be_visible()
    row = main.get_by_role("row").filter(has=console.get_by_role("rowheader", name="If-Unmodified-Since"))
    expect(row).to_contain_text("An HTTP date")
    command = main.get_by_role("region", name="Command")
    expect(command).to_contain_text(f"curl -X PUT '{app.url}/api/v1/Webhook/")
    expect(command).to_contain_text('-H "x-functions-key: $FUNCTION_KEY"')
    expect(command).to_contain_text('-H "Authorization: Bearer $API_KEY"')
    expect(main.get_by_role("region", name="Example of the answer 200")).to_contain_text("********")
    main.get_by_text("404", exact=True).click()
    expect(main.get_by_role("table", name="Headers of 404")).to_be_visible()
    expect(main.get_by_role("region", name="Example of the answer 404")).to_contain_text("ErrorType")
    main.get_by_text("404", exact=True).click()
    expect(main.get_by_role("table", name="Headers of 404")).to_have_count(0)


def test_what_there_is_not_says_so(console: Page) -> None:
    for name in ("noSuchOperation", "constructor", "__proto__", "<img src=x onerror=window.pwned=1>"):
        show(console, f"#/reference/{quote(name, safe='')}", name)
        expect(console.get_by_text("The API has no operation")).to_contain_text(name)
        show(console, f"#/reference/schemas/{quote(name, safe='')}", f"Schema {name}")
        expect(console.get_by_text("The API has no schema")).to_contain_text(name)
    expect(console.get_by_role("link", name="All operations")).to_have_attribute("href", "#/reference")


def test_a_document_that_cannot_be_had_never_looks_empty(console: Page) -> None:
    answers: list[dict[str, Any]] = [
        {"status": 503, "json": {"detail": "storage is down"}},
        {"json": {"openapi": "3.1.0"}},
        {"json": {"paths": {}}},
    ]
    console.route(DOCUMENT, lambda route: route.fulfill(**answers.pop(0)) if answers else route.continue_())
    go(console, "#/reference")
    alert = console.get_by_role("alert")
    expect(alert).to_contain_text("This could not be loaded. Storage is down")
    expect(console.locator(".operations")).to_have_count(0)
    alert.get_by_role("button", name="Try again").click()
    for _ in range(2):
        expect(alert).to_contain_text("The answer is none of the hub's")
        expect(console.locator(".operations")).to_have_count(0)
        alert.get_by_role("button", name="Try again").click()
    expect(console.locator(".operations").first).to_be_visible()


def test_whatever_a_document_says_is_text(console: Page) -> None:
    show(console, "#/help", "Help")
    clean = dangerous(console)
    console.route(DOCUMENT, lambda route: route.fulfill(json=hostile_document()))
    show(console, "#/reference")
    shown: str = console.locator("main").evaluate("(main) => main.textContent")
    # What hides in a text is spelled out.
    texts = [*TEXTS[:-1], SHOWN]
    assert [text for text in texts if text not in shown] == []
    console.set_viewport_size({"width": 320, "height": 800})
    for number, text in enumerate(texts):
        go(console, f"#/reference/attack{number}")
        expect(console.get_by_role("heading", level=1)).to_have_text(text)
        expect(console.get_by_role("heading", level=3)).to_have_count(2)
        shown = console.locator("main").evaluate("(main) => main.textContent")
        assert (shown.count(text) >= 10, re.findall("[\u202e\u200b\0].{,40}", shown)) == (True, []), text
        assert (console.evaluate("window.pwned"), dangerous(console)) == (None, clean)
        assert console.evaluate(RUNS_OUT) <= 0, text
        assert console.title() == f"{text} - Webhook hub"
        links: list[str] = console.locator("main a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        assert [link for link in links if not link.startswith("#/reference")] == []


def hostile_document() -> dict[str, Any]:
    """A document with each attack wherever a text can stand."""
    texts = TEXTS
    return {
        "openapi": "3.1.0",
        "info": {"version": texts[0], "description": texts[1]},
        "tags": [{"name": text, "description": text} for text in texts],
        "paths": {f"/{text}": {"post": _hostile(number, text)} for number, text in enumerate(texts)},
        "components": {
            "schemas": {text: {"type": text, "description": text} for text in texts},
            "securitySchemes": {
                text: {"type": "apiKey", "in": text, "name": text, "description": text} for text in texts
            },
        },
    }


def _hostile(number: int, text: str) -> dict[str, Any]:
    schema = {
        "properties": {text: {"$ref": f"#/components/schemas/{text}"}, "x": {"enum": [text], "format": text}},
        "oneOf": [{"title": text}, {"pattern": text}],
    }
    content = {text: {"schema": schema, "example": text}}
    return {
        "operationId": f"attack{number}",
        "summary": text,
        "description": text,
        "tags": [text],
        "security": [{text: []}],
        "parameters": [
            {"name": text, "in": text, "required": True, "description": text, "schema": schema, "example": text}
        ],
        "requestBody": {"description": text, "content": content},
        "responses": {
            "200": {
                "description": text,
                "headers": {text: {"description": text, "schema": schema}},
                "content": content,
            },
            text: {"description": text},
        },
    }


def test_nobody_is_shut_out(console: Page) -> None:
    wrong = {}
    for hash_, heading in {
        "#/reference?q=arcgis": "Reference of the API",
        "#/reference/createConnection": "Create a connection",
        "#/reference/schemas/DataverseStep": "Schema DataverseStep",
    }.items():
        show(console, hash_, heading)
        for one in console.locator("summary").all():
            one.click()
        wrong[hash_] = wrong_with(console)
    assert wrong == {name: [] for name in wrong}


def test_it_is_there_for_everybody_who_is_signed_in(tab: Page, app: RunningApp, key_of: Callable[..., str]) -> None:
    for role in ("Relationship Manager", "Webhook Administrator"):
        signed_in(tab, app, api_key=key_of(f"{role.split()[0].lower()}@reference.example", role))
        show(tab, "#/reference")
        expect(tab.locator(".operations").first).to_be_visible()

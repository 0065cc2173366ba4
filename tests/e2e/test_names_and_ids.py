"""Names of events and ids with line ends, blanks or digits of other scripts, in every place, over HTTP."""

import json
from urllib.parse import quote

import pytest

from shared.api.parameters import token_of
from shared.events.store import LogFilter
from shared.storage.paging import Place, Position
from tests.e2e.running import RunningApp
from tests.e2e.webhooks import created, new_event_name, ok, one, refusal, request, stopped
from tests.support.cases import holds_for

PADDED = holds_for(
    "pad", ["{}\n", "{}\r\n", "\n{}", " {}", "{} ", "\t{}", "{}\u00a0", "{}\u2028", "\u3000{}", "{}\x85"]
)


@PADDED
def test_an_event_with_white_space_around_its_name_is_refused_in_every_body(app: RunningApp, pad: str) -> None:
    made, name = created(app), pad.format("c.d")
    xml = f"<Webhook><Name>n</Name><Events><string>{name}</string></Events></Webhook>".encode()
    form = f"Name=n&TargetUrl=https://93.184.216.34/&State=Stopped&Events={quote(name)}".encode()
    patch = [{"op": "add", "path": "/Events/-", "value": name}]
    refusals = [
        request(app, "POST", "Webhook", stopped(Events=[name])),
        request(app, "PUT", one(made), stopped(Events=["a.b", name])),
        request(app, "PATCH", one(made), {"Events": [name]}),
        request(app, "PATCH", one(made), patch),
        request(app, "POST", "Webhook", xml, Content_Type="application/xml"),
        request(app, "POST", "Webhook", form, Content_Type="application/x-www-form-urlencoded"),
        request(app, "POST", "Agents/Webhook/SaveWebhook", stopped(Events=[name])),
        request(app, "POST", "Webhook/Test", stopped(Events=[name])),
    ]
    assert [(status, "Events" in message) for status, message in map(refusal, refusals)] == [(400, True)] * len(
        refusals
    )
    assert ok(request(app, "GET", one(made))) == made


@PADDED
def test_an_event_with_white_space_around_its_name_is_not_signalled(app: RunningApp, pad: str) -> None:
    name = pad.format(new_event_name())
    document = {"EventName": name, "PrimaryKey": 1}
    for response in (
        request(app, "POST", f"Webhook/{quote(name)}/1"),
        request(app, "POST", "Agents/Webhook/SignalEvent", document),
    ):
        status, message = refusal(response)
        assert (status, message.startswith("EventName must ")) == (400, True)


@PADDED
def test_a_filter_with_white_space_around_the_event_is_refused(app: RunningApp, pad: str) -> None:
    name = pad.format("c.d")
    for response in (
        request(app, "GET", "Webhook", query={"eventFilter": name}),
        request(app, "POST", "Agents/Webhook/GetAllWebhooks", {"EventFilter": name}),
    ):
        status, message = refusal(response)
        assert (status, message.startswith("EventFilter must be ")) == (400, True)
    listed = app.get("v1/events", type=name)
    assert (listed.status_code, listed.json()["errors"][0]["pointer"]) == (400, "#/type")


def test_blanks_beside_the_commas_of_a_list_are_no_part_of_a_name(app: RunningApp) -> None:
    body = b"Name=n&TargetUrl=https://93.184.216.34/&State=Stopped&Events=a.b,+c.d+,%20e.f"
    made = ok(request(app, "POST", "Webhook", body, Content_Type="application/x-www-form-urlencoded"))
    assert made["Events"] == ["a.b", "c.d", "e.f"]


@pytest.mark.parametrize("pad", ["{}%0A", "%0A{}", "{}%20", "{}%C2%A0", "+{}", "{}.0"])
def test_an_id_with_anything_around_it_is_nobodys(app: RunningApp, pad: str) -> None:
    made = created(app)
    path = pad.format(made["WebhookId"])
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = None if method in {"GET", "DELETE"} else stopped()
        assert refusal(request(app, method, f"Webhook/{path}", body))[0] == 404
    assert refusal(request(app, "GET", f"Webhook/{path}/LastError"))[0] == 404
    assert refusal(request(app, "POST", f"Agents/Webhook/DeleteWebhook?webhookId={path.replace('+', '%2B')}"))[0] == 404
    assert ok(request(app, "GET", one(made))) == made


def test_digits_of_other_scripts_are_no_digits(app: RunningApp) -> None:
    made = created(app)
    written = "".join(chr(0x0660 + int(digit)) for digit in str(made["WebhookId"]))
    assert refusal(request(app, "DELETE", f"Webhook/{written}"))[0] == 404
    assert refusal(request(app, "POST", "Agents/Webhook/GetLastError", {"WebhookId": written}))[0] == 404
    assert refusal(request(app, "POST", f"Webhook/a.b/{written}"))[0] == 400
    assert app.get("v1/events/deliveries", webhook=written).status_code == 400
    assert app.get("v1/events", limit="\u0665").status_code == 400
    token = token_of(Place(Position("79739685", "98226441599999999-37c7c867-d571-e911-a956-000d3a1bc3f6")), LogFilter())
    assert app.get("v1/events", continuationToken=token).status_code == 200
    assert app.get("v1/events", continuationToken=f"\u0667{token[1:]}").status_code == 400
    form = f"EventName=a.b&PrimaryKey={quote('\u0665')}".encode()
    signal = request(app, "POST", "Agents/Webhook/SignalEvent", form, Content_Type="application/x-www-form-urlencoded")
    assert refusal(signal)[0] == 400


@pytest.mark.parametrize("id_", ["{}%0A", "{}%20", "%0A{}"])
@pytest.mark.parametrize("place", ["id", "org", "item"])
def test_ids_of_arcgis_with_white_space_around_them_are_refused(app: RunningApp, id_: str, place: str) -> None:
    parts = {"org": "org", "item": "item", "id": "AAAAAAAAAAAAAAAAAAAAAA"}
    parts[place] = id_.format(parts[place])
    path = f"{parts['org']}/{parts['item']}/webhookConnections/{parts['id']}"
    for method in ("GET", "DELETE"):
        response = app.send(method, path)
        assert (response.status_code, json.loads(response.text)["error"]["code"]) == (400, 400)

"""What `/api/v1/Webhook` refuses: a status and a message for each bad input, and nothing is stored."""

import json

import pytest

from tests.e2e.running import RunningApp
from tests.e2e.webhooks import Json, created, new_event_name, ok, one, refusal, request, stopped
from tests.fakes.receiver import Receiver, answers, redirects
from tests.support.cases import holds_for

MIB = 1024 * 1024
MEMBERS: dict[str, tuple[str, object]] = {
    "no name": ("Name", None),
    "an empty name": ("Name", ""),
    "a blank name": ("Name", "  "),
    "a name that is no text": ("Name", 7),
    "a name over its limit": ("Name", "n" * 401),
    "no target": ("TargetUrl", None),
    "a target over its limit": ("TargetUrl", "https://93.184.216.34/" + "p" * 4000),
    "no events": ("Events", None),
    "an empty list of events": ("Events", []),
    "events that are no list": ("Events", "a.b"),
    "an event with a comma": ("Events", ["a.b", "a,b"]),
    "an event with white space": ("Events", ["a b"]),
    "an event with a line end": ("Events", ["c.d\n"]),
    "an event with a blank before it": ("Events", ["a.b", " c.d"]),
    "an event with a blank of another kind": ("Events", ["c.d\u00a0"]),
    "a wildcard": ("Events", ["contact.*"]),
    "a null among the events": ("Events", [None]),
    "an event that nobody could signal": ("Events", ["e" * 251]),
    "events over their limit": ("Events", [f"{number:04}.changed" for number in range(400)]),
    "an unknown type": ("Type", "pigeon"),
    "a type over its limit": ("Type", "t" * 101),
    "an unknown state": ("State", "Sleeping"),
    "a state out of range": ("State", 4),
    "a state that nobody can want": ("State", "Unknown"),
    "a state that is the hub's": ("State", "TooManyErrors"),
    "a secret over its limit": ("Secret", "s" * 401),
    "the mask as a new secret": ("Secret", "********"),
    "a secret that says it is base64 and is not": ("Secret", "whsec_!"),
    "headers that are no object": ("Headers", ["X-A"]),
    "a header with a line break": ("Headers", {"X-A": "1\r\nX-B: 2"}),
    "a header with a control character": ("Headers", {"X-A": "\x01"}),
    "a header name with a colon": ("Headers", {"X-A:": "1"}),
    "a header of the connection": ("Headers", {"transfer-encoding": "chunked"}),
    "the host": ("Headers", {"Host": "elsewhere.example"}),
    "the length": ("Headers", {"Content-Length": "1"}),
    "a header of the hub": ("Headers", {"X-SuperOffice-Event": "mine"}),
    "a header of Standard Webhooks": ("Headers", {"webhook-id": "mine"}),
    "the content type": ("Headers", {"Content-Type": "text/plain"}),
    "a header that is an object": ("Headers", {"X-A": {"b": 1}}),
    "headers over their limit": ("Headers", {f"X-{number}": "h" * 100 for number in range(400)}),
    "properties that are no object": ("Properties", [1]),
    "properties over their limit": ("Properties", {"p": "p" * 40_000}),
    "properties that are too deep": ("Properties", {"p": json.loads("[" * 40 + "]" * 40)}),
    "a description over its limit": ("Description", "d" * 4001),
    "an address over its limit": ("ErrorsEmail", "a" * 240),
    "two addresses in one": ("ErrorsEmail", "a@b.example, c@d.example"),
    "an address with a name": ("ErrorEmails", ["a@b.example", "Kim <a@b.example>"]),
    "too many addresses": ("ErrorEmails", [f"a{number}@b.example" for number in range(1200)]),
    "a property of the hub's own": ("Properties", {"tenant": 7, "source": "crm"}),
    "a header of the hub's own": ("Headers", {"x-hub-hops": "0"}),
    "an address with a line break": ("ErrorEmails", ["a@b.example\nBcc: c@d.example"]),
    "an unknown channel": ("NotifyVia", "Pigeon"),
    "an unknown occasion": ("NotifyWhen", 8),
}
TARGETS = {
    "ftp://93.184.216.34/": "scheme",
    "javascript:alert(1)": "scheme",
    "https://user:pass@93.184.216.34/": "userinfo",
    "https://93.184.216.34/#part": "fragment",
    "https:///path": "host",
    "https://93.184.216.34:99999/": "port",
    "https://10.0.0.1/": "address",
    "https://169.254.169.254/latest/meta-data/": "address",
    "https://[::ffff:10.0.0.1]/": "address",
    "https://0x0a000001/": "",
    "https://nowhere.invalid/": "address",
    "https://a b/": "",
    "no url at all": "",
}


@pytest.mark.parametrize(("name", "value"), MEMBERS.values(), ids=MEMBERS.keys())
def test_a_bad_member_is_named_in_a_400_on_create_put_and_patch(app: RunningApp, name: str, value: object) -> None:
    marker = f"Name {new_event_name()}"
    document = stopped(**{"Name": marker, name: value})
    status, message = refusal(request(app, "POST", "Webhook", document))
    assert (status, name in message) == (400, True), message
    assert ok(request(app, "GET", "Webhook", query={"nameFilter": marker})) == []
    made = created(app)
    for method in ("PUT", "PATCH"):
        body: Json = document if method == "PUT" else {name: value}
        if method == "PATCH" and value == "********":
            continue
        status, message = refusal(request(app, method, one(made), body))
        assert (status, name in message) == (400, True), message
    assert ok(request(app, "GET", one(made))) == made


@pytest.mark.parametrize(("url", "rule"), TARGETS.items())
def test_a_target_that_the_policy_refuses_is_a_400_that_says_which_rule(app: RunningApp, url: str, rule: str) -> None:
    for state in ("Active", "Stopped"):
        status, message = refusal(request(app, "POST", "Webhook", stopped() | {"TargetUrl": url, "State": state}))
        assert status == 400
        assert message.startswith("TargetUrl is refused: ")
        assert f"(rule: {rule}" in message
    made = created(app)
    assert refusal(request(app, "PATCH", one(made), {"TargetUrl": url}))[0] == 400
    assert ok(request(app, "GET", one(made))) == made


def test_several_bad_members_are_named_at_once(app: RunningApp) -> None:
    status, message = refusal(request(app, "POST", "Webhook", {"State": "Sleeping", "Type": "pigeon"}))
    assert status == 400
    assert all(name in message for name in ("Name", "Events", "TargetUrl", "State", "Type"))


def test_properties_may_shadow_what_is_built_in(app: RunningApp) -> None:
    assert created(app, Properties={"EventId": 1, "event": 2})["Properties"] == {"EventId": 1, "event": 2}


def test_a_webhook_with_all_members_at_their_limits_is_stored(app: RunningApp) -> None:
    members = {
        "Name": "n" * 400,
        "Secret": "s" * 400,
        "Events": [f"{new_event_name()}.{number}" for number in range(85)],
        "TargetUrl": "https://93.184.216.34/" + "p" * 3978,
        "Headers": {f"X-{number}": "h" * 1000 for number in range(9)},
        "Properties": {"p": "é" * 10_000},
        "ErrorEmails": [f"{number:0200}@hub.example" for number in range(20)],
        "ErrorAssociates": [{"Id": number, "Name": "n" * 100} for number in range(60)],
        "Description": "\U0001f600" * 2000,
    }
    made = created(app, **members)
    read = ok(request(app, "GET", one(made)))
    assert read.items() >= (members | {"Secret": "********"}).items()


@holds_for(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"\xff", "application/json"),
        (b'{"Name": NaN}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"[]", "application/json"),
        (b'"text"', "application/json"),
        (b"null", "application/json"),
        (b"", "application/json"),
        (b"<Webhook>", "application/xml"),
        (b'<!DOCTYPE x [<!ENTITY e "a">]><Webhook><Name>&e;</Name></Webhook>', "application/xml"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><Webhook/>', "text/xml"),
        (b"<a>" * 5000 + b"</a>" * 5000, "application/xml"),
        (b"Headers=%7B", "application/x-www-form-urlencoded"),
        (b"Name=%FF", "application/x-www-form-urlencoded"),
        (b"a=b&" * 2000, "application/x-www-form-urlencoded"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_body_that_cannot_be_read_is_a_400(app: RunningApp, method: str, body: bytes, content_type: str) -> None:
    # An empty array is a patch without operations.
    body = b"[7]" if method == "PATCH" and body == b"[]" else body
    path = "Webhook" if method == "POST" else one(created(app))
    # A patch is never a form.
    status = 415 if method == "PATCH" and "form" in content_type else 400
    assert refusal(request(app, method, path, body, Content_Type=content_type))[0] == status


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/octet-stream", "multipart/form-data; boundary=x", "json"]
)
def test_a_body_of_another_type_is_a_415(app: RunningApp, content_type: str) -> None:
    body, path = json.dumps(stopped()).encode(), one(created(app))
    for method, where in (
        ("POST", "Webhook"),
        ("PUT", path),
        ("PATCH", path),
        ("POST", "Webhook/Test"),
        ("POST", "Webhook/a.b/1"),
    ):
        assert refusal(request(app, method, where, body, Content_Type=content_type))[0] == 415
    assert refusal(request(app, "POST", "Webhook", body))[0] == 415


def test_a_body_in_another_charset_is_a_415(app: RunningApp) -> None:
    body = json.dumps(stopped()).encode("utf-16")
    assert refusal(request(app, "POST", "Webhook", body, Content_Type="application/json; charset=utf-16"))[0] == 415


def test_a_body_over_a_mebibyte_is_a_413(app: RunningApp) -> None:
    body = b" " * MIB + json.dumps(stopped()).encode()
    path = one(created(app))
    for method, where in (("POST", "Webhook"), ("PUT", path), ("PATCH", path), ("POST", "Webhook/a.b/1")):
        assert refusal(request(app, method, where, body, Content_Type="application/json"))[0] == 413


def test_an_active_webhook_whose_receiver_says_no_is_not_stored(app: RunningApp, receiver: Receiver) -> None:
    name = f"Name {new_event_name()}"
    for behaviour in (answers(500, b"no"), answers(404), redirects(receiver.url), answers(304)):
        receiver.behave(behaviour)
        document = stopped(Name=name, State="Active") | {"TargetUrl": receiver.url}
        status, message = refusal(request(app, "POST", "Webhook", document))
        assert (status, message.startswith("TargetUrl: the test event failed")) == (400, True)
    assert ok(request(app, "GET", "Webhook", query={"nameFilter": name})) == []
    assert len(receiver.journal) == 4


def test_a_secret_is_never_in_a_refusal(app: RunningApp) -> None:
    secret = "whsec_hunter2!"
    _, message = refusal(request(app, "POST", "Webhook", stopped(Secret=secret, Headers={"X-A": "hunter2\x01"})))
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "value",
    [rb'"\ud800"', b"1" + b"0" * 400, b"1e308", rb'"\u0000"', b"-0.0", b'{"": {"": []}}', rb'{"\ud800": 1}', b"1e400"],
)
def test_odd_values_of_json_are_kept_or_refused(app: RunningApp, value: bytes) -> None:
    for member in (b"Properties", b"ErrorAssociates", b"Name", b"Description", b"Headers"):
        nested = {b"Properties": b'{"p": %s}', b"Headers": b'{"p": %s}', b"ErrorAssociates": b'[{"Name": %s}]'}
        document = json.dumps(stopped()).encode()[:-1] + b', "%s": %s}' % (member, nested.get(member, b"%s") % value)
        response = request(app, "POST", "Webhook", document, Content_Type="application/json")
        assert response.status_code in {200, 400}, response.text
        if response.status_code == 200:
            assert request(app, "GET", one(response.json()), Accept="text/xml").status_code == 200
    data = b'{"d": %s}' % value
    assert request(app, "POST", "Webhook/a.b/1", data, Content_Type="application/json").status_code in {204, 400}

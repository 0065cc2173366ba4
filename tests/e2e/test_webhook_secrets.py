"""Secrets of webhooks through the running app: who may read them, and where they may go."""

import hashlib
import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.webhooks.sealing import opened_webhook
from tests.api.superoffice.samples import TEXTS
from tests.e2e.running import RunningApp
from tests.e2e.test_receiving import eventually
from tests.e2e.webhooks import (
    MASK,
    Json,
    attempts,
    created,
    deliveries,
    events_of,
    is_signed,
    new_event_name,
    ok,
    one,
    refusal,
    register,
    request,
    signal,
    stopped,
)
from tests.fakes.receiver import Receiver, answers, echoes
from tests.support import previous_version

AGENT = "Agents/Webhook/"
HEADERS = {"Authorization": "Bearer HEADERTOKEN123", "x-api-key": "APIKEY456", "X-Tenant": "7"}
PROPERTIES: Json = {"apiKey": "PROPSECRET", "tenant": 7, "nested": {"list": [{"url": "u", "Password": "INNERSECRET"}]}}
SECRETS = ("HEADERTOKEN123", "APIKEY456", "PROPSECRET", "INNERSECRET")
TOKENS: Json = {"Headers": HEADERS, "Properties": PROPERTIES}
MASKED: Json = {
    "Headers": {"Authorization": MASK, "x-api-key": MASK, "X-Tenant": "7"},
    "Properties": {"apiKey": MASK, "tenant": 7, "nested": {"list": [{"url": "u", "Password": MASK}]}},
}
LONG = "a secret that is long enough for everybody"
XML = "application/xml"
LATE_ID = 2_000_000_007
FEW_EXAMPLES = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def attacker() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def in_clear(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def row(app: RunningApp, webhook: Json) -> Json:
    found = app.hub.storage.table("webhooks").get("webhook", f"{webhook['WebhookId']:010d}")
    assert found is not None
    return dict(found)


def opened(app: RunningApp, webhook: Json) -> tuple[object, object]:
    """Headers and properties as the receiver is sent them."""
    registration = app.hub.receivers.webhooks.get(webhook["WebhookId"])
    assert registration is not None
    stored = opened_webhook(registration, app.hub.sealer)
    return stored.headers, stored.properties


def shown(webhook: Json) -> Json:
    """The webhook but for what every save changes, and the links that not every reply has."""
    return {name: value for name, value in webhook.items() if name not in {"Updated", "_Links"}}


def test_tokens_are_sealed_at_rest_and_masked_in_every_reply(app: RunningApp) -> None:
    event = new_event_name()
    document = stopped(Events=[event], **TOKENS)
    made = ok(request(app, "POST", "Webhook", document))
    by_id = {"WebhookId": made["WebhookId"]}
    replies = [
        request(app, "GET", one(made)),
        request(app, "GET", one(made), Accept=XML),
        request(app, "GET", "Webhook", query={"eventFilter": event}),
        request(app, "GET", "Webhook", query={"eventFilter": event}, Accept=XML),
        request(app, "PATCH", one(made), {"Name": "New"}),
        request(app, "PATCH", one(made), [{"op": "replace", "path": "/Name", "value": "Newer"}], Accept=XML),
        request(app, "PUT", one(made), document),
        request(app, "POST", f"{AGENT}SaveWebhook", document | by_id),
        request(app, "POST", f"{AGENT}GetWebhook", query={"webhookId": str(made["WebhookId"])}),
        request(app, "POST", f"{AGENT}GetAllWebhooks", {"EventFilter": event}),
    ]
    assert made.items() >= MASKED.items()
    for reply in replies:
        assert (reply.status_code, in_clear(reply.text), MASK in reply.text) == (200, [], True)
    assert in_clear(str(row(app, made))) == []


def test_the_fingerprint_in_the_row_does_not_tell_the_secret(app: RunningApp, receiver: Receiver) -> None:
    made = register(app, receiver.url, new_event_name(), Secret="hunter2", Headers={"X-A": "1"})
    guess = hashlib.sha256(json.dumps(["webhook", receiver.url, "hunter2", [["X-A", "1"]]]).encode()).hexdigest()
    assert guess not in str(row(app, made))
    assert row(app, made)["Tested"]


@pytest.mark.parametrize("form", ["PUT", "PUT in XML", "PATCH", "JSON Patch", "SaveWebhook", "SaveWebhook in XML"])
def test_saving_what_was_read_changes_nothing(app: RunningApp, receiver: Receiver, form: str) -> None:
    made = register(app, receiver.url, new_event_name(), Secret=LONG, SealedHeaders=["X-Tenant"], **TOKENS)
    _save_back(app, made, form)
    read = ok(request(app, "GET", one(made)))
    assert shown(read) == shown(made | {"Secret": MASK})
    assert read["SealedHeaders"] == ["X-Tenant"]
    # Nothing is new to the receiver, and what it gets is what it got.
    assert len(receiver.journal) == 1
    ok(request(app, "POST", "Webhook/Test", read))
    first, second = receiver.journal
    for name in ("authorization", "x-api-key", "x-tenant"):
        assert second.headers[name] == first.headers[name]
    assert json.loads(second.body).items() >= PROPERTIES.items()
    assert is_signed(LONG, second)


def _save_back(app: RunningApp, webhook: Json, form: str) -> None:
    kind, path = form.split(" ")[0], one(webhook)
    if form == "JSON Patch":
        ok(request(app, "PATCH", path, [{"op": "test", "path": "/Name", "value": webhook["Name"]}]))
        return
    accept = XML if form.endswith("XML") else "application/json"
    read = request(app, "GET", path, Accept=accept)
    if kind == "SaveWebhook":
        path, kind = f"{AGENT}SaveWebhook", "POST"
    response = request(app, kind, path, read.content, Content_Type=accept)
    assert response.status_code == 200, response.text


@FEW_EXAMPLES
@given(
    headers=st.dictionaries(st.sampled_from(["X-Key", "X-Tenant", "Cookie", "X-Note"]), st.sampled_from("abc")),
    properties=st.dictionaries(
        st.sampled_from(["token", "note", "secrets", "list"]),
        st.recursive(TEXTS | st.integers(), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner)),
        max_size=3,
    ),
    form=st.sampled_from(["PUT", "PATCH", "SaveWebhook", "PUT in XML"]),
)
def test_whatever_a_webhook_has_saving_what_was_read_changes_nothing(
    app: RunningApp, headers: Json, properties: Json, form: str
) -> None:
    if form.endswith("XML"):
        # Characters that XML cannot hold come back as U+FFFD, as ever.
        properties = {name: value for name, value in properties.items() if isinstance(value, int)}
    response = request(app, "POST", "Webhook", stopped(Headers=headers, Properties=properties))
    if response.status_code == 400:
        assert "looks like a mask" in refusal(response)[1]
        return
    made = ok(response)
    before = opened(app, made)
    assert before == (headers, properties)
    _save_back(app, made, form)
    assert shown(ok(request(app, "GET", one(made)))) == shown(made)
    assert opened(app, made) == before


@pytest.mark.parametrize(
    ("patch", "headers"),
    [
        ([{"op": "replace", "path": "/Headers/Authorization", "value": "Bearer NEW"}], {"authorization": "Bearer NEW"}),
        (
            [{"op": "remove", "path": "/headers/x-api-key"}],
            {"x-api-key": None, "authorization": "Bearer HEADERTOKEN123"},
        ),
        ([{"op": "add", "path": "/Headers/X-More", "value": "1"}], {"x-more": "1", "x-api-key": "APIKEY456"}),
        ([{"op": "test", "path": "/Headers/Authorization", "value": MASK}], {"authorization": "Bearer HEADERTOKEN123"}),
        ({"Headers": {"Authorization": None}}, {"authorization": None, "x-api-key": "APIKEY456"}),
        ({"Headers": {"authorization": "Bearer NEW"}}, {"authorization": "Bearer NEW", "x-api-key": "APIKEY456"}),
        ([{"op": "add", "path": "/SealedHeaders", "value": ["X-Tenant"]}], {"x-tenant": "7"}),
    ],
)
def test_a_patch_works_on_what_is_shown(app: RunningApp, receiver: Receiver, patch: object, headers: Json) -> None:
    made = register(app, receiver.url, new_event_name(), **TOKENS)
    changed = request(app, "PATCH", one(made), patch)
    assert (changed.status_code, in_clear(changed.text)) == (200, [])
    ok(request(app, "POST", "Webhook/Test", ok(changed)))
    call = receiver.journal[-1]
    assert {name: call.headers.get(name) for name in headers} == headers


@pytest.mark.parametrize(
    ("patch", "status", "said"),
    [
        ([{"op": "add", "path": "/Headers/X-Key2", "value": MASK}], 400, "Headers/X-Key2 must "),
        (
            [
                {"op": "remove", "path": "/Headers/Authorization"},
                {"op": "add", "path": "/Headers/X-Renamed", "value": MASK},
            ],
            400,
            "Headers/X-Renamed must ",
        ),
        ([{"op": "test", "path": "/Headers/Authorization", "value": "Bearer HEADERTOKEN123"}], 409, ""),
        ({"Properties": {"token": MASK}}, 400, "Properties/token must "),
        ({"Headers": {"Authorization": "Bearer ********"}}, 400, "Headers/Authorization must "),
        (
            {"SealedHeaders": ["X-Nothing"]},
            400,
            "SealedHeaders must name headers and properties: ",
        ),
    ],
)
def test_a_mask_for_what_is_not_stored_is_refused_by_name_and_nothing_changes(
    app: RunningApp, patch: object, status: int, said: str
) -> None:
    made = created(app, **TOKENS)
    got, message = refusal(request(app, "PATCH", one(made), patch))
    assert (got, said in message) == (status, True)
    assert ok(request(app, "GET", one(made))) == made


def test_no_token_goes_where_it_was_not_given_for(app: RunningApp, receiver: Receiver, attacker: Receiver) -> None:
    made = register(app, receiver.url, new_event_name(), Secret=LONG, **TOKENS)
    read = ok(request(app, "GET", one(made)))
    target = {"TargetUrl": attacker.url}
    for response in (
        request(app, "PATCH", one(made), target),
        request(app, "PATCH", one(made), [{"op": "replace", "path": "/TargetUrl", "value": attacker.url}]),
        request(app, "PATCH", one(made), target | {"State": "Stopped"}),
        request(app, "PUT", one(made), read | target),
        request(app, "POST", f"{AGENT}SaveWebhook", read | target),
        request(app, "POST", "Webhook/Test", read | target | {"Secret": None}),
        request(app, "POST", f"{AGENT}TestWebhook", {"Webhook": read | target | {"Secret": None}}),
    ):
        status, message = refusal(response)
        assert (status, in_clear(message)) == (400, [])
        for name in ("Headers/Authorization must ", "Headers/x-api-key must ", "Properties/apiKey must "):
            assert name in message
    assert attacker.connections == 0
    assert ok(request(app, "GET", one(made))) == read


def test_no_stored_secret_signs_a_test_for_another_origin(
    app: RunningApp, receiver: Receiver, attacker: Receiver
) -> None:
    made = register(app, receiver.url, new_event_name(), Secret=LONG)
    forged = {"WebhookId": made["WebhookId"], "Name": "n", "Properties": {"Event ": "connection.created", "x": "y"}}
    target = {"TargetUrl": attacker.url}
    for secret in (MASK, f"{MASK} "):
        document = forged | target | {"Secret": secret}
        for path, body in (("Webhook/Test", document), (f"{AGENT}TestWebhook", {"Webhook": document})):
            status, message = refusal(request(app, "POST", path, body))
            assert (status, "Secret must " in message) == (400, True)
    assert attacker.connections == 0
    ok(request(app, "POST", "Webhook/Test", forged | target | {"Secret": "mine"}))
    [call] = attacker.journal
    assert (is_signed("mine", call), call.headers["webhook-signature"].count("v1,")) == (True, 1)
    # To the stored origin it may go, and a save moves it with its webhook, as SuperOffice's clients expect.
    assert ok(request(app, "POST", "Webhook/Test", forged | {"Secret": MASK, "TargetUrl": f"{receiver.url}/x"}))[
        "Success"
    ]
    assert is_signed(LONG, receiver.journal[-1])
    ok(request(app, "PATCH", one(made), target))
    assert is_signed(LONG, attacker.journal[-1])


def test_what_a_receiver_echoes_is_shown_nowhere(app: RunningApp, receiver: Receiver) -> None:
    event, secret = new_event_name(), "hunter2hunter2"
    receiver.behave(echoes(receiver))
    made = register(app, receiver.url, event, Secret=secret, **TOKENS)
    told = request(app, "POST", "Webhook/Test", ok(request(app, "GET", one(made))))
    assert (ok(told)["Success"], in_clear(told.text), MASK in told.text) == (True, [], True)
    receiver.behave(echoes(receiver, 500))
    refused = request(app, "PATCH", one(made), {"TargetUrl": f"{receiver.url}/other"})
    assert (refused.status_code, in_clear(refused.text), MASK in refused.text) == (400, [], True)
    signal(app, event)
    assert eventually(lambda: any(delivery["attempts"] for delivery in deliveries(app, made)))
    [delivery] = deliveries(app, made)
    assert events_of(receiver.journal)[0].headers["authorization"] == HEADERS["Authorization"]
    for reply in (attempt["reply"] for attempt in attempts(app, delivery)):
        assert (in_clear(reply), MASK in reply) == ([], True)
    read = ok(request(app, "GET", one(made)))
    errors = [ok(request(app, "GET", f"{one(made)}/LastError")), read["LastError"]]
    errors.append(ok(request(app, "POST", f"{AGENT}GetLastError", {"WebhookId": made["WebhookId"]})))
    # The last error is the hub's own words, without anything of the answer.
    assert (errors, in_clear(str(read))) == (["HTTP 500 Internal Server Error"] * 3, [])


def test_what_the_previous_version_stored_in_clear_is_masked_and_goes_on_working(
    app: RunningApp, receiver: Receiver
) -> None:
    previous_version.store(app.hub, receiver.url, id_=LATE_ID, with_secret=False)
    old: Json = {"WebhookId": LATE_ID}
    for reply in (
        request(app, "GET", one(old)),
        request(app, "GET", one(old), Accept=XML),
        request(app, "GET", "Webhook", query={"nameFilter": "old"}),
        request(app, "GET", f"{one(old)}/LastError"),
        request(app, "PATCH", one(old), {"Description": "d"}),
    ):
        assert (reply.status_code, in_clear(reply.text), MASK in reply.text) == (200, [], True)
    assert receiver.journal == []
    assert in_clear(str(row(app, old))) == []
    signal(app, previous_version.EVENT)
    assert eventually(lambda: len(receiver.journal) == 1)
    assert receiver.journal[0].headers["authorization"] == previous_version.HEADER
    assert request(app, "DELETE", one(old)).status_code == 204


def test_short_secrets_and_plain_http_are_warned_of_in_a_header_and_never_in_the_body(
    app: RunningApp, receiver: Receiver
) -> None:
    safe = stopped(Secret=LONG)
    plain = request(app, "POST", "Webhook", safe)
    assert "X-Hub-Warning" not in plain.headers
    made, members = ok(plain), set(ok(plain))
    short = "whsec_YQ=="
    for response in (
        request(app, "PATCH", one(made), {"Secret": "hunter2"}),
        request(app, "PUT", one(made), safe | {"Secret": "a"}),
        request(app, "PUT", one(made), safe | {"Secret": short}, Accept=XML),
        request(app, "POST", "Webhook", safe | {"Secret": "x" * 23}),
        request(app, "POST", f"{AGENT}SaveWebhook", safe | {"WebhookId": 0, "Secret": short}),
    ):
        assert response.headers["X-Hub-Warning"].startswith("Secret should be at least 24 ")
        assert "X-Hub-Warning" not in response.text
        assert "can be guessed" not in response.text
        if "xml" not in response.headers["Content-Type"]:
            assert set(ok(response)) <= members | {"OldSecretUntil"}
    both = request(app, "POST", "Webhook", stopped(TargetUrl=receiver.url, Secret="a"))
    assert [warning.split()[0] for warning in both.headers["X-Hub-Warning"].split(", ")] == ["TargetUrl", "Secret"]
    assert "X-Hub-Warning" not in request(app, "GET", one(made)).headers


def test_a_private_key_is_answered_with_its_public_one_in_a_header_by_the_save_that_sets_it(app: RunningApp) -> None:
    public = "whpk_O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
    document = stopped(Secret="whsk_" + "A" * 43 + "=")
    made = request(app, "POST", "Webhook", document)
    saves = [
        made,
        request(app, "PUT", one(ok(made)), document, Accept=XML),
        request(app, "POST", f"{AGENT}SaveWebhook", document | {"WebhookId": 0}),
    ]
    assert [(save.headers["X-Hub-Public-Key"], "whpk_" in save.text) for save in saves] == [(public, False)] * 3
    for other in (request(app, "GET", one(ok(made))), request(app, "PUT", one(ok(made)), document | {"Secret": MASK})):
        assert "X-Hub-Public-Key" not in other.headers
    status, message = refusal(request(app, "PATCH", one(ok(made)), {"Secret": "whsk_AAAA"}))
    assert (status, "Secret cannot sign: what follows whsk_" in message) == (400, True)


@pytest.mark.parametrize("secret", [f"{MASK} ", f" {MASK}", "*******", "*********", " "])
def test_a_mask_is_never_taken_as_a_secret_by_accident(app: RunningApp, secret: str) -> None:
    status, message = refusal(request(app, "POST", "Webhook", stopped(Secret=secret)))
    assert (status, message.startswith("Secret must ")) == (400, True)
    made = created(app, Secret=LONG)
    response = request(app, "PUT", one(made), stopped(Secret=secret))
    if secret.strip() == MASK:
        assert ok(response)["Secret"] == MASK
    else:
        assert refusal(response)[0] == 400


def test_a_stopped_webhook_is_tested_before_it_is_active_whatever_was_tested_before(
    app: RunningApp, receiver: Receiver
) -> None:
    made = register(app, receiver.url, new_event_name(), Secret=LONG)
    ok(request(app, "PATCH", one(made), {"State": "Stopped"}))
    receiver.behave(answers(500))
    assert refusal(request(app, "PATCH", one(made), {"State": "Active"}))[0] == 400
    assert ok(request(app, "GET", one(made)))["State"] == "Stopped"
    receiver.reset()
    assert ok(request(app, "PATCH", one(made), {"State": "Active"}))["State"] == "Active"
    assert [call.headers["x-superoffice-event"] for call in receiver.journal] == ["test"]

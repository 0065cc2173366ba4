"""What a save does with secrets in headers and properties, and where it lets them go."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from shared.errors import BadRequest, Misconfigured
from shared.hub.hub import Hub
from shared.webhooks.sealing import opened_webhook
from shared.webhooks.signing import superoffice_signature
from shared.webhooks.webhook import WEBHOOK_TYPES, parse_webhook
from tests.api.superoffice.samples import TEXTS
from tests.fakes.receiver import Receiver, answers
from tests.support.delivering import MANAGER, attempt, delivering_hub, register, save
from tests.webhooks.registered import read, save_back, stored
from tests.webhooks.test_sensitive import VALUES

MASK = "********"
TOKEN = "Bearer HEADERTOKEN123"
HEADERS = {"Authorization": TOKEN, "X-Tenant": "7"}
PROPERTIES: dict[str, object] = {"apiKey": "PROPSECRET", "tenant": 7, "nested": {"token": "INNERSECRET"}}
SECRETS = ("HEADERTOKEN123", "PROPSECRET", "INNERSECRET", "SIGNINGSECRET")
FULL = {"Headers": HEADERS, "Properties": PROPERTIES, "Secret": "SIGNINGSECRET"}
NAMES = st.sampled_from(["token", "a key", "tenant", "Cookie", "note"])


@pytest.fixture
def hub(connection_string: str) -> Hub:
    return delivering_hub(connection_string)


@pytest.fixture
def other() -> Iterator[Receiver]:
    """A receiver of another origin: another port of the same host."""
    with Receiver() as running:
        yield running


def row(hub: Hub, id_: int) -> dict[str, object]:
    found = hub.storage.table("webhooks").get("webhook", f"{id_:010d}")
    assert found is not None
    return dict(found)


def in_clear(value: object) -> list[str]:
    return [secret for secret in SECRETS if secret in str(value)]


def pointers(refusal: BadRequest) -> list[str]:
    return [error.pointer for error in refusal.errors]


def send_test(hub: Hub, id_: int | None, target: str, **members: object) -> None:
    """Send a test event without saving."""
    document = {"Name": "t", "Events": ["test"], "TargetUrl": target, **members}
    before = None if id_ is None else stored(hub, id_)
    hub.receivers.saving.test(parse_webhook(document, types=WEBHOOK_TYPES), before, MANAGER)


def test_nothing_secret_stands_in_a_row_or_in_what_is_shown_and_the_receiver_gets_it(
    hub: Hub, receiver: Receiver
) -> None:
    made = register(hub, receiver.url, **FULL)
    assert (in_clear(row(hub, made.id)), in_clear(read(hub, made.id)), in_clear(repr(made))) == ([], [], [])
    assert json.loads(str(row(hub, made.id)["Document"]))["Headers"] == {"Authorization": MASK, "X-Tenant": "7"}
    attempt(hub, made)
    for call in receiver.journal:
        assert call.headers["authorization"] == TOKEN
        assert json.loads(call.body).items() >= PROPERTIES.items()


def test_saving_what_was_read_changes_nothing_but_who_and_when(hub: Hub, receiver: Receiver) -> None:
    made = register(hub, receiver.url, **FULL, SealedHeaders=["x-tenant"])
    before = read(hub, made.id)
    assert (before["SealedHeaders"], before["Headers"]) == (["x-tenant"], dict.fromkeys(HEADERS, MASK))
    for _ in range(2):
        save_back(hub, made.id)
    assert read(hub, made.id) | {"Updated": None} == before | {"Updated": None}
    attempt(hub, stored(hub, made.id))
    test, delivery = receiver.journal
    assert delivery.headers["x-tenant"] == test.headers["x-tenant"] == "7"
    assert delivery.headers["authorization"] == TOKEN


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headers=st.dictionaries(st.sampled_from(["Authorization", "X-Key", "X-Tenant", "Cookie"]), st.sampled_from("abc")),
    properties=st.dictionaries(NAMES | TEXTS, VALUES, max_size=3),
    asked=st.booleans(),
)
def test_whatever_was_saved_what_was_read_can_be_saved_back_and_is_sent_as_before(
    hub: Hub, headers: dict[str, str], properties: dict[str, object], asked: bool
) -> None:
    names = [*headers, *properties] if asked else None
    members = {"Headers": headers, "Properties": properties, "SealedHeaders": names, "State": "Stopped"}
    try:
        made = register(hub, "https://93.184.216.34/", **members)
    except BadRequest:
        # A secret that looks like a mask.
        assume(False)
    before, opened = read(hub, made.id), opened_webhook(made, hub.sealer)
    assert (opened.headers, opened.properties) == (headers, properties)
    save_back(hub, made.id)
    assert read(hub, made.id) | {"Updated": None} == before | {"Updated": None}
    assert opened_webhook(stored(hub, made.id), hub.sealer) == opened


def test_a_new_value_replaces_the_old_one_and_is_tested(hub: Hub, receiver: Receiver) -> None:
    made = register(hub, receiver.url, **FULL)
    save_back(hub, made.id, Headers={"Authorization": "Bearer NEWTOKEN", "X-Tenant": "7"})
    assert [call.headers["authorization"] for call in receiver.journal] == [TOKEN, "Bearer NEWTOKEN"]
    save_back(hub, made.id, Headers={"X-Tenant": "7"}, Properties=None)
    assert "authorization" not in receiver.journal[-1].headers
    assert "SealedValues" not in row(hub, made.id)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"Headers": {"Authorization": MASK}}, ["#/Headers/Authorization"]),
        ({"Headers": {"X-Tenant": f" {MASK}"}}, ["#/Headers/X-Tenant"]),
        ({"Properties": {"nested": {"token": MASK}}}, ["#/Properties/nested/token"]),
        ({"Properties": {"tokens": [MASK]}}, ["#/Properties/tokens/0"]),
        ({"Secret": MASK}, ["#/Secret"]),
        ({"Secret": f"{MASK} "}, ["#/Secret"]),
        ({"Secret": "*" * 7}, ["#/Secret"]),
        ({"Secret": "*" * 9}, ["#/Secret"]),
        ({"Secret": "  "}, ["#/Secret"]),
        ({"Headers": {"Authorization": "***"}}, ["#/Headers/Authorization"]),
        ({"Headers": {"Authorization": f"Bearer {MASK}"}}, ["#/Headers/Authorization"]),
        ({"Properties": {"apiKey": "\u2022" * 8}}, ["#/Properties/apiKey"]),
        ({"Headers": {"X-A": "1"}, "SealedHeaders": ["X-B"]}, ["#/SealedHeaders"]),
        ({"SealedHeaders": "X-A"}, ["#/SealedHeaders"]),
    ],
)
def test_a_mask_without_a_stored_value_is_refused_on_create_and_in_a_test(
    hub: Hub, receiver: Receiver, members: dict[str, object], expected: list[str]
) -> None:
    for call in (
        lambda: register(hub, receiver.url, **members),
        lambda: send_test(hub, None, receiver.url, **members),
    ):
        with pytest.raises(BadRequest) as caught:
            call()
        assert pointers(caught.value) == expected
    assert receiver.journal == []


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"Headers": {"X-Renamed": MASK}}, ["#/Headers/X-Renamed"]),
        ({"Headers": {"X-Renamed-Key": MASK}}, ["#/Headers/X-Renamed-Key"]),
        ({"Headers": {"X-Tenant": MASK}}, ["#/Headers/X-Tenant"]),
        ({"Properties": {"note": MASK}}, ["#/Properties/note"]),
        ({"Properties": {"nested": MASK}}, ["#/Properties/nested"]),
    ],
)
def test_a_mask_does_not_move_to_another_name(
    hub: Hub, receiver: Receiver, members: dict[str, object], expected: list[str]
) -> None:
    made = register(hub, receiver.url, **FULL)
    with pytest.raises(BadRequest) as caught:
        save_back(hub, made.id, **members)
    assert pointers(caught.value) == expected


def test_a_secret_of_a_mask_with_blanks_keeps_the_stored_one(hub: Hub, receiver: Receiver) -> None:
    made = register(hub, receiver.url, **FULL)
    saved = save_back(hub, made.id, Secret=f" {MASK} ", Headers={"authorization": f"{MASK} "})
    assert (saved.new_secret, saved.registration.sealed_secret) == (None, made.sealed_secret)
    attempt(hub, saved.registration)
    call = receiver.journal[-1]
    assert call.headers["x-superoffice-signature"] == superoffice_signature("SIGNINGSECRET", call.body)
    assert call.headers["authorization"] == TOKEN


@pytest.mark.parametrize("state", ["Active", "Stopped"])
def test_masks_do_not_follow_a_target_to_another_origin(
    hub: Hub, receiver: Receiver, other: Receiver, state: str
) -> None:
    made = register(hub, receiver.url, **FULL)
    for target in (other.url, receiver.url.replace("http:", "https:"), receiver.url.replace("127.0.0.1", "127.0.0.2")):
        with pytest.raises(BadRequest, match="was given for another origin") as caught:
            save_back(hub, made.id, TargetUrl=target, State=state)
        assert pointers(caught.value) == [
            "#/Headers/Authorization",
            "#/Properties/apiKey",
            "#/Properties/nested/token",
        ]
    assert (other.connections, read(hub, made.id)["TargetUrl"]) == (0, receiver.url)


def test_within_the_origin_and_with_new_values_a_target_moves(hub: Hub, receiver: Receiver, other: Receiver) -> None:
    made = register(hub, receiver.url, **FULL)
    save_back(hub, made.id, TargetUrl=f"{receiver.url}/other?path=1")
    assert receiver.journal[-1].headers["authorization"] == TOKEN
    new: dict[str, object] = {"Headers": {"Authorization": "Bearer NEWTOKEN"}, "Properties": {"tenant": 7}}
    save_back(hub, made.id, TargetUrl=other.url, **new)
    [call] = other.journal
    assert (call.headers["authorization"], in_clear(call)) == ("Bearer NEWTOKEN", [])
    # The signing secret stays with its webhook wherever that points.
    assert call.headers["x-superoffice-signature"] == superoffice_signature("SIGNINGSECRET", call.body)


def test_masks_do_not_follow_into_a_script(connection_string: str, receiver: Receiver) -> None:
    entry_point = "tests.delivery.scripts:notes"
    hub = delivering_hub(connection_string, CRMSCRIPT_ENTRY_POINTS=entry_point)
    made = register(hub, receiver.url, **FULL)
    with pytest.raises(BadRequest, match="another origin"):
        save_back(hub, made.id, Type="crmscript", TargetUrl=entry_point)


def test_in_a_test_no_stored_secret_stands_behind_a_mask_for_another_origin(
    hub: Hub, receiver: Receiver, other: Receiver
) -> None:
    made = register(hub, receiver.url, **FULL)
    for members, expected in (
        ({"Secret": MASK}, ["#/Secret"]),
        ({"Headers": {"Authorization": MASK}}, ["#/Headers/Authorization"]),
        ({"Secret": f" {MASK}", "Properties": {"apiKey": MASK}}, ["#/Secret", "#/Properties/apiKey"]),
    ):
        with pytest.raises(BadRequest) as caught:
            send_test(hub, made.id, other.url, **members)
        assert pointers(caught.value) == expected
    assert other.connections == 0
    send_test(hub, made.id, f"{receiver.url}/other", Secret=MASK, Headers={"Authorization": MASK})
    call = receiver.journal[-1]
    assert call.headers["x-superoffice-signature"] == superoffice_signature("SIGNINGSECRET", call.body)
    assert call.headers["authorization"] == TOKEN


def test_in_a_test_with_a_new_secret_the_stored_one_signs_nothing_for_another_origin(
    hub: Hub, receiver: Receiver, other: Receiver
) -> None:
    made = register(hub, receiver.url, **FULL)
    send_test(hub, made.id, other.url, Secret="mine")
    assert other.journal[0].headers["webhook-signature"].count("v1,") == 1
    send_test(hub, made.id, receiver.url, Secret="mine")
    assert receiver.journal[-1].headers["webhook-signature"].count("v1,") == 2


@pytest.mark.parametrize("state", ["Stopped", "TooManyErrors"])
def test_a_webhook_that_was_not_active_is_always_tested_before_it_is(hub: Hub, receiver: Receiver, state: str) -> None:
    made = register(hub, receiver.url)
    if state == "Stopped":
        save_back(hub, made.id, State=state)
    else:
        receiver.behave(answers(410))
        attempt(hub, made)
    assert read(hub, made.id)["State"] == state
    receiver.reset()
    receiver.behave(answers(500))
    with pytest.raises(BadRequest, match="the test event failed"):
        save_back(hub, made.id, State="Active")
    assert read(hub, made.id)["State"] == state
    receiver.reset()
    save_back(hub, made.id, State="Active")
    assert [call.headers["x-hook-test"] for call in receiver.journal] == ["true"]
    save_back(hub, made.id, Name="Active already")
    assert len(receiver.journal) == 1


def test_names_that_are_asked_for_stay_sealed_until_the_value_is_given_anew(hub: Hub, receiver: Receiver) -> None:
    made = register(hub, receiver.url, Headers={"X-Tenant": "SECRET7"}, SealedHeaders=["X-TENANT", "x-tenant"])
    assert read(hub, made.id)["SealedHeaders"] == ["X-TENANT"]
    # As a client does that drops what SuperOffice does not know.
    save_back(hub, made.id, SealedHeaders=None)
    save_back(hub, made.id, SealedHeaders=None, Headers={"X-Tenant": "SECRET8"})
    assert (read(hub, made.id)["Headers"], receiver.journal[-1].headers["x-tenant"]) == ({"X-Tenant": MASK}, "SECRET8")
    with pytest.raises(BadRequest, match="given anew") as caught:
        save_back(hub, made.id, SealedHeaders=[])
    assert pointers(caught.value) == ["#/Headers/X-Tenant"]
    save_back(hub, made.id, SealedHeaders=[], Headers={"X-Tenant": "7"})
    assert read(hub, made.id)["Headers"] == {"X-Tenant": "7"}
    assert "SealedHeaders" not in read(hub, made.id)


def test_who_removes_a_sealed_header_need_not_remove_its_name(hub: Hub, receiver: Receiver) -> None:
    made = register(hub, receiver.url, Headers={"X-A": "1", "X-B": "2"}, SealedHeaders=["X-A", "X-B"])
    save_back(hub, made.id, Headers={"X-B": MASK})
    assert (read(hub, made.id)["SealedHeaders"], read(hub, made.id)["Headers"]) == (["X-B"], {"X-B": MASK})


@pytest.mark.parametrize(
    "members",
    [{"Headers": HEADERS}, {"Properties": PROPERTIES}, {"Headers": {"X-A": "1"}, "SealedHeaders": ["X-A"]}],
)
def test_without_a_key_a_sensitive_value_is_refused_as_a_secret_is(
    connection_string: str, receiver: Receiver, members: dict[str, object]
) -> None:
    hub = delivering_hub(connection_string, SECRETS_KEY="")
    for given_members in (members, {"Secret": "SIGNINGSECRET"}):
        with pytest.raises(Misconfigured, match="SECRETS_KEY"):
            register(hub, receiver.url, **given_members)
    assert receiver.connections == 0
    plain = register(hub, receiver.url, Headers={"X-Tenant": "7"}, Properties={"tenant": 7})
    save(hub, plain.id, Name="Other")
    assert len(receiver.journal) == 1


def test_masks_that_take_more_room_than_their_values_are_refused_and_never_stored(hub: Hub, receiver: Receiver) -> None:
    properties = {"token": {str(number): 1 for number in range(2500)}}
    with pytest.raises(BadRequest, match="must be at most 30000 characters of JSON") as caught:
        register(hub, receiver.url, Properties=properties)
    assert (pointers(caught.value), receiver.connections) == (["#/Properties"], 0)


def test_long_values_are_stored_in_as_many_columns_as_they_need(hub: Hub, receiver: Receiver) -> None:
    properties = {"token": "t" * 29_000, "key": "\u00e9" * 900}
    made = register(hub, receiver.url, Properties=properties)
    assert opened_webhook(stored(hub, made.id), hub.sealer).properties == properties
    assert {"SealedValues", "SealedValues1", "SealedValues2"} <= row(hub, made.id).keys()

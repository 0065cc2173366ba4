"""Webhooks that somebody made by hand, with secrets in their addresses: shown nowhere, kept, and found by `ensure`."""

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import BadRequest, Conflict, HubError
from shared.http import problem
from shared.hub.registration import DataverseRegistration
from shared.secret_mask import SECRET_MASK
from tests.dynamics.registration.conftest import Asked
from tests.dynamics.registration.samples import KEY, RECEIVER, WEBHOOK_KEY, new_step, new_webhook
from tests.dynamics.registration.test_address import SAME
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.dataverse.tables import LOOKUP_TABLE
from tests.fakes.server import json_reply

# It has nothing in common with KEY, whose parts are hidden anyway.
SECRET = "s3cret-zyxwvutsrqpo"
ADDRESSES = [
    f"{RECEIVER}?code={SECRET}",
    f"https://logic.example/paths/invoke?api-version=2016-10-01&sp=%2Frun&sv=1.0&sig={SECRET}",
    f"https://other.example/x?anything={SECRET}",
    f"https://other.example/x?{SECRET}",
    f"https://user:{SECRET}@other.example/x",
    f"https://other.example/x/?a=b#{SECRET}",
    f" https://other.example/x&code={SECRET}/ ",
]
STEPS = [new_step()]
EACH_ADDRESS = pytest.mark.parametrize("url", ADDRESSES)


def made_by_hand(dataverse: FakeDataverse, url: str, name: str = "By hand") -> str:
    id_ = str(uuid4())
    row = {"serviceendpointid": id_, "name": name, "url": url, "contract": 8, "authtype": 4, "description": None}
    dataverse.add("serviceendpoints", id_, {**row, "isauthvalueset": True, "ismanaged": False})
    dataverse.secrets[id_] = "their-key"
    return id_


def url_of(dataverse: FakeDataverse, id_: str) -> object:
    return dataverse.rows["serviceendpoints"][id_]["url"]


@EACH_ADDRESS
def test_no_reply_and_no_log_has_a_secret_of_an_address(
    registration: DataverseRegistration, dataverse: FakeDataverse, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    caplog.set_level(logging.DEBUG)
    id_ = made_by_hand(dataverse, url)
    webhooks = registration.webhooks
    told = [
        *(webhook.as_json() for webhook in webhooks.list()),
        webhooks.show(id_).as_json(),
        webhooks.update(id_, {"name": "New"}).as_json(),
        webhooks.update(id_, {"authentication": WEBHOOK_KEY}).as_json(),
        registration.steps.register(id_, new_step()).as_json(),
    ]
    assert all(SECRET_MASK in str(one["url"]) for one in told[:-1])
    assert "s3cret" not in json.dumps(told) + repr(webhooks.list()) + repr(webhooks.show(id_)) + caplog.text
    assert url_of(dataverse, id_) == url


@EACH_ADDRESS
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_no_refusal_of_dataverse_brings_it_back(
    registration: DataverseRegistration,
    dataverse: FakeDataverse,
    caplog: pytest.LogCaptureFixture,
    method: str,
    url: str,
) -> None:
    id_ = made_by_hand(dataverse, url)
    message = f"The address '{url}' and the value '{SECRET[2:14]}' are not wanted"
    refusal = json_reply({"error": {"code": "0x80040216", "message": message}}, 400)
    dataverse.faults.fail_once(method, "serviceendpoints", refusal)
    operations: dict[str, Callable[[], object]] = {
        "PATCH": lambda: registration.webhooks.update(id_, {"name": "New"}),
        "DELETE": lambda: registration.webhooks.unregister(id_),
    }
    with pytest.raises(HubError) as caught:
        operations[method]()
    told = problem(caught.value).get_body().decode() + caplog.text
    assert "cret-zyxwvut" not in told


ECHO = json_reply({"error": {"code": "0x80040216", "message": f"The value '{SECRET[2:14]}' is not wanted"}}, 400)


def test_no_refusal_of_what_was_sent_brings_it_back(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    url = f"https://other.example/x?anything={SECRET}"
    operations: list[tuple[str, str, Callable[[], object]]] = [
        ("POST", "serviceendpoints", lambda: registration.webhooks.register(new_webhook(url=url))),
        (
            "POST",
            "sdkmessageprocessingsteps",
            lambda: registration.webhooks.register(new_webhook(url=url, steps=STEPS)),
        ),
        ("GET", "sdkmessages", lambda: registration.webhooks.register(new_webhook(url=url, steps=STEPS))),
        ("POST", "serviceendpoints", lambda: registration.installer.ensure({"key": KEY, "url": url})),
        ("POST", "sdkmessageprocessingsteps", lambda: registration.installer.ensure({"key": KEY, "url": url})),
        ("GET", "sdkmessages", lambda: registration.installer.ensure({"key": KEY, "url": url})),
    ]
    for method, set_, operation in operations:
        dataverse.faults.fail_once(method, set_, ECHO)
        with pytest.raises(BadRequest) as caught:
            operation()
        assert "cret-zyxwvut" not in problem(caught.value).get_body().decode()
    id_ = made_by_hand(dataverse, f"{RECEIVER}?code={SECRET}")
    dataverse.faults.fail_once("PATCH", "serviceendpoints", ECHO)
    with pytest.raises(BadRequest) as caught:
        registration.installer.ensure({"key": KEY})
    assert "cret-zyxwvut" not in problem(caught.value).get_body().decode()
    moving = {"url": url, "authentication": WEBHOOK_KEY}
    other = made_by_hand(dataverse, "https://other.example/y", "Other")
    dataverse.faults.fail_once("PATCH", "serviceendpoints", ECHO)
    with pytest.raises(BadRequest) as caught:
        registration.webhooks.update(other, moving)
    assert "cret-zyxwvut" not in problem(caught.value).get_body().decode()
    assert url_of(dataverse, id_) == f"{RECEIVER}?code={SECRET}"


@EACH_ADDRESS
def test_no_message_of_a_failed_job_brings_it_back(
    registration: DataverseRegistration, dataverse: FakeDataverse, url: str
) -> None:
    id_ = made_by_hand(dataverse, url)
    step = registration.steps.register(id_, new_step())
    for message in (f"Failed during http post to {url}: 503", f"the value {SECRET} is wrong", "no answer in time"):
        job_id = str(uuid4())
        job = {"asyncoperationid": job_id, "message": message, "friendlymessage": message, "statuscode": 31}
        more = {"_owningextensionid_value": step.id, f"_regardingobjectid_value{LOOKUP_TABLE}": "connection"}
        dataverse.add("asyncoperations", job_id, {**job, **more})
    jobs = [job.as_json() for job in registration.failures.list(id_, step.id, since=None, top=None)]
    assert "s3cret" not in json.dumps(jobs)
    assert [job["message"] for job in jobs].count("no answer in time") == 1


@EACH_ADDRESS
def test_a_save_of_what_was_read_changes_nothing(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked], url: str
) -> None:
    id_ = made_by_hand(dataverse, url)
    read = registration.webhooks.show(id_).as_json()
    saved = registration.webhooks.update(id_, {name: read[name] for name in ("name", "url", "description")})
    assert (saved.as_json(), written(), url_of(dataverse, id_)) == (read, [], url)


@pytest.mark.parametrize("url", [RECEIVER, f"{RECEIVER}/", "https://other.example/x?a=", "HTTP://Other.example:80"])
def test_so_does_one_without_secrets(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked], url: str
) -> None:
    id_ = made_by_hand(dataverse, url)
    read = registration.webhooks.show(id_).as_json()
    assert registration.webhooks.update(id_, {"url": read["url"]}).as_json() == read
    assert registration.webhooks.update(id_, {"url": url}).as_json() == read
    assert (written(), url_of(dataverse, id_)) == ([], url)


# Every example makes a webhook of its own, so the fake need not be new.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(tail=st.text(st.sampled_from("ab/?#@&;=%*: é") | st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_a_save_of_any_address_that_was_read_changes_nothing_or_is_refused(
    registration: DataverseRegistration, dataverse: FakeDataverse, tail: str
) -> None:
    url = f"https://other.example/{tail}"
    id_ = made_by_hand(dataverse, url)
    read = registration.webhooks.show(id_).as_json()
    # One with a blank in it, say, cannot be given, and Dataverse could not call it either.
    with suppress(BadRequest):
        assert registration.webhooks.update(id_, {"url": read["url"]}).as_json() == read
    assert url_of(dataverse, id_) == url


@EACH_ADDRESS
def test_with_a_new_key_the_mask_keeps_the_address_too(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked], url: str
) -> None:
    id_ = made_by_hand(dataverse, url)
    read = registration.webhooks.show(id_).as_json()
    registration.webhooks.update(id_, {"url": read["url"], "authentication": WEBHOOK_KEY})
    assert written() == [("PATCH", f"serviceendpoints({id_})", {"authtype": 4, "authvalue": KEY})]


@pytest.mark.parametrize(
    "change",
    [
        f"{RECEIVER}/elsewhere?code={SECRET_MASK}",
        f"https://evil.example/?code={SECRET_MASK}",
        f"{RECEIVER}?code={SECRET_MASK}&more={SECRET_MASK}",
        f"{RECEIVER}?sig={SECRET_MASK}",
        f"{RECEIVER}?code=new&sig={SECRET_MASK}",
        SECRET_MASK,
    ],
)
@pytest.mark.parametrize("more", [{}, {"authentication": WEBHOOK_KEY}])
def test_the_mask_never_stands_for_a_value_of_another_address(
    registration: DataverseRegistration,
    dataverse: FakeDataverse,
    written: Callable[[], Asked],
    change: str,
    more: dict[str, object],
) -> None:
    id_ = made_by_hand(dataverse, ADDRESSES[0])
    with pytest.raises(BadRequest) as caught:
        registration.webhooks.update(id_, {"url": change, **more})
    assert ([error.pointer for error in caught.value.errors], written()) == (["#/url"], [])


def test_a_masked_address_registers_nothing_new(registration: DataverseRegistration, dataverse: FakeDataverse) -> None:
    url = f"{RECEIVER}?code={SECRET_MASK}"
    with pytest.raises(BadRequest) as registering:
        registration.webhooks.register(new_webhook(url=url))
    with pytest.raises(BadRequest) as ensuring:
        registration.installer.ensure({"key": KEY, "url": url})
    assert [error.pointer for error in (*registering.value.errors, *ensuring.value.errors)] == ["#/url", "#/url"]
    assert dataverse.journal == []


@pytest.mark.parametrize("name", ["code", "sig", "Ocp-Apim-Subscription-Key", "x-token"])
def test_an_address_with_a_secret_is_registered_with_a_warning_and_masked(
    registration: DataverseRegistration, dataverse: FakeDataverse, name: str
) -> None:
    made = registration.webhooks.register(new_webhook(url=f"{RECEIVER}?{name}={SECRET}"))
    shown = made.as_json()
    assert (shown["url"], url_of(dataverse, made.webhook.id)) == (
        f"{RECEIVER}?{name}={SECRET_MASK}",
        f"{RECEIVER}?{name}={SECRET}",
    )
    assert [name.lower() in warning for warning in made.webhook.warnings] == [True]
    assert "s3cret" not in json.dumps(shown)


@pytest.mark.parametrize("url", SAME)
def test_ensure_finds_a_webhook_that_posts_to_the_same_function_and_corrects_it(
    registration: DataverseRegistration, dataverse: FakeDataverse, url: str
) -> None:
    id_ = made_by_hand(dataverse, url)
    [ensured] = registration.installer.ensure({"key": KEY}).webhooks
    assert (ensured.webhook.id, list(dataverse.rows["serviceendpoints"])) == (id_, [id_])
    assert (url_of(dataverse, id_), dataverse.secrets[id_], ensured.webhook.warnings) == (RECEIVER, KEY, ())
    assert ensured.as_json() == registration.webhooks.show(id_).as_json()
    again = registration.installer.ensure({"key": KEY})
    assert (again.is_new, len(dataverse.rows["sdkmessageprocessingsteps"])) == (False, 1)


@pytest.mark.parametrize("url", SAME)
def test_two_of_them_are_a_409_that_names_both(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked], url: str
) -> None:
    ids = [made_by_hand(dataverse, RECEIVER, "one"), made_by_hand(dataverse, url, "two")]
    with pytest.raises(Conflict) as caught:
        registration.installer.ensure({"key": KEY})
    assert (caught.value.extensions, written()) == ({"conflicts": ids}, [])


def test_a_webhook_beside_one_at_the_same_function_comes_with_a_warning(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    id_ = made_by_hand(dataverse, f"{RECEIVER.upper().replace('HTTPS', 'http')}/?code={SECRET}")
    made = registration.webhooks.register(new_webhook())
    assert [id_ in warning for warning in made.webhook.warnings] == [True]
    moved = registration.webhooks.update(id_, {"url": RECEIVER, "authentication": WEBHOOK_KEY})
    assert [made.webhook.id in warning for warning in moved.webhook.warnings] == [True]


def test_every_step_of_a_webhook_at_this_app_says_what_will_be_refused(registration: DataverseRegistration) -> None:
    other = {"message": "Create", "table": "account"}
    made = registration.webhooks.register(new_webhook(url=f"{RECEIVER}/", steps=[new_step(), other]))
    assert [len(step.warnings) for step in made.steps] == [0, 1]
    webhook_id, bad = made.webhook.id, made.steps[1].id
    assert registration.webhooks.show(webhook_id).as_json() == made.as_json()
    assert [step.as_json() for step in registration.steps.list(webhook_id)] == [s.as_json() for s in made.steps]
    assert registration.steps.show(webhook_id, bad).as_json() == made.steps[1].as_json()
    added = registration.steps.register(webhook_id, {"message": "Update", "table": "account"})
    assert ["400" in warning for warning in added.warnings] == [False, True]


def test_query_values_that_are_not_ascii_come_with_a_warning(registration: DataverseRegistration) -> None:
    authentication = {"type": "HttpQueryString", "values": {"key": "sécret"}}
    made = registration.webhooks.register(new_webhook(authentication=authentication))
    assert ["%u00e9" in warning for warning in made.webhook.warnings] == [True]
    changed = registration.webhooks.update(made.webhook.id, {"authentication": authentication})
    assert changed.webhook.warnings == made.webhook.warnings
    assert "sécret" not in json.dumps(made.as_json(), ensure_ascii=False)

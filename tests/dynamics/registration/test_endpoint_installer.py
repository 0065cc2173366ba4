"""The webhooks that `ensure` makes for events: one at each address, and none that is half done."""

from collections.abc import Callable

import pytest

from shared.errors import BadRequest, Conflict, HubError
from shared.hub.hub import Hub
from shared.hub.registration import DataverseRegistration
from shared.settings import Settings
from tests.dynamics.registration.conftest import Asked
from tests.dynamics.registration.racing import at_once
from tests.dynamics.registration.samples import (
    ELSEWHERE,
    EVENTS_RECEIVER,
    KEY,
    OTHER_KEY,
    PUBLIC_URL,
    RECEIVER,
    new_webhook,
)
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.server import Reply, json_reply

ENDPOINTS, STEPS, IMAGES = "serviceendpoints", "sdkmessageprocessingsteps", "sdkmessageprocessingstepimages"
EVENTS = [
    {"event": "opportunity.updated", "columns": ["name"], "preImage": True},
    {"event": "account.deleted", "preImage": True},
]
UPDATE = {"message": "Update", "table": "opportunity"}
DELETE = {"message": "Delete", "table": "account"}
REFUSAL = json_reply({"error": {"code": "0x80044000", "message": "no"}}, 400)


@pytest.fixture
def installers(connection_string: str, dataverse: FakeDataverse) -> list[DataverseRegistration]:
    """Two that share nothing but Dataverse."""
    settings = {"AzureWebJobsStorage": connection_string, "DATAVERSE_URL": dataverse.url, "PUBLIC_URL": PUBLIC_URL}
    return [Hub.assemble(Settings.read(settings)).registration for _ in range(2)]


def counts(dataverse: FakeDataverse) -> list[int]:
    return [len(dataverse.rows.get(set_, {})) for set_ in (ENDPOINTS, STEPS, IMAGES)]


def body(key: str = KEY, **more: object) -> dict[str, object]:
    return {"key": key, "events": EVENTS, **more}


@pytest.mark.parametrize(
    ("there", "meeting"),
    [
        ([], ENDPOINTS),
        ([new_webhook(url=EVENTS_RECEIVER)], STEPS),
        ([new_webhook(url=EVENTS_RECEIVER, steps=[UPDATE, DELETE])], IMAGES),
        ([], None),
        ([new_webhook(url=EVENTS_RECEIVER)], None),
    ],
    ids=["webhook", "step", "image", "nothing is there", "a webhook is there"],
)
def test_two_installers_at_once_leave_one_webhook_one_step_an_event_and_one_image_a_step(
    installers: list[DataverseRegistration],
    dataverse: FakeDataverse,
    there: list[dict[str, object]],
    meeting: str | None,
) -> None:
    for webhook in there:
        installers[0].webhooks.register(webhook)
    if meeting:
        dataverse.faults.meet("POST", meeting)
    outcomes = at_once(
        lambda: installers[0].installer.ensure(body()), lambda: installers[1].installer.ensure(body(OTHER_KEY))
    )
    assert all(isinstance(outcome, Conflict) or not isinstance(outcome, HubError) for outcome in outcomes)
    assert any(not isinstance(outcome, HubError) for outcome in outcomes)
    repeated = installers[0].installer.ensure(body())
    assert (counts(dataverse), repeated.is_new) == ([1, 2, 2], False)
    assert list(dataverse.secrets.values()) == [KEY]


@pytest.mark.parametrize(
    ("set_", "skip"), [(STEPS, 0), (STEPS, 1), (IMAGES, 0), (IMAGES, 1)], ids=["step", "step 2", "image", "image 2"]
)
def test_a_new_webhook_goes_again_if_a_step_or_an_image_fails_and_an_old_one_stays(
    registration: DataverseRegistration, dataverse: FakeDataverse, set_: str, skip: int
) -> None:
    dataverse.faults.fail_once("POST", set_, REFUSAL, skip=skip)
    with pytest.raises(BadRequest):
        registration.installer.ensure(body())
    assert counts(dataverse) == [0, 0, 0]
    registration.webhooks.register(new_webhook(url=EVENTS_RECEIVER))
    dataverse.faults.fail_once("POST", set_, REFUSAL, skip=skip)
    with pytest.raises(BadRequest):
        registration.installer.ensure(body())
    assert counts(dataverse)[0] == 1
    registration.installer.ensure(body())
    assert counts(dataverse) == [1, 2, 2]


def test_a_new_webhook_that_another_installer_goes_on_with_stays(
    installers: list[DataverseRegistration], dataverse: FakeDataverse
) -> None:
    other = lambda: installers[1].installer.ensure(body(OTHER_KEY))  # noqa: E731 - what happens in between
    dataverse.faults.before("POST", IMAGES, other, reply=REFUSAL, skip=1)
    with pytest.raises(BadRequest):
        installers[0].installer.ensure(body())
    assert counts(dataverse) == [1, 2, 2]


def test_an_image_that_another_installer_made_meanwhile_is_not_new_and_has_the_columns_of_the_last(
    installers: list[DataverseRegistration], dataverse: FakeDataverse
) -> None:
    installers[0].webhooks.register(new_webhook(url=EVENTS_RECEIVER, steps=[UPDATE]))
    first = {"event": "opportunity.updated", "preImage": True}
    other = lambda: installers[1].installer.ensure({"key": KEY, "events": [first]})  # noqa: E731 - what happens in between
    dataverse.faults.before("POST", IMAGES, other)
    ensured = installers[0].installer.ensure({"key": KEY, "events": [{**first, "columns": ["name"]}]})
    assert (ensured.is_new, counts(dataverse)) == (False, [1, 1, 1])
    assert [image["attributes"] for image in dataverse.rows[IMAGES].values()] == ["name"]


def test_what_could_not_be_taken_back_is_named(registration: DataverseRegistration, dataverse: FakeDataverse) -> None:
    dataverse.faults.fail_once("POST", IMAGES, REFUSAL)
    dataverse.faults.fail_once("DELETE", ENDPOINTS, Reply(500))
    with pytest.raises(BadRequest) as caught:
        registration.installer.ensure(body())
    assert [caught.value.extensions["leftBehind"]] == list(dataverse.rows[ENDPOINTS])


@pytest.mark.parametrize("set_", [ENDPOINTS, STEPS, IMAGES])
def test_what_was_done_although_it_was_answered_503_is_new(
    registration: DataverseRegistration, dataverse: FakeDataverse, set_: str
) -> None:
    dataverse.faults.answer_late("POST", set_, Reply(503))
    ensured = registration.installer.ensure(body())
    assert (ensured.is_new, counts(dataverse)) == (True, [1, 2, 2])


def test_two_webhooks_at_one_address_are_a_409_and_nothing_is_changed_at_the_other(
    registration: DataverseRegistration, written: Callable[[], Asked]
) -> None:
    ids = [registration.webhooks.register(new_webhook(name=name, url=EVENTS_RECEIVER)).webhook.id for name in "ab"]
    events = [{"event": "connection.created"}, *EVENTS]
    with pytest.raises(Conflict) as caught:
        registration.installer.ensure({"key": KEY, "events": events})
    assert (caught.value.extensions, len(written())) == ({"conflicts": ids}, 2)


def test_address_and_name_are_those_of_the_webhook_for_events(registration: DataverseRegistration) -> None:
    events = [{"event": "connection.created"}, *EVENTS]
    connections, others = registration.installer.ensure(
        {"key": KEY, "events": events, "url": ELSEWHERE, "name": "Our events"}
    ).webhooks
    assert (connections.webhook.url, connections.webhook.name) == (RECEIVER, "Connections to hub.example")
    assert (others.webhook.url, others.webhook.name) == (ELSEWHERE, "Our events")
    assert others.webhook.warnings


def test_a_name_that_another_webhook_has_is_a_409(
    registration: DataverseRegistration, written: Callable[[], Asked]
) -> None:
    registration.webhooks.register(new_webhook(name="taken", url=ELSEWHERE))
    with pytest.raises(Conflict):
        registration.installer.ensure(body(name="Taken"))
    registration.installer.ensure(body())
    count = len(written())
    with pytest.raises(Conflict):
        registration.installer.ensure(body(name="Taken"))
    assert len(written()) == count
    assert registration.installer.ensure(body(name="Free")).webhooks[0].webhook.name == "Free"


def test_what_is_new_becomes_a_part_of_the_solution(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.solutions["contoso_hub"] = []
    [made] = registration.installer.ensure(body(solution="contoso_hub")).webhooks
    ids = [id_ for step in made.steps for id_ in (step.id, *(image.id for image in step.images))]
    assert dataverse.solutions == {"contoso_hub": [made.webhook.id, *ids]}
    registration.installer.ensure(body(solution="contoso_hub"))
    assert len(dataverse.solutions["contoso_hub"]) == 5


def test_a_secret_that_dataverse_echoes_is_not_repeated(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    registration.installer.ensure(body())
    dataverse.faults.echo("PATCH", ENDPOINTS, 400)
    with pytest.raises(BadRequest) as caught:
        registration.installer.ensure(body(OTHER_KEY))
    assert OTHER_KEY not in repr(caught.value.extensions)


def test_all_that_can_be_known_beforehand_is_said_at_once_and_dataverse_is_not_asked(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    events = [*EVENTS, {"event": "account.created", "preImage": True}]
    with pytest.raises(BadRequest) as caught:
        registration.installer.ensure({"key": KEY, "events": events, "url": RECEIVER})
    assert [error.pointer for error in caught.value.errors] == ["#/events/2/preImage", "#/url"]
    assert dataverse.journal == []


def test_a_name_that_two_webhooks_have_already_does_not_stand_in_the_way(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    ids = [
        registration.webhooks.register(new_webhook(name=url, url=url)).webhook.id
        for url in (EVENTS_RECEIVER, ELSEWHERE)
    ]
    for id_ in ids:
        dataverse.rows[ENDPOINTS][id_]["name"] = "Hub"
    assert registration.installer.ensure(body(name="Hub")).webhooks[0].webhook.id == ids[0]

"""The client over HTTP; what the registration API makes of each refusal stands in tests of its own."""

from uuid import uuid4

import pytest

from shared.deadline import retry_budget
from shared.dynamics.organization import API_PATH, Organization
from shared.dynamics.refusal import DataverseRefused
from shared.errors import BadGateway, DataverseDown, Throttled
from shared.web_api import WebApi
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.server import Reply, json_reply

SET = "serviceendpoints"
_KEY = {"authtype": 4, "authvalue": "k" * 32}
NOT_FOUND = json_reply({"error": {"code": "0x80040217", "message": "no"}}, 404)


@pytest.fixture
def organization(dataverse: FakeDataverse) -> Organization:
    api = WebApi("Dataverse", dataverse.url, lambda: "token", DataverseDown, on_bad_response=BadGateway)
    return Organization(api)


def new_row() -> dict[str, object]:
    return {"serviceendpointid": str(uuid4()), "name": "Hub", "url": "https://hub.example", "contract": 8, **_KEY}


def posts(dataverse: FakeDataverse) -> int:
    return sum(call.method == "POST" for call in dataverse.journal)


def busy(status: int, after: str | None) -> Reply:
    return Reply(status, headers={} if after is None else {"Retry-After": after})


@pytest.mark.parametrize(("status", "after"), [(429, None), (429, "0"), (429, "5"), (503, "0"), (503, "5")])
def test_a_create_that_is_throttled_to_the_end_is_not_sent_again_as_if_its_answer_was_lost(
    organization: Organization, dataverse: FakeDataverse, status: int, after: str | None
) -> None:
    dataverse.answer_always(busy(status, after))
    with retry_budget(0.9), pytest.raises(Throttled):
        organization.create(SET, new_row())
    # A pause of 0 s is made three times; a longer one than there is time for, not at all.
    assert posts(dataverse) == (4 if after == "0" else 1)


def test_a_create_is_sent_once_more_after_a_503_that_names_no_pause(
    organization: Organization, dataverse: FakeDataverse
) -> None:
    dataverse.answer_always(busy(503, None))
    with retry_budget(0.9), pytest.raises(DataverseDown):
        organization.create(SET, new_row())
    assert posts(dataverse) == 2


@pytest.mark.parametrize("first", [busy(429, "0"), busy(503, "0")], ids=["429", "503"])
def test_a_create_that_is_throttled_for_a_moment_is_made(
    organization: Organization, dataverse: FakeDataverse, first: Reply
) -> None:
    row = new_row()
    dataverse.faults.fail_once("POST", SET, first)
    organization.create(SET, row)
    assert list(dataverse.rows[SET]) == [row["serviceendpointid"]]


def test_a_create_whose_answer_is_lost_is_refused_as_a_second_one(
    organization: Organization, dataverse: FakeDataverse
) -> None:
    dataverse.faults.lose_answer("POST", SET)
    with pytest.raises(DataverseRefused) as caught:
        organization.create(SET, new_row())
    assert (caught.value.status, caught.value.is_second, len(dataverse.rows[SET])) == (412, True, 1)


def test_a_row_that_is_not_there_is_none_and_another_refusal_is_raised(
    organization: Organization, dataverse: FakeDataverse
) -> None:
    dataverse.answer_next(NOT_FOUND, json_reply({"error": {"code": "0x80040220", "message": "no"}}, 403))
    assert organization.find(f"{SET}({uuid4()})") is None
    with pytest.raises(DataverseRefused) as caught:
        organization.find(f"{SET}({uuid4()})")
    assert (caught.value.status, caught.value.code) == (403, "0x80040220")


def test_deleting_what_is_gone_is_done_and_another_refusal_is_raised(
    organization: Organization, dataverse: FakeDataverse
) -> None:
    dataverse.answer_next(NOT_FOUND, json_reply({"error": {"code": "0x8004f01f", "message": "no"}}, 400))
    organization.delete(f"{SET}({uuid4()})")
    with pytest.raises(DataverseRefused):
        organization.delete(f"{SET}({uuid4()})")


def test_an_update_creates_nothing(organization: Organization, dataverse: FakeDataverse) -> None:
    with pytest.raises(DataverseRefused) as caught:
        organization.update(f"{SET}({uuid4()})", {"name": "x"})
    assert (caught.value.status, dataverse.rows.get(SET, {})) == (404, {})
    assert dataverse.journal[-1].headers["if-match"] == "*"


def test_a_404_that_is_not_dataverses_is_no_missing_row(organization: Organization, dataverse: FakeDataverse) -> None:
    dataverse.answer_always(Reply(404, b"<html>Not found</html>"))
    with pytest.raises(BadGateway, match="404 without an error of its own"):
        organization.find(f"{SET}({uuid4()})")


def test_a_write_that_is_answered_as_nothing_known_is_a_bad_answer(
    organization: Organization, dataverse: FakeDataverse
) -> None:
    dataverse.answer_always(Reply(202))
    with pytest.raises(BadGateway, match="answered 202 to a PATCH"):
        organization.update(f"{SET}({uuid4()})", {"name": "x"})


def test_the_organizations_id_is_in_lower_case_and_asked_for_once(
    organization: Organization, dataverse: FakeDataverse
) -> None:
    id_ = str(uuid4())
    dataverse.answer_next(json_reply({"OrganizationId": id_.upper()}))
    assert [organization.id, organization.id] == [id_, id_]
    assert [call.path for call in dataverse.journal] == [f"{API_PATH}WhoAmI"]


@pytest.mark.parametrize("content", [{}, {"OrganizationId": None}, {"OrganizationId": "x"}])
def test_an_answer_without_the_organizations_id_is_a_bad_answer(
    organization: Organization, dataverse: FakeDataverse, content: object
) -> None:
    dataverse.answer_always(json_reply(content))
    with pytest.raises(BadGateway):
        _ = organization.id

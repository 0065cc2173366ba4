"""Failed jobs belong to a step of a webhook: they are listed and replayed there, and nowhere else."""

from uuid import uuid4

import pytest

from shared.dynamics.registration.failed_jobs import FAILED
from shared.errors import Conflict, Gone, NotFound
from shared.hub.registration import DataverseRegistration
from tests.dynamics.registration.samples import ELSEWHERE, new_step, new_webhook
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.dataverse.tables import LOOKUP_TABLE

type Ids = tuple[str, str]


@pytest.fixture
def step(registration: DataverseRegistration) -> Ids:
    """A webhook and its step."""
    made = registration.webhooks.register(new_webhook(steps=[new_step()]))
    return made.webhook.id, made.steps[0].id


def add_job(dataverse: FakeDataverse, step_id: str, message: str = "503") -> str:
    id_ = str(uuid4())
    job = {"asyncoperationid": id_, "message": message, "statuscode": FAILED, "_owningextensionid_value": step_id}
    gone = {"_regardingobjectid_value": str(uuid4()), f"_regardingobjectid_value{LOOKUP_TABLE}": "connection"}
    dataverse.add("asyncoperations", id_, {**job, **gone})
    return id_


def test_the_failed_jobs_of_a_step_are_listed(
    registration: DataverseRegistration, dataverse: FakeDataverse, step: Ids
) -> None:
    job = add_job(dataverse, step[1])
    add_job(dataverse, str(uuid4()))
    assert [found.id for found in registration.failures.list(*step, since=None, top=None)] == [job]


def test_another_webhook_or_step_has_none_of_these_jobs(
    registration: DataverseRegistration, dataverse: FakeDataverse, step: Ids
) -> None:
    webhook_id, step_id = step
    job = add_job(dataverse, step_id)
    for ids in ((str(uuid4()), step_id), (webhook_id, str(uuid4()))):
        with pytest.raises(NotFound):
            registration.failures.list(*ids, since=None, top=None)
        with pytest.raises(NotFound):
            registration.failures.replay(*ids, job)


def test_a_job_is_replayed_with_the_slot_of_its_step(
    registration: DataverseRegistration, dataverse: FakeDataverse, step: Ids
) -> None:
    with pytest.raises(Gone):
        registration.failures.replay(*step, add_job(dataverse, step[1]))


def test_a_job_of_a_step_that_posts_elsewhere_is_a_409(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    made = registration.webhooks.register(new_webhook(steps=[new_step()], url=ELSEWHERE))
    with pytest.raises(Conflict):
        registration.failures.replay(made.webhook.id, made.steps[0].id, add_job(dataverse, made.steps[0].id))

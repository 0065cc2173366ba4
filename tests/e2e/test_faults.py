"""Storage that fails in the middle of a request, and a host that is killed: nothing that was acknowledged is lost."""

import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devhost.azurite import Azurite, azurite
from tests.e2e.running import RunningApp, running_app
from tests.e2e.test_receiving import eventually, listed_ids, new_connection, stored


@pytest.fixture(scope="module")
def own_azurite() -> Iterator[Azurite]:
    """An Azurite that may be paused without stopping other tests."""
    with azurite() as own:
        yield own


@pytest.fixture
def own_app(own_azurite: Azurite, tmp_path: Path) -> Iterator[RunningApp]:
    with running_app(own_azurite.connection_string, tmp_path) as running:
        yield running


def test_a_storage_that_hangs_is_a_503_within_25_seconds_and_the_next_try_is_stored(
    own_app: RunningApp, own_azurite: Azurite
) -> None:
    id_, body = new_connection()
    own_app.post(new_connection()[1])
    started = time.monotonic()
    own_azurite.pause()
    try:
        response = own_app.post(body)
    finally:
        own_azurite.resume()
    # A bound of the contract, far above what it takes: Dataverse gives up at 60 s.
    assert time.monotonic() - started < 25
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")
    assert own_app.post(body).status_code in {200, 201}
    assert stored(own_app, id_)


def test_no_interface_tells_what_is_wrong_with_storage(own_app: RunningApp, own_azurite: Azurite) -> None:
    paths = ["v1/events", "v1/Webhook", f"{uuid.uuid4()}/item/webhookConnections"]
    own_app.get("v1/events")
    own_azurite.pause()
    try:
        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(own_app.get, paths))
    finally:
        own_azurite.resume()
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    bodies = [answer.json() for answer in answers]
    told = [bodies[0]["detail"], bodies[1]["ErrorMessage"], bodies[2]["error"]["message"]]
    assert told == ["storage is out of reach"] * 3


def test_an_event_that_was_acknowledged_is_listed_although_the_host_was_killed(
    own_azurite: Azurite, tmp_path: Path
) -> None:
    posted = [new_connection() for _ in range(10)]
    # What the killed host had taken comes back when its lease ends.
    with running_app(own_azurite.connection_string, tmp_path, lease_seconds=5) as app:
        assert {app.post(body).status_code for _, body in posted} == {201}
        app.process.send_signal(signal.SIGKILL)
    with running_app(own_azurite.connection_string, tmp_path) as app:
        assert eventually(lambda: {id_ for id_, _ in posted} <= set(listed_ids(app)), seconds=90)

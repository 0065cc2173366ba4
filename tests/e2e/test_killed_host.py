"""A host that is killed with events in flight: each one that was acknowledged is delivered all the same."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.dynamics.dataverse_event import connection_event_id
from tests.e2e.running import RunningApp, running_app
from tests.e2e.test_receiving import ORGANIZATION, eventually, new_connection
from tests.e2e.webhooks import events_of, register
from tests.fakes.receiver import Receiver

EVENTS = 200
LEASE_SECONDS = 10
"""How long the killed host's leases hold; under Core Tools a few minutes, and this test waits for them."""


def acknowledged(app: RunningApp, body: bytes) -> bool:
    """Post until it is accepted, as Dataverse does: where storage is too busy to answer in time, that is a 503."""
    return any(app.post(body).status_code in {200, 201} for _ in range(5))


@pytest.mark.timeout(400)
def test_a_host_that_is_killed_with_200_events_in_flight_delivers_them_all_under_the_same_ids(
    new_account: Callable[[], str], receiver: Receiver, tmp_path: Path
) -> None:
    storage = new_account()
    posted = [new_connection() for _ in range(EVENTS)]
    expected = {connection_event_id(ORGANIZATION, connection_id) for connection_id, _ in posted}

    def received() -> list[str]:
        return [call.headers["x-superoffice-eventid"] for call in events_of(receiver.journal)]

    with running_app(storage, tmp_path, lease_seconds=LEASE_SECONDS) as app:
        register(app, receiver.url, "connection.created")
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda one: acknowledged(app, one[1]), posted))
        # Some are delivered, some are under way, most wait in one of the two queues.
        assert eventually(lambda: len(received()) > 0, seconds=60)
        app.kill(0)
    before = set(received())
    assert before < expected
    with running_app(storage, tmp_path):
        # What the killed host had taken from a queue shows up again when the lease on it ends.
        assert eventually(lambda: set(received()) >= expected, seconds=200)
    assert set(received()) == expected

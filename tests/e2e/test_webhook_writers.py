"""Two who change one webhook at once over HTTP: each is told the truth, and nothing is mixed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.running import RunningApp
from tests.e2e.webhooks import created, ok, one, refusal, request, stopped


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_writers_at_once_are_stored_whole_or_refused(app: RunningApp, method: str) -> None:
    made = created(app)

    def save(number: int) -> int:
        # Three members that belong together: mixed, they would tell of two writers.
        members = {"Name": f"w{number}", "Description": f"w{number}", "Events": [f"w{number}.x"]}
        response = request(app, method, one(made), stopped(**members) if method == "PUT" else members)
        if response.status_code != 200:
            return refusal(response)[0]
        entity = response.json()
        assert (entity["Name"], entity["Description"], entity["Events"]) == (
            f"w{number}",
            f"w{number}",
            [f"w{number}.x"],
        )
        return 200

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(save, range(24)))
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    final = ok(request(app, "GET", one(made)))
    assert final["Name"] == final["Description"] == final["Events"][0].removesuffix(".x")
    listed = ok(request(app, "GET", "Webhook", query={"eventFilter": final["Events"][0]}))
    assert made["WebhookId"] in {entity["WebhookId"] for entity in listed}


def test_of_two_test_and_set_patches_one_wins(app: RunningApp) -> None:
    made = created(app)

    def claim(number: int) -> int:
        patch = [
            {"op": "test", "path": "/Description", "value": None},
            {"op": "replace", "path": "/Description", "value": f"mine {number}"},
        ]
        return request(app, "PATCH", one(made), patch).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(claim, range(8)))
    assert statuses == [200, *[409] * 7]


def test_many_are_created_at_once_with_an_id_each(app: RunningApp) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda number: created(app, Name=f"n{number}"), range(20)))
    assert len({entity["WebhookId"] for entity in made}) == 20
    for entity in made:
        assert ok(request(app, "GET", one(entity)))["Name"] == entity["Name"]


def test_a_removed_webhook_is_not_saved_back(app: RunningApp) -> None:
    made = created(app)

    def change(number: int) -> tuple[str, int]:
        method = "DELETE" if number % 2 else "PATCH"
        body = None if method == "DELETE" else {"Name": f"n{number}"}
        return method, request(app, method, one(made), body).status_code

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(change, range(8)))
    assert {status for _, status in outcomes} <= {200, 204, 404, 409}
    # Two who remove it at the same moment may both be told that it is gone.
    assert ("DELETE", 204) in outcomes or request(app, "DELETE", one(made)).status_code == 204
    assert request(app, "GET", one(made)).status_code == 404

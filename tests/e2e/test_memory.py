"""What listings take of the memory of the process: no more than a few answers, whatever is stored and whoever asks."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from shared.api.superoffice.content import MAX_LIST_BYTES
from shared.delivery.attempt import Attempt
from shared.delivery.record import new_record
from shared.events.rows import EVENTLOG_TABLE, log_row
from shared.hub.hub import Hub
from shared.settings import Settings
from shared.storage.keys import row_key
from shared.webhooks.limits import member_bytes
from shared.webhooks.registration import Registration
from shared.webhooks.rows import WEBHOOKS_TABLE, registration_row
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE
from tests.e2e.running import RunningApp, running_app
from tests.e2e.webhooks import refusal, request
from tests.support.events import make_event
from tests.webhooks.registered import NOW, registration

AT_ONCE = 8
MAX_GROWTH_BYTES = 150_000_000
MAX_WEBHOOK_BYTES = Settings.model_fields["max_webhook_bytes"].default
LARGEST, SMALL, OLD = "largest.x", "small.x", "old.x"


def largest(id_: int) -> Registration:
    """As large as is accepted."""
    emails = ["x" * 97] * 15
    large = registration(
        id_, LARGEST, Properties={"text": "x" * 29_900}, ErrorAssociates=[{"Name": "y" * 29_900}], ErrorEmails=emails
    )
    rest = MAX_WEBHOOK_BYTES - sum(member_bytes(large.webhook).values()) - 2
    return replace(large, webhook=large.webhook.model_copy(update={"description": "z" * rest}))


def old(id_: int) -> Registration:
    """As large as the previous version accepted."""
    members: dict[str, object] = {
        "Headers": {"X-A": "x" * 29_900},
        "Properties": {"text": "x" * 29_900},
        "ErrorEmails": ["x" * 200] * 140,
        "ErrorAssociates": [{"Name": "y" * 29_900}],
    }
    return registration(id_, OLD, **members)


def fill(hub: Hub) -> None:
    """Small ones first, so that nobody can tell from the first page what is to come."""
    webhooks, index = hub.storage.table(WEBHOOKS_TABLE), hub.storage.table(SUBSCRIPTIONS_TABLE)
    small = [registration(id_, SMALL) for id_ in range(1001, 1501)]
    for one in (*small, *map(largest, range(2001, 2401)), *map(old, range(3001, 3201))):
        row = registration_row(one)
        if one.webhook.events == (OLD,):
            del row["Bytes"]
        webhooks.put(row)
        index.put({"PartitionKey": one.webhook.events[0], "RowKey": row_key(one.id), "Revision": 1})


def resident(app: RunningApp, name: str) -> int:
    """`VmRSS`, what the process holds now, or `VmHWM`, the most it ever held, in bytes."""
    status = Path(f"/proc/{app.process.pid}/status").read_text(encoding="utf-8")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:"))) * 1024


@pytest.fixture(scope="module")
def filled(
    new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningApp, int]]:
    """The app, and what it held when it had answered a few small requests."""
    with running_app(new_account(), tmp_path_factory.mktemp("app")) as app:
        fill(app.hub)
        for _ in range(AT_ONCE):
            assert len(app.get("v1/Webhook", **{"$top": "2"}).json()) == 2
        yield app, resident(app, "VmRSS")


LISTINGS: dict[str, dict[str, str]] = {
    "as much as is answered": {"eventFilter": LARGEST, "$top": "118"},
    "all, which is too much": {},
    "far down": {"$skip": "590", "$top": "110"},
    "of the previous version": {"eventFilter": OLD, "$top": "60"},
    "small ones, then large ones": {"$skip": "400", "$top": "215"},
}


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
@pytest.mark.parametrize("query", LISTINGS.values(), ids=LISTINGS)
def test_eight_listings_at_once_take_little_memory(
    filled: tuple[RunningApp, int], query: dict[str, str], accept: str
) -> None:
    app, before = filled
    headers = {"Authorization": f"Bearer {app.seed.api_key}", "Accept": accept}

    def ask(_: int) -> requests.Response:
        params = {"code": app.code, **query}
        return requests.get(f"{app.url}/api/v1/Webhook", params, headers=headers, timeout=120)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [*pool.map(ask, range(AT_ONCE))]
    statuses, most = {answer.status_code for answer in answers}, max(len(answer.content) for answer in answers)
    assert statuses == {200 if query else 400}
    assert most <= MAX_LIST_BYTES
    assert resident(app, "VmHWM") - before <= MAX_GROWTH_BYTES


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
def test_a_list_that_is_too_long_names_what_makes_it_shorter(filled: tuple[RunningApp, int], accept: str) -> None:
    app, _ = filled
    status, message = refusal(request(app, "GET", "Webhook", accept=accept))
    assert (status, message.split(":")[0]) == (400, "$top and $skip must select fewer webhooks")
    status, message = refusal(request(app, "POST", "Agents/Webhook/GetAllWebhooks", {}, accept=accept))
    assert (status, message.split(":")[0]) == (
        400,
        "NameFilter and EventFilter and StatusFilter must select fewer webhooks",
    )
    answer = request(app, "POST", "Agents/Webhook/GetAllWebhooks", {"EventFilter": SMALL}, accept=accept)
    assert answer.status_code == 200


def test_eight_pages_of_large_events_at_once_take_little_memory(filled: tuple[RunningApp, int]) -> None:
    app, before = filled
    large = {"field_values": {"a": "x" * 30_000}, "changes": ("y" * 30_000,), "values": {"b": "z" * 30_000}}
    log, deliveries = app.hub.storage.table(EVENTLOG_TABLE), app.hub.receivers.deliveries
    attempts = tuple(
        Attempt(datetime(2026, 1, 1, tzinfo=UTC), timedelta(milliseconds=7), 503, "http", "x" * 4000) for _ in range(30)
    )
    for number in range(200):
        event = make_event(received_at=NOW - timedelta(minutes=number), **large)
        log.put(log_row(event))
        deliveries.write(replace(new_record(7, event), log=attempts))

    def ask(number: int) -> requests.Response:
        return app.get("v1/events/deliveries" if number % 2 else "v1/events", limit="200")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [*pool.map(ask, range(2 * AT_ONCE))]
    assert {answer.status_code for answer in answers} == {200}
    assert len(answers[1].json()["value"]) == 200
    assert resident(app, "VmHWM") - before <= MAX_GROWTH_BYTES

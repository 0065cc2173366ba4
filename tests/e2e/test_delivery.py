"""From a webhook's registration to its signed deliveries, through the running app."""

import base64
import hashlib
import hmac
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from shared.dynamics.dataverse_event import connection_event_id
from tests.e2e.running import ROOT, RunningApp, running_app
from tests.e2e.test_receiving import ORGANIZATION, eventually, new_connection
from tests.e2e.webhooks import (
    attempts,
    deliveries,
    events_of,
    new_event_name,
    patch,
    register,
    replay,
    signal,
    state_of,
    states,
)
from tests.fakes.receiver import Receiver, Visit, answers, answers_in_turn

SECRET = "correct horse battery staple"
ENCODED_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DELAYS = (1, 1, 2)
DISABLE_AFTER = 6


@pytest.fixture(scope="module")
def app(new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app that gives up soon."""
    folder, delays = tmp_path_factory.mktemp("app"), ",".join(map(str, DELAYS))
    with running_app(
        new_account(),
        folder,
        DELIVERY_RETRY_DELAYS=delays,
        DELIVERY_DISABLE_AFTER=str(DISABLE_AFTER),
        # Failures disable whatever their age, and open no circuit before.
        DELIVERY_DISABLE_AFTER_SECONDS="0",
        DELIVERY_CIRCUIT_AFTER="100",
    ) as running:
        yield running


def superoffice_signature(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize(
    ("secret", "given_to_the_library"),
    [(SECRET, f"whsec_{base64.b64encode(SECRET.encode()).decode()}"), (ENCODED_SECRET, ENCODED_SECRET)],
)
def test_a_connection_is_delivered_with_both_signatures(
    app: RunningApp, receiver: Receiver, secret: str, given_to_the_library: str
) -> None:
    webhook = register(app, f"{receiver.url}/hook", "connection.created", Secret=secret)
    connection_id, body = new_connection()
    assert app.post(body).status_code == 201
    assert eventually(lambda: len(receiver.journal) == 2)
    test, delivery = receiver.journal
    assert (test.headers["x-hook-test"], test.headers["x-superoffice-event"]) == ("true", "test")
    told = json.loads(delivery.body)
    id_ = connection_event_id(ORGANIZATION, connection_id)
    assert (delivery.path, delivery.headers["x-superoffice-eventid"], told["EventId"]) == ("/hook", id_, id_)
    assert told["FieldValues"]["connectionid"] == connection_id
    for call in (test, delivery):
        assert call.headers["x-superoffice-signature"] == superoffice_signature(secret, call.body)
        Webhook(given_to_the_library).verify(call.body, dict(call.headers))
    assert delivery.headers["webhook-id"] == id_
    assert eventually(lambda: states(app, webhook) == ["delivered"])
    (logged,) = deliveries(app, webhook)
    (attempt,) = attempts(app, logged)
    assert (attempt["status"], attempt["errorClass"]) == (200, None)
    patch(app, webhook, State="Stopped")


def test_a_secret_is_in_no_answer_after_the_first(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name, Secret=SECRET)
    assert webhook["Secret"] == SECRET
    signal(app, name)
    assert eventually(lambda: states(app, webhook) == ["delivered"])
    (logged,) = deliveries(app, webhook)
    paths = [f"v1/Webhook/{webhook['WebhookId']}", "v1/Webhook", "v1/events/deliveries", "v1/events"]
    one = f"v1/events/{logged['eventId']}/deliveries/{webhook['WebhookId']}"
    assert [path for path in (*paths, one) if SECRET in app.get(path).text] == []


def test_a_new_secret_signs_with_the_old_one_beside_it_and_a_removed_one_ends_at_once(
    app: RunningApp, receiver: Receiver
) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name, Secret=SECRET)
    patch(app, webhook, Secret=ENCODED_SECRET)
    signal(app, name)
    assert eventually(lambda: len(events_of(receiver.journal)) == 1)
    patch(app, webhook, Secret=None)
    patch(app, webhook, Secret=ENCODED_SECRET)
    signal(app, name)
    assert eventually(lambda: len(events_of(receiver.journal)) == 2)
    signatures = [call.headers["webhook-signature"].split(" ") for call in events_of(receiver.journal)]
    assert [len(each) for each in signatures] == [2, 1]


def test_a_cloudevents_receiver_is_asked_for_consent_and_kept_to_its_rate(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    document = {"Name": "Mine", "TargetUrl": receiver.url, "Events": [name], "Type": "cloudevents"}
    refused = app.send("POST", "v1/Webhook", document)
    assert (refused.status_code, "no consent" in refused.text) == (400, True)
    receiver.behave(answers(200, b"", "WebHook-Allowed-Origin: *", "WebHook-Allowed-Rate: 30"))
    webhook = register(app, receiver.url, name, Type="cloudevents", Secret=SECRET)
    for _ in range(3):
        signal(app, name)
    assert eventually(lambda: states(app, webhook) == ["delivered"] * 3, seconds=30)
    assert {len(attempts(app, delivery)) for delivery in deliveries(app, webhook)} == {1}
    sent = sorted(int(call.headers["webhook-timestamp"]) for call in events_of(receiver.journal)[1:])
    assert sent[-1] - sent[0] >= 3


def test_a_failed_delivery_is_tried_again_on_the_schedule(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name, Secret=SECRET)
    receiver.behave(answers_in_turn(answers(503, b"not now"), answers(404), answers(204)))
    signal(app, name)
    assert eventually(lambda: states(app, webhook) == ["delivered"], seconds=30)
    calls = events_of(receiver.journal)
    assert [call.headers.get("x-superoffice-retry") for call in calls] == [None, "1", "2"]
    assert len({call.headers["x-superoffice-eventid"] for call in calls}) == 1
    assert len({call.body for call in calls}) == 1
    made = attempts(app, deliveries(app, webhook)[0])
    assert [(one["status"], one["errorClass"]) for one in made] == [(503, "http"), (404, "http"), (204, None)]
    assert "not now" in made[0]["reply"]
    times = [datetime.fromisoformat(one["at"]) for one in made]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert [wait >= timedelta(seconds=delay) for wait, delay in zip(waits, DELAYS, strict=False)] == [True, True]


def test_a_webhook_that_fails_again_and_again_is_disabled_and_its_events_are_held(
    app: RunningApp, receiver: Receiver
) -> None:
    name = new_event_name()
    webhook = register(app, f"{receiver.url}/one", name)
    number = webhook["WebhookId"]
    with Receiver() as watcher:
        register(app, watcher.url, f"webhook{number}.errors", f"webhook{number}.started")
        receiver.behave(answers(500, b"broken"))
        signal(app, name)
        signal(app, name)
        assert eventually(lambda: state_of(app, webhook) == "TooManyErrors", seconds=40)
        signal(app, name)
        assert eventually(lambda: sorted(set(states(app, webhook))) in (["held"], ["failed", "held"]), seconds=30)
        assert eventually(lambda: len(states(app, webhook)) == 3)
        assert app.get(f"v1/Webhook/{number}").json()["ConsecutiveErrors"] == DISABLE_AFTER
        assert app.get(f"v1/Webhook/{number}/LastError").json() == "HTTP 500 Internal Server Error"
        assert eventually(lambda: len(events_of(watcher.journal)) == 1)
        (told,) = events_of(watcher.journal)
        assert told.headers["x-superoffice-event"] == f"webhook{number}.errors"
        body = json.loads(told.body)
        assert (body["Event"], body["PrimaryKey"]) == ("webhook.errors", number)
        receiver.reset()
        patch(app, webhook, State="Active")
        assert replay(app, webhook, dryRun="true") == {"count": 3, "more": False}
        assert replay(app, webhook) == {"replayed": 3, "more": False}
        assert eventually(lambda: states(app, webhook) == ["delivered"] * 3)
        assert eventually(lambda: len(events_of(watcher.journal)) == 2)
    ids = [call.headers["x-superoffice-eventid"] for call in events_of(receiver.journal)]
    assert sorted(ids) == sorted(delivery["eventId"] for delivery in deliveries(app, webhook))


def test_410_disables_at_once(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    receiver.behave(answers(410))
    signal(app, name)
    assert eventually(lambda: states(app, webhook) == ["held"])
    assert (state_of(app, webhook), len(events_of(receiver.journal))) == ("TooManyErrors", 1)


def test_a_stopped_webhook_keeps_its_events_until_they_are_replayed(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    webhook = patch(app, register(app, receiver.url, name), State="Stopped")
    signal(app, name)
    assert eventually(lambda: states(app, webhook) == ["held"])
    assert events_of(receiver.journal) == []
    patch(app, webhook, State="Active")
    (held,) = deliveries(app, webhook, state="held")
    one = f"v1/events/{held['eventId']}/deliveries/{webhook['WebhookId']}/replay"
    assert app.send("POST", one).json() == {"replayed": 1}
    assert eventually(lambda: states(app, webhook) == ["delivered"])
    assert [call.headers["x-superoffice-eventid"] for call in events_of(receiver.journal)] == [held["eventId"]]


def test_what_comes_after_a_webhook_was_stopped_and_started_is_delivered_though_it_has_to_wait(
    app: RunningApp, receiver: Receiver
) -> None:
    def answers_late(visit: Visit) -> None:
        time.sleep(3)
        answers()(visit)

    name = new_event_name()
    webhook = register(app, receiver.url, name)
    receiver.behave(answers_late)
    for key in range(10):
        signal(app, name, key)
    patch(app, webhook, State="Stopped")
    # The wake-up that was under way is due in a second, and finds a webhook that is not active.
    assert eventually(lambda: set(states(app, webhook)) <= {"held", "delivered"} and len(states(app, webhook)) == 10)
    time.sleep(5)
    patch(app, webhook, State="Active")
    held = states(app, webhook).count("held")
    for key in range(20):
        signal(app, name, key)
    assert eventually(lambda: sorted(states(app, webhook)) == ["delivered"] * (30 - held) + ["held"] * held)


def test_a_signalled_event_names_what_changed_and_its_values_stay_here(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    register(app, receiver.url, name.upper(), Properties={"tenant": 7, "EventId": "mine"}, Headers={"X-Token": "t"})
    signal(app, name, 12, title="a title", price=5)
    assert eventually(lambda: len(events_of(receiver.journal)) == 1)
    (call,) = events_of(receiver.journal)
    told = json.loads(call.body)
    assert (told["Event"], told["PrimaryKey"], told["Entity"]) == (name, 12, name.removesuffix(".changed"))
    assert (told["Changes"], told["ContextIdentifier"], told["WebhookName"]) == (
        ["title", "price"],
        "Default",
        "My handler",
    )
    assert (told["tenant"], told["EventId"]) == (7, call.headers["x-superoffice-eventid"])
    assert (call.headers["x-token"], b"a title" in call.body) == ("t", False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", told["Timestamp"])


def test_the_second_minute_of_the_readme(app: RunningApp, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with shown_by_the_receiver(port, tmp_path / "shown") as shown:
        webhook = register(app, f"http://127.0.0.1:{port}/", "connection.created", Secret=SECRET)
        assert app.post(new_connection()[1]).status_code == 201
        assert eventually(lambda: "connection.created: signature is genuine" in shown())
    assert app.post(new_connection()[1]).status_code == 201
    assert eventually(lambda: sorted(states(app, webhook)) == ["delivered", "failed"], seconds=40)
    (failed,) = deliveries(app, webhook, state="failed")
    assert [one["errorClass"] for one in attempts(app, failed)] == ["refused"] * (len(DELAYS) + 1)
    with shown_by_the_receiver(port, tmp_path / "shown") as shown:
        assert replay(app, webhook, dryRun="true") == {"count": 1, "more": False}
        assert shown() == ""
        assert replay(app, webhook) == {"replayed": 1, "more": False}
        assert eventually(lambda: failed["eventId"] in shown())
        assert "connection.created: signature is genuine" in shown()
    assert eventually(lambda: states(app, webhook) == ["delivered"] * 2)
    patch(app, webhook, State="Stopped")


@contextmanager
def shown_by_the_receiver(port: int, log: Path) -> Iterator[Callable[[], str]]:
    """The README's receiver, and what it has printed since it listens."""
    command = [sys.executable, "-m", "devhost.receiver", "--port", str(port), "--secret", SECRET]

    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out)
    try:
        assert eventually(lambda: "listening" in log.read_text())
        yield lambda: log.read_text().partition("\n")[2]
    finally:
        process.terminate()
        process.wait(10)

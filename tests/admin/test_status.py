"""`python -m admin status`, as somebody on call runs it."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from shared.clock import now
from shared.delivery.pace.blocked import BlockedWebhooks
from shared.delivery.pace.circuit import Blocked
from shared.delivery.pace.parking import Parking
from shared.delivery.record import DELIVERIES_TABLE
from shared.delivery.waiting import WaitingReason
from shared.hub.hub import Hub
from shared.storage.keys import row_key
from shared.webhooks.rows import USAGE_TABLE
from shared.webhooks.stats import CountedAttempt, counted_in, slot_column
from tests.admin.command import ROOT, admin
from tests.delivery.pace.paces import seconds, waiting
from tests.keeping.exported import registered


@pytest.fixture
def busy(hub: Hub) -> Hub:
    """Two webhooks, one of which cannot be called: a delivery has waited for it for an hour."""
    registered(hub)
    registered(hub, State="Stopped")
    hub.storage.queue("events").send("x")
    hub.storage.queue("deliveries-poison").send("x")
    at, took = hub.storage.now(), seconds(1)
    slots = counted_in({slot_column(at): ""}, at, CountedAttempt(took, took, "http"))
    usage = {"PartitionKey": row_key(1), "RowKey": "usage", "WakeDue": now().isoformat(), **slots}
    hub.storage.table(USAGE_TABLE).put(usage)
    BlockedWebhooks(hub.storage.table(USAGE_TABLE)).put(1, Blocked(WaitingReason.CIRCUIT, now()))
    parked = replace(waiting(7, parked_at=now() - seconds(3600)), event_type="[red]thing.changed")
    Parking(hub.storage.table(DELIVERIES_TABLE)).park(parked)
    return hub


def test_one_screen_tells_it_all(busy: Hub, connection_string: str) -> None:
    run = admin("status", AzureWebJobsStorage=connection_string)
    assert (run.code, run.err) == (0, "")
    assert len(run.out.splitlines()) < 24
    rows = [[word for word in line.split() if word != "│"] for line in run.out.splitlines()]
    assert ["events", "1", "0", "Active", "1"] in rows
    assert ["deliveries", "0", "1", "Stopped", "1"] in rows
    assert "Oldest event that waits for dispatch: for 0:00:0" in run.out
    assert "Oldest delivery that waits: for 1:00:0" in run.out
    assert "[red]thing.changed for webhook 1 (place); event e7" in run.out
    assert "Not called now: 1 webhooks" in run.out
    # An hour may have ended since.
    assert "1 of 1 (1 http) in th" in run.out


def test_a_quiet_hub_is_told_in_few_lines(connection_string: str) -> None:
    run = admin("status", AzureWebJobsStorage=connection_string)
    assert (run.code, "Oldest delivery that waits: none" in run.out, "Not called now" in run.out) == (0, True, False)


def test_scripts_get_json(busy: Hub, connection_string: str) -> None:
    told = admin("status", "--json", AzureWebJobsStorage=connection_string).json
    assert isinstance(told, dict)
    assert told["queues"]["deliveries"] == {"waiting": 0, "poison": 1}
    assert (told["webhooks"], told["blockedWebhooks"]) == ({"Active": 1, "Stopped": 1, "TooManyErrors": 0}, 1)


def test_people_watch_and_scripts_do_not(connection_string: str) -> None:
    run = admin("status", "--watch", "--json", AzureWebJobsStorage=connection_string)
    assert (run.code, run.out, "--watch is for people" in run.err) == (2, "", True)


NOWHERE = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;"
    "TableEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a"
)


def test_an_outage_is_one_line(connection_string: str) -> None:
    run = admin("status", AzureWebJobsStorage=NOWHERE)
    assert (run.code, run.out, run.err.startswith("error: count events: storage cannot be reached")) == (1, "", True)


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_it_is_watched_until_ctrl_c_which_ends_it_well(
    busy: Hub, connection_string: str, tmp_path: Path, signal_: signal.Signals
) -> None:
    code, out, err = watched(connection_string, tmp_path, signal_, "Oldest delivery that waits", times=2)
    assert (code, err) == (0, "")
    assert out.count("Not called now: 1 webhooks") >= 2


def test_an_outage_does_not_end_it(tmp_path: Path) -> None:
    code, out, err = watched(NOWHERE, tmp_path, signal.SIGINT, "error: ", times=2)
    assert (code, err, out.count("error: ") >= 2) == (0, "", True)


def watched(storage: str, folder: Path, signal_: signal.Signals, text: str, *, times: int) -> tuple[int, str, str]:
    """Exit code and output of `status --watch`, sent a signal once a text was there so many times."""
    out, err = folder / "out", folder / "err"
    environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1", "AzureWebJobsStorage": storage}
    command = [sys.executable, "-m", "admin", "status", "--watch", "--every", "1"]
    give_up_at = time.monotonic() + 60
    with (
        out.open("wb") as told,
        err.open("wb") as wrong,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=told, stderr=wrong) as process,
    ):
        while out.read_text().count(text) < times and time.monotonic() < give_up_at:
            time.sleep(0.05)
        process.send_signal(signal_)
        process.wait(30)
    return process.returncode, out.read_text(), err.read_text()

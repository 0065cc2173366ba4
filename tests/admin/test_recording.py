"""A command that is interrupted leaves its trace all the same."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from shared.audit.entry import Outcome
from shared.audit.log import AuditFilter
from shared.hub.hub import Hub
from tests.admin.command import ROOT, admin
from tests.support.tenant import Tenant


@pytest.fixture
def settings(connection_string: str, tenant: Tenant) -> dict[str, str]:
    """An organization in Dataverse, and what `dynamics ensure` needs."""
    return {
        "AzureWebJobsStorage": connection_string,
        "DATAVERSE_URL": tenant.dataverse.url,
        "PUBLIC_URL": "https://hub.example",
        "DYNAMICS_WEBHOOK_KEY": "a" * 40,
        **tenant.identity.environment,
    }


def kept(hub: Hub) -> list[tuple[str, str, Outcome]]:
    return [(one.action, one.target, one.outcome) for _, one in hub.audit.list(AuditFilter(), page_size=10)]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_interrupted_is_recorded_as_failed(
    hub: Hub, settings: dict[str, str], tenant: Tenant, sent: signal.Signals
) -> None:
    tenant.dataverse.hang()
    command = [sys.executable, "-m", "admin", "dynamics", "ensure"]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, text=True, **pipes) as running:
        while not tenant.dataverse.journal and running.poll() is None:
            time.sleep(0.05)
        running.send_signal(sent)
        _, err = running.communicate(timeout=60)
    assert running.returncode != 0
    assert "note: dynamics.webhook.ensure dynamics/webhooks was interrupted and may be done in part\n" in err
    assert "Traceback" not in err
    assert kept(hub) == [("dynamics.webhook.ensure", "dynamics/webhooks", Outcome.FAILED)]


def test_an_outage_of_a_neighbour_is_recorded_too(hub: Hub, settings: dict[str, str], tenant: Tenant) -> None:
    settings["DATAVERSE_URL"] = "http://127.0.0.1:9"
    assert admin("dynamics", "ensure", **settings).code == 1
    assert kept(hub) == [("dynamics.webhook.ensure", "dynamics/webhooks", Outcome.FAILED)]

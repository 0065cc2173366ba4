"""What docs/arcgis.md tells its readers to type does what it says."""

import json
import re
import shutil
import subprocess
import sys
from unittest.mock import patch

import pytest

from tests.e2e.arcgis import ArcGisClient, only_webhook
from tests.e2e.test_receiving import eventually
from tests.e2e.webhooks import events_of
from tests.fakes.arcgis_portal import Item
from tests.fakes.esri_client import arcgis_modules
from tests.fakes.receiver import Receiver
from tests.support.arcgis import MANAGER, ArcGisOrganization
from tests.support.pages import blocks


def test_the_example_with_esris_client(
    client: ArcGisClient, arcgis: ArcGisOrganization, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    arcgis.portal.items[client.workflow_item] = Item(MANAGER, None, "Workflow")
    reader = {
        "https://hub.example": client.app.url,
        "https://receiver.example": receiver.url,
        "https://www.arcgis.com": arcgis.portal.url,
        "FEATURE-SERVICE-ITEM": arcgis.add_item(),
        "WORKFLOW-ITEM": client.workflow_item,
        "API-KEY": client.app.seed.api_key,
        "TOKEN": str(client.token),
        '"KEY"': f'"{client.app.code}"',
        "code=KEY": f"code={client.app.code}",
    }
    examples = blocks("arcgis", "A worked example with Esri's Python client")
    subscribe, create, disable_and_delete = (
        re.sub("|".join(map(re.escape, reader)), lambda found: reader[found[0]], text) for text in examples
    )
    bash = shutil.which("bash")
    assert bash
    subprocess.run([bash, "-c", subscribe], capture_output=True, timeout=60, check=True)

    names: dict[str, object] = {}
    with patch.dict(sys.modules, arcgis_modules()):
        exec(create, names)  # noqa: S102 - the example
    assert names["made"] == {"success": True, "connectionId": names["made"]["connectionId"]}  # type: ignore[index]
    assert "connectionId" in capsys.readouterr().out
    arcgis.service.edit("FeaturesUpdated", layer_id=2)
    assert eventually(lambda: len(events_of(receiver.journal)) == 1)
    (delivery,) = events_of(receiver.journal)
    assert (json.loads(delivery.body)["Event"], json.loads(delivery.body)["PrimaryKey"]) == ("feature.updated", 2)

    disable, delete = disable_and_delete.rsplit("\n", 1)
    exec(disable, names)  # noqa: S102 - as above
    assert only_webhook(arcgis).form["active"] == "false"
    arcgis.service.edit("FeaturesUpdated")
    assert len(arcgis.service.deliveries) == 1
    exec(delete, names)  # noqa: S102 - as above
    assert arcgis.service.webhooks == {}
    assert client.ask("GET") == {"webhookConnections": []}

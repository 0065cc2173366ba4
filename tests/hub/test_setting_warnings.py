import json
import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from shared.hub.setting_warnings import setting_warnings
from shared.settings import Settings
from tests.support.cases import holds_for
from tests.support.paths import ROOT

FERNET = Fernet.generate_key().decode()
DEPLOYED = {
    "AzureWebJobsStorage__tableServiceUri": "https://st.table.core.windows.net",
    "AzureWebJobsStorage__queueServiceUri": "https://st.queue.core.windows.net",
    "WEBSITE_HOSTNAME": "hub.azurewebsites.net",
    "PUBLIC_URL": "https://hub.azurewebsites.net",
    "RETENTION_SCHEDULE": "0 30 3 * * *",
    "SECRETS_KEY": FERNET,
    "ARCGIS_HOOK_KEY": "a-key",
}
SITE = {"SHAREPOINT_SITE_ID": "contoso.sharepoint.com,1,2"}
DATAVERSE = {"DATAVERSE_URL": "https://contoso.crm.dynamics.com"}
TENANT, CLIENT = {"ENTRA_TENANT_ID": "t"}, {"ENTRA_CLIENT_ID": "c"}
SIGN_IN = {"WEBSITE_AUTH_ENABLED": "true"}
ORGANIZATIONS = {"ARCGIS_ORG_IDS": "a1B2"}

SENSIBLE: dict[str, dict[str, str]] = {
    "what the template sets": {},
    "graph with all that it needs": {"ROLE_DIRECTORY": "graph", **SITE, **DATAVERSE},
    "tokens of Entra": {**TENANT, **CLIENT},
    "App Service signs in": {**SIGN_IN, **TENANT},
    "App Service signs in, and tokens": {**SIGN_IN, **TENANT, **CLIENT},
    "ArcGIS": {**ORGANIZATIONS, "ARCGIS_FOLLOW_CHANGES": "all"},
    "notices": {"NOTICE_DOMAINS": "contoso.example", "NOTICE_MAILBOX": "hub@contoso.example"},
    "no retention": {"RETENTION_DAYS": "0", "RETENTION_PAYLOAD_DAYS": "0"},
    "Core Tools at a desk": {"WEBSITE_HOSTNAME": "localhost:7071", "PUBLIC_URL": ""},
    "a patient circuit": {"DELIVERY_CIRCUIT_DELAYS": "5,1799", "DELIVERY_GIVE_UP_SECONDS": "1800"},
}

CONTRADICTIONS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "two storages": ({"AzureWebJobsStorage": "UseDevelopmentStorage=true"}, ("AzureWebJobsStorage",)),
    "an address of a desk": ({"PUBLIC_URL": ""}, ("PUBLIC_URL", "hub.azurewebsites.net")),
    "another address of a desk": ({"PUBLIC_URL": "http://127.0.0.1:7071"}, ("PUBLIC_URL",)),
    "graph alone": ({"ROLE_DIRECTORY": "graph"}, ("ROLE_DIRECTORY", "DATAVERSE_URL", "SHAREPOINT_SITE_ID")),
    "graph without a site": ({"ROLE_DIRECTORY": "graph", **DATAVERSE}, ("ROLE_DIRECTORY", "SHAREPOINT_SITE_ID")),
    "a site for nothing": (SITE, ("SHAREPOINT_SITE_ID", "ROLE_DIRECTORY")),
    "one role": ({"ADMINISTRATOR_ROLE": "relationship manager"}, ("RELATIONSHIP_MANAGER_ROLE", "ADMINISTRATOR_ROLE")),
    "a tenant alone": (TENANT, ("ENTRA_TENANT_ID", "ENTRA_CLIENT_ID")),
    "a client alone": (CLIENT, ("ENTRA_CLIENT_ID", "ENTRA_TENANT_ID")),
    "a sign-in without a tenant": (SIGN_IN, ("App Service Authentication", "ENTRA_TENANT_ID")),
    "a sign-in and a client": ({**SIGN_IN, **CLIENT}, ("App Service Authentication", "ENTRA_TENANT_ID")),
    "changes of nobody": ({"ARCGIS_FOLLOW_CHANGES": "all"}, ("ARCGIS_FOLLOW_CHANGES", "ARCGIS_ORG_IDS")),
    "ArcGIS without a seal": ({**ORGANIZATIONS, "SECRETS_KEY": ""}, ("ARCGIS_ORG_IDS", "SECRETS_KEY")),
    "notices of no mailbox": ({"NOTICE_DOMAINS": "contoso.example"}, ("NOTICE_DOMAINS", "NOTICE_MAILBOX")),
    "a circuit that outlasts": (
        {"DELIVERY_CIRCUIT_DELAYS": "5,1800,60", "DELIVERY_GIVE_UP_SECONDS": "1800"},
        ("DELIVERY_CIRCUIT_DELAYS", "1800", "DELIVERY_GIVE_UP_SECONDS"),
    ),
    "contents that outlast": (
        {"RETENTION_DAYS": "7", "RETENTION_PAYLOAD_DAYS": "8"},
        ("RETENTION_DAYS", "RETENTION_PAYLOAD_DAYS"),
    ),
    "no schedule": ({"RETENTION_SCHEDULE": " "}, ("RETENTION_SCHEDULE",)),
    "a reference": (
        {"ARCGIS_HOOK_KEY": "@Microsoft.KeyVault(SecretUri=https://v/x)"},
        ("ARCGIS_HOOK_KEY", "Key Vault"),
    ),
}


def warnings(changes: dict[str, str]) -> list[str]:
    return setting_warnings(Settings.read({**DEPLOYED, **changes}))


@holds_for("what", SENSIBLE)
def test_what_makes_sense_together_is_no_warning(what: str) -> None:
    assert warnings(SENSIBLE[what]) == []


@holds_for("what", CONTRADICTIONS)
def test_a_contradiction_is_one_sentence_that_names_its_settings(what: str) -> None:
    changes, named = CONTRADICTIONS[what]
    [sentence] = warnings(changes)
    assert [name for name in named if name not in sentence] == []


def test_the_example_of_a_desk_makes_sense() -> None:
    example = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))
    assert setting_warnings(Settings.read(example["Values"])) == []


def test_several_are_all_told_and_no_value_of_a_secret_is() -> None:
    secrets = {"SECRETS_KEY": "hunter2", "AzureWebJobsStorage": "AccountName=a;AccountKey=hunter2"}
    told = warnings({**secrets, **SITE, "RETENTION_SCHEDULE": ""})
    assert len(told) == 3
    assert "hunter2" not in "".join(told)


@pytest.mark.parametrize(("changes", "lines"), [({}, 0), (SITE, 1)])
def test_the_log_tells_once_a_process_when_the_hub_is_put_together(changes: dict[str, str], lines: int) -> None:
    program = (
        "import logging; logging.basicConfig(format='%(name)s %(message)s');"
        "from shared.hub.hub import process_hub; process_hub(); process_hub()"
    )
    environment = {**os.environ, **DEPLOYED, **changes}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    told = [json.loads(line.partition(" ")[2])["name"] for line in done.stderr.splitlines()]
    assert told == ["setting.warning"] * lines, done.stderr

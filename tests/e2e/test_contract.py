"""Every answer that the document of the API names is one that the running app gives, and has the form that it says.

The fixture of conftest.py holds each answer of every test here against the document; this file provokes all of them.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from devhost.keys import KeyStore
from devhost.launch import keys_folder, start_host, wait_until_ready
from devhost.ports import free_port
from shared.api.contract.superoffice_schemas import NEW_WEBHOOK
from shared.callers.api_keys import API_KEYS_TABLE, ApiKeys
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.dynamics.registration.samples import KEY, new_step, new_webhook
from tests.e2e.running import ORIGINS, ROOT, SAMPLE, RunningApp, running_app
from tests.fakes.arcgis_portal import ORG
from tests.fakes.receiver import Receiver
from tests.fakes.server import json_reply
from tests.support.arcgis import HOOK_KEY, MANAGER, ArcGisOrganization, connection_document
from tests.support.cases import holds_for
from tests.support.contract import BY_ID, OPERATIONS, Documented
from tests.support.patience import eventually
from tests.support.tenant import Tenant, running_tenant

type Json = dict[str, Any]

PUBLIC_URL = "http://hub.example"
MAX_SIGNALS = 30
LONG_AGO, LATER = "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2100 00:00:00 GMT"
NOWHERE = "https://93.184.216.34/"
"""A target that nobody looks up, of a webhook that is stopped."""


@dataclass(frozen=True)
class Call:
    """A request for an operation."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class World:
    """An app with everything around it, and what is stored in it."""

    app: RunningApp
    tenant: Tenant
    arcgis: ArcGisOrganization
    receiver: Receiver
    nobody: str
    many: str
    event: str
    forgotten: str
    webhook: int
    hook_connection: str

    def ask(
        self, operation: Documented, call: Call, *, key: str | None = None, code: str | None = None, url: str = ""
    ) -> requests.Response:
        """Send a request; `key` instead of the manager's API key, `code` instead of the host key: empty for none."""
        call.prepare()
        path = operation.path.format(**{name: requests.utils.quote(text, safe="") for name, text in call.path.items()})
        key, code = self.app.seed.api_key if key is None else key, self.app.code if code is None else code
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        sent = call.body
        if sent is not None and not isinstance(sent, bytes) and not hasattr(sent, "__next__"):
            sent, headers["Content-Type"] = json.dumps(sent).encode(), "application/json"
        query = {**call.query, **({"code": code} if code else {})}
        address = f"{url or self.app.url}/api{path}"
        given = {**headers, **call.headers}
        return requests.request(operation.method, address, params=query, data=sent, headers=given, timeout=60)

    def webhook_of(self, **members: object) -> str:
        """The id of a new webhook, stopped unless the members say otherwise."""
        document = {"Name": "My handler", "Events": ["a.b"], "TargetUrl": NOWHERE, "State": "Stopped", **members}
        return str(self.app.send("POST", "v1/Webhook", document).json()["WebhookId"])

    def connection(self) -> str:
        """The id of a new connection in ArcGIS."""
        made = self.ask(BY_ID["createConnection"], self.new_connection())
        return str(made.json()["connectionId"])

    def new_connection(self) -> Call:
        """The request that makes one, of a user of ArcGIS."""
        self.arcgis.reset()
        item, token = self.arcgis.add_item(), self.arcgis.portal.sign_in(MANAGER)
        return Call(workflow(), body=connection_document(item), headers={"X-Esri-Authorization": f"Bearer {token}"})

    def registered(self) -> Json:
        """A webhook in Dataverse with a step."""
        self.tenant.reset()
        made: Json = self.app.send("POST", "v1/dynamics/webhooks", new_webhook(steps=[new_step()])).json()
        return made


def workflow(**more: str) -> dict[str, str]:
    """The path of a workflow item's connections."""
    return {"orgId": ORG, "itemId": "contract", **more}

"""A hosted feature service with webhooks: it challenges new receivers, and posts signed payloads.

docs/sources/arcgis.md 3.1, 4.1, 4.3 and 4.5.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import parse_qs, quote
from uuid import uuid4

import requests

from tests.fakes.arcgis_portal import ORG, FakeArcGisPortal, token_of
from tests.fakes.server import FakeServer, Received, Reply, json_reply

_NOTIFICATION_SECONDS = 10
_CHALLENGE_SECONDS = 5
_WEBHOOKS = re.compile(r"/WebHooks(?:/(?P<first>[^/]+)(?:/(?P<second>[^/]+))?)?", re.IGNORECASE)
# An edit that changes features also counts as one of these.
_COVERED = {"FeaturesCreated", "FeaturesUpdated", "FeaturesDeleted"}


@dataclass
class ServiceWebhook:
    """One webhook: the parameters of its last create or edit."""

    id: str
    form: dict[str, str]

    @property
    def is_active(self) -> bool:
        """Whether the service tells it about edits."""
        return self.form.get("active", "false") == "true"

    def wants(self, event: str) -> bool:
        """Whether its change types cover an event."""
        types = set(self.form.get("changeTypes", "*").split(","))
        return bool(types & {"*", event}) or ("FeaturesEdited" in types and event in _COVERED)


def signature(body: bytes, secret: str) -> str:
    """The header as ArcGIS Online makes it."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


class FakeFeatureService(FakeServer):
    """One service, `managers` of which may manage its webhooks. Users are those of `portal`."""

    def __init__(self, portal: FakeArcGisPortal, name: str = "roadWorks") -> None:
        super().__init__()
        self._portal = portal
        self.name = name
        self.managers: set[str] = set()
        self.webhooks: dict[str, ServiceWebhook] = {}
        self.answers_create_with = "url"
        self.deliveries: list[requests.Response] = []
        self.changes: dict[str, Any] = {}
        self.pending_polls = 1
        self._generations = count(25_166_748, 12)
        self._times = count(1_644_613_399_009, 1000)
        self._polls = 0

    def reset(self) -> None:
        """Make it as it was in the beginning."""
        super().reset()
        self.managers.clear()
        self.webhooks.clear()
        self.deliveries.clear()
        self.answers_create_with = "url"
        self.changes, self.pending_polls, self._polls = {}, 1, 0

    @property
    def item_url(self) -> str:
        """The address that the portal's item has."""
        return f"{self.url}/{ORG}/ArcGIS/rest/services/{self.name}/FeatureServer"

    @property
    def admin_path(self) -> str:
        """Where its webhooks are managed."""
        return f"/{ORG}/ArcGIS/rest/admin/services/{self.name}/FeatureServer"

    def edit(self, *events: str, layer_id: int = 0) -> list[dict[str, Any]]:
        """Change features of a layer, tell the webhooks that want to know, and return what they were sent."""
        generation = next(self._generations)
        changes_url = f"{self.item_url}/extractChanges?serverGens=[{generation},{generation + 12}]&async=true"
        entry = {
            "layerId": layer_id,
            "orgId": ORG,
            "serviceName": self.name,
            "lastUpdatedTime": next(self._times),
            "changesUrl": quote(changes_url, safe=""),
            "events": list(events),
        }
        for webhook in list(self.webhooks.values()):
            if webhook.is_active and any(map(webhook.wants, events)):
                self.notify(webhook, [{"name": webhook.form["name"], **entry}])
        return [entry]

    def ping(self, webhook: ServiceWebhook) -> requests.Response:
        """The operation `status`: a test."""
        entry = {"name": webhook.form["name"], "orgId": ORG, "serviceName": self.name, "lastUpdatedTime": 1768553100007}
        return self.notify(webhook, [{**entry, "events": ["NoContent"]}])

    def notify(self, webhook: ServiceWebhook, payload: object) -> requests.Response:
        """Post a payload, signed, in the content type that the webhook has."""
        body = json.dumps(payload, separators=(",", ":")).encode()
        headers = {"Content-Type": webhook.form.get("contentType", "application/json")}
        signed = signature(body, webhook.form["signatureKey"])
        if headers["Content-Type"] == "application/x-www-form-urlencoded":
            body = b"payload=" + body + b"&x-esriHook-Signature=" + quote(signed, safe="").encode()
        else:
            headers["x-esriHook-Signature"] = signed
        response = requests.post(webhook.form["hookUrl"], body, headers=headers, timeout=_NOTIFICATION_SECONDS)
        self.deliveries.append(response)
        return response

    def reply(self, request: Received) -> Reply:
        """What the service answers."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}
        token = token_of(request, form.get("token", ""))
        member = self._portal.members.get(token)
        if member is None:
            return _error(498, "Invalid token.")
        if request.path.startswith(f"/{ORG}/ArcGIS/rest/services/{self.name}/FeatureServer/"):
            return self._extract(request.path.rpartition("/")[2])
        found = _WEBHOOKS.fullmatch(request.path.removeprefix(self.admin_path))
        if found is None or request.method != "POST":
            return _error(400, "Invalid URL")
        if member.username not in self.managers:
            return _error(403, "You do not have permissions to access this resource or perform this operation.")
        return self._manage(found["first"], found["second"], form)

    def _manage(self, first: str | None, second: str | None, form: dict[str, str]) -> Reply:
        if first is None:
            return json_reply([{"globalId": hook.id, "name": hook.form["name"]} for hook in self.webhooks.values()])
        if first == "create":
            return self._create(form)
        webhook = self.webhooks.get(first)
        if webhook is None:
            return _error(404, "The webhook does not exist.")
        if second == "edit":
            merged = {**webhook.form, **form}
            if not self._is_confirmed(merged):
                return _error(400, "The payload URL could not be confirmed.")
            webhook.form = merged
            return json_reply({"status": "success"})
        if second == "delete":
            del self.webhooks[first]
            return json_reply({"status": "success"})
        return _error(400, "Unknown operation")

    def _create(self, form: dict[str, str]) -> Reply:
        if any(hook.form["name"] == form.get("name") for hook in self.webhooks.values()):
            return _error(400, "A webhook with this name exists.")
        if not form.get("name") or not form.get("hookUrl") or not self._is_confirmed(form):
            return _error(400, "The payload URL could not be confirmed.")
        webhook = ServiceWebhook(str(uuid4()), form)
        self.webhooks[webhook.id] = webhook
        base = f"{self.url}{self.admin_path}/WebHooks"
        value = f"{base}/{webhook.id}" if self.answers_create_with == "url" else webhook.id
        return json_reply({self.answers_create_with: value})

    def _is_confirmed(self, form: Mapping[str, str]) -> bool:
        """The challenge: an answer proves that the receiver knows the secret."""
        if not form.get("signatureKey"):
            return True
        crc_token, url = str(uuid4()), form["hookUrl"]
        joined = f"{url}{'&' if '?' in url else '?'}crc_token={crc_token}"
        try:
            response = requests.get(joined, timeout=_CHALLENGE_SECONDS)
            answered = response.json().get("response_token")
        except (requests.RequestException, ValueError):
            return False
        return response.status_code == 200 and answered == signature(crc_token.encode(), form["signatureKey"])

    def _extract(self, step: str) -> Reply:
        base = f"{self.item_url}"
        if step == "extractChanges":
            self._polls = 0
            return json_reply({"statusUrl": f"{base}/jobs"})
        if step == "jobs":
            self._polls += 1
            if self._polls <= self.pending_polls:
                return json_reply({"status": "Pending"})
            return json_reply({"status": "Completed", "resultUrl": f"{base}/result"})
        if step == "result":
            return json_reply(self.changes)
        return _error(400, "Invalid URL")


def _error(code: int, message: str) -> Reply:
    return json_reply({"error": {"code": code, "message": message, "details": []}})

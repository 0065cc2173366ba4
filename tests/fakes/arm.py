"""Azure's management plane, as far as the hooks of a deployment need it, and the deployed app that it manages.

Vault secrets are written and never shown. Function keys go through the app's host: before it runs, ARM answers that the
host runtime failed. A reference to the vault is fetched by a refresh or a restart, and by nothing else.
"""

import json
import re
import secrets
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.fakes.server import FakeServer, Received, Reply, json_reply

TOKEN = "a token of azd"
GROUP = "/subscriptions/4b1f0a52-7c1e-4f0e-8f0e-6f0d8f3c2b1a/resourceGroups/rg-test"
APP = f"{GROUP}/providers/Microsoft.Web/sites/func-abcdefghijklm"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-abcdefghijklm"
REFERENCES = {"SECRETS_KEY": "secrets-key", "CONSOLE_KEY": "console-key", "ARCGIS_HOOK_KEY": "arcgis-hook-key"}
HOST_IS_STARTING = json_reply(
    {"error": {"code": "BadRequest", "message": "Encountered an error (ServiceUnavailable) from host runtime."}}, 400
)
FORBIDDEN = json_reply({"error": {"code": "AuthorizationFailed", "message": "The client 'x' is not authorized"}}, 403)

_KEYS = re.compile(rf"{APP}/functions/(\w+)/(listkeys|keys/(\w+))", re.IGNORECASE)
_SECRET = re.compile(rf"{VAULT}/secrets/([\w-]+)", re.IGNORECASE)


@dataclass
class Secret:
    """A secret of the vault. `versions` counts how often it was written."""

    value: str
    tags: Mapping[str, str] = field(default_factory=dict)
    versions: int = 1


class FakeArm(FakeServer):
    """One app and one vault.

    `functions` has each function's keys. The list of them is empty for its next `listed_late` answers, and until a
    restart where it `needs_restart`. `secrets` and `deleted` are the vault's, `fetched` the versions that the app got;
    its identity may not read the vault before `refreshes_until_allowed` refreshes. `health` has the next answers of
    /api/health, of which the last one stays; an app that `is_stopped` has none. With `keys_in_properties` keys are
    listed as Azure's SDKs know it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._begin()

    def _begin(self) -> None:
        self.token = TOKEN
        self.functions: dict[str, dict[str, str]] = {}
        self.listed_late = 0
        self.needs_restart = False
        self.secrets: dict[str, Secret] = {}
        self.deleted: set[str] = set()
        self.references = dict(REFERENCES)
        self.fetched: dict[str, int] = {}
        self.refreshes_until_allowed = 0
        self.health: deque[int] = deque([200])
        self.restarts = 0
        self.is_stopped = False
        self.keys_in_properties = False
        self.refusals: list[tuple[str, str, Reply, int]] = []

    def reset(self) -> None:
        """Make it as it was in the beginning: nothing deployed, an empty vault."""
        super().reset()
        self._begin()

    def deploy(self, functions: Iterable[str]) -> None:
        """Let these functions run, each with the key that the platform makes."""
        for name in functions:
            self.functions.setdefault(name, {"default": secrets.token_urlsafe(40)})

    def refuse(self, method: str, part: str, reply: Reply, times: int = 1_000_000) -> None:
        """Give this answer so many times to requests of the method whose path holds `part`."""
        self.refusals.append((method, part, reply, times))

    def writes(self) -> list[str]:
        """What was asked for that changes something, by method and path below the group. listkeys only reads."""
        return [
            f"{request.method} {request.path.removeprefix(GROUP)}"
            for request in self.journal
            if request.method != "GET" and not request.path.endswith("/listkeys")
        ]

    def values(self) -> set[str]:
        """All keys and secrets: nothing of it may be seen anywhere else."""
        keys = {value for keys in self.functions.values() for value in keys.values()}
        return keys | {secret.value for secret in self.secrets.values()} | {TOKEN}

    def reply(self, request: Received) -> Reply:
        """What ARM answers, or the app for its health."""
        if request.path == "/api/health" and self.is_stopped:
            return Reply(403)
        if request.path == "/api/health":
            return Reply(self.health.popleft() if len(self.health) > 1 else self.health[0])
        if request.bearer != self.token:
            return json_reply({"error": {"code": "ExpiredAuthenticationToken"}}, 401)
        if "api-version" not in request.query:
            return json_reply({"error": {"code": "MissingApiVersionParameter"}}, 400)
        return self._refused(request) or self._vault(request) or self._app(request) or _not_found()

    def _refused(self, request: Received) -> Reply | None:
        for number, (method, part, reply, times) in enumerate(self.refusals):
            if request.method == method and part in request.path and times > 0:
                self.refusals[number] = (method, part, reply, times - 1)
                return reply
        return None

    def _vault(self, request: Received) -> Reply | None:
        if not (found := _SECRET.fullmatch(request.path)):
            return None
        name = found[1]
        if request.method == "PUT":
            return self._write(name, json.loads(request.body))
        if name not in self.secrets:
            return _not_found("SecretNotFound")
        return json_reply({"name": name, "tags": self.secrets[name].tags, "properties": {"contentType": "text"}})

    def _write(self, name: str, body: Mapping[str, Mapping[str, str]]) -> Reply:
        if name in self.deleted:
            return json_reply({"error": {"code": "Conflict", "message": "in a deleted but recoverable state"}}, 409)
        versions = self.secrets[name].versions + 1 if name in self.secrets else 1
        self.secrets[name] = Secret(body["properties"]["value"], body.get("tags", {}), versions)
        return json_reply({"name": name, "properties": {"contentType": "text"}}, 201 if versions == 1 else 200)

    def _app(self, request: Received) -> Reply | None:
        if found := _KEYS.fullmatch(request.path):
            return self._key(request, found[1], found[3])
        match request.method, request.path.removeprefix(APP):
            case "GET", "":
                return json_reply({"id": APP, "properties": {"state": "Stopped" if self.is_stopped else "Running"}})
            case "GET", "/functions":
                return self._list()
            case "GET", "/config/configreferences/appsettings":
                return json_reply({"value": [self._reference(setting) for setting in self.references]})
            case "POST", "/config/configreferences/appsettings/refresh":
                self.refreshes_until_allowed -= 1
                self._fetch()
                return Reply(200)
            case "POST", "/restart":
                self.restarts += 1
                self.needs_restart = False
                self._fetch()
                return Reply(200)
        return None

    def _key(self, request: Received, function: str, name: str | None) -> Reply:
        keys = self.functions.get(function)
        if keys is None:
            return _not_found()
        if name is None:
            return json_reply({"properties": keys} if self.keys_in_properties else keys)
        given = json.loads(request.body)["properties"]
        is_new = name not in keys
        keys[name] = given.get("value") or secrets.token_urlsafe(40)
        return json_reply({"properties": {"name": name, "value": keys[name]}}, 201 if is_new else 200)

    def _list(self) -> Reply:
        if self.listed_late > 0 or self.needs_restart:
            self.listed_late -= 1
            return json_reply({"value": []})
        names = [f"{APP.rpartition('/')[2]}/{name}" for name in self.functions]
        return json_reply({"value": [{"name": name, "properties": {}} for name in names]})

    def _fetch(self) -> None:
        if self.refreshes_until_allowed <= 0:
            self.fetched = {name: secret.versions for name, secret in self.secrets.items()}

    def _reference(self, setting: str) -> dict[str, object]:
        secret = self.references[setting]
        missing = "SecretNotFound" if secret not in self.secrets else "AccessToKeyVaultDenied"
        status = "Resolved" if secret in self.fetched else missing
        return {
            "id": f"{APP}/config/configreferences/appsettings/{setting}",
            "properties": {"status": status, "secretName": secret, "reference": "@Microsoft.KeyVault(...)"},
        }


def _not_found(code: str = "ResourceNotFound") -> Reply:
    return json_reply({"error": {"code": code}}, 404)

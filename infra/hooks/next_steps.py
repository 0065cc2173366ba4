"""What a person still has to do after a deployment, as commands. They show keys; these lines hold none."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.hooks.clouds import PUBLIC, cloud_of
from infra.hooks.commands import Command, json_argument, typed
from infra.hooks.deployment import Deployment

_ROUTES = {
    "Health": ("health", "/api/health"),
    "DynamicsWebhook": ("events of Dataverse", "/api/webhooks/incoming/dynamicscrm"),
    "ConnectionWebhook": ("created connections", "/api/webhooks/incoming/dynamicscrm/connection"),
    "WebhookAdmin": ("webhooks", "/api/v1/Webhook"),
    "Events": ("events", "/api/v1/events"),
    "DynamicsRegistration": ("registration in Dataverse", "/api/v1/dynamics/webhooks"),
    "Console": ("console", "/api/console"),
}
_DATAVERSE = "https://CONTOSO.crm4.dynamics.com"


def next_steps(
    environment: Mapping[str, str],
    deployment: Deployment,
    functions: Collection[str],
    *,
    on_windows: bool = os.name == "nt",
) -> Iterator[str]:
    """Lines that say where the hub is, and what is left to do, for this deployment alone."""
    yield ""
    yield f"The hub of environment {deployment.environment} runs at {deployment.app_url}"
    for function, (what, path) in _ROUTES.items():
        if function in functions:
            yield f"  {what:26}{deployment.app_url}{path}"
    yield ""
    yield "What is left to do, in the project's folder (`make azurite` makes its environment) and after `az login`:"
    steps = _Steps(environment, deployment, on_windows=on_windows)
    for number, step in enumerate(steps.all(), 1):
        yield ""
        yield f"{number}. {step.title}"
        for command in step.commands:
            yield ""
            yield from (f"   {line}" for line in typed(command, on_windows=on_windows))
    if on_windows:
        yield ""
        yield "Variables stay set in a window of PowerShell: close it before you run the hub on this machine."


@dataclass(frozen=True)
class Step:
    """Something to do: a sentence, and the commands that do it."""

    title: str
    commands: Sequence[Command]


class _Steps:
    """The steps of one deployment."""

    def __init__(self, environment: Mapping[str, str], deployment: Deployment, *, on_windows: bool) -> None:
        self._environment = environment
        self._deployment = deployment
        self._on_windows = on_windows
        self._cloud = cloud_of(deployment.arm_url)
        self._python = ".venv\\Scripts\\python" if on_windows else ".venv/bin/python"

    def all(self) -> Iterator[Step]:
        graph = self._value("ROLE_DIRECTORY") == "graph"
        if graph:
            yield self._graph_permissions()
        yield self._first_person(is_in_table=not graph)
        if not self._value("DATAVERSE_URL"):
            yield self._dataverse()
        yield self._application_user()
        yield self._ensure()
        if not self._value("DYNAMICS_ORGANIZATIONS"):
            yield self._organizations()
        if self._value("CONSOLE_CLIENT_ID"):
            yield self._console()
        yield self._keys()

    def _value(self, name: str, default: str = "") -> str:
        return self._environment.get(name, "").strip() or default

    def _admin(self, *words: str, **more: str | Command) -> Command:
        """A command of the hub's own that works on the deployed tables and queues.

        The empty AzureWebJobsStorage outranks that of a local.settings.json, which is the storage of `make run`.
        """
        storage = {
            "AzureWebJobsStorage": "",
            "AzureWebJobsStorage__tableServiceUri": self._value("STORAGE_TABLE_URI"),
            "AzureWebJobsStorage__queueServiceUri": self._value("STORAGE_QUEUE_URI"),
        }
        roles = {name: self._value(name) for name in ("RELATIONSHIP_MANAGER_ROLE", "ADMINISTRATOR_ROLE")}
        named = {name: role for name, role in roles.items() if role}
        return Command((self._python, "-m", "admin", *words), {**storage, **named, **more})

    def _key(self, function: str, name: str) -> Command:
        app = ("-g", self._deployment.resource_group, "-n", self._deployment.app_name)
        shown = ("--function-name", function, "--query", name, "-o", "tsv")
        return Command(("az", "functionapp", "function", "keys", "list", *app, *shown))

    def _graph_permissions(self) -> Step:
        module = (self._python, "-m", "infra.hooks.graph_permissions")
        mail = ("Mail.Send",) if self._value("NOTICE_MAILBOX") else ()
        url = self._value("GRAPH_URL", self._cloud.graph)
        graph = {} if url == PUBLIC.graph else {"GRAPH_URL": url}
        permissions = ("User.Read.All", "GroupMember.Read.All", "Sites.Selected", *mail)
        return Step(
            "An administrator of Entra lets the app read users and groups, and then the site of the role list"
            ' (docs/security.md "Setting it up").',
            [Command((*module, self._value("HUB_IDENTITY_PRINCIPAL_ID"), *permissions), graph)],
        )

    def _first_person(self, *, is_in_table: bool) -> Step:
        issue = self._admin("callers", "issue", "UPN")
        if not is_in_table:
            return Step("Issue an API key to the first person; the role list says what it opens.", [issue])
        manager = self._admin("roles", "grant", "UPN")
        role = self._value("ADMINISTRATOR_ROLE", "Webhook Administrator")
        administrator = self._admin("roles", "grant", "UPN", "--role", role)
        return Step(
            "Give the first person both roles and an API key; UPN is such as megan@contoso.com.",
            [manager, administrator, issue],
        )

    def _dataverse(self) -> Step:
        commands = [Command(("azd", "env", "set", "DATAVERSE_URL", _DATAVERSE)), Command(("azd", "provision"))]
        return Step("Tell the hub where Dataverse is.", commands)

    def _application_user(self) -> Step:
        where = ("--environment", self._value("DATAVERSE_URL", _DATAVERSE))
        user = ("--application-user", "--user", self._value("HUB_IDENTITY_CLIENT_ID"), "--role", "ROLE")
        return Step(
            "Make the app's identity an application user of Dataverse"
            ' (docs/dynamics.md "From nothing to the first event" says what ROLE needs).',
            [Command(("pac", "admin", "assign-user", *where, *user))],
        )

    def _ensure(self) -> Step:
        url = self._value("DATAVERSE_URL", _DATAVERSE)
        public = self._value("PUBLIC_URL", self._deployment.app_url)
        key = self._key("DynamicsWebhook", "dynamics")
        return Step(
            "Have Dataverse post created connections here; `--event opportunity.updated` and others add events.",
            [self._admin("dynamics", "ensure", DATAVERSE_URL=url, PUBLIC_URL=public, DYNAMICS_WEBHOOK_KEY=key)],
        )

    def _organizations(self) -> Step:
        commands = [Command(("azd", "env", "set", "DYNAMICS_ORGANIZATIONS", "ID")), Command(("azd", "provision"))]
        return Step("Take requests of your organization alone; the command before prints its id.", commands)

    def _console(self) -> Step:
        client, tenant = self._value("CONSOLE_CLIENT_ID"), self._value("AZURE_TENANT_ID")
        authority = self._value("ENTRA_AUTHORITY", self._cloud.authority).rstrip("/")
        credential = {
            "name": self._value("HUB_IDENTITY_NAME", "webhook-hub"),
            "issuer": f"{authority}/{tenant}/v2.0",
            "subject": self._value("HUB_IDENTITY_PRINCIPAL_ID"),
            "audiences": [self._cloud.token_exchange],
        }
        # People come by the address that they know, and are sent back to it.
        addresses = dict.fromkeys([self._value("PUBLIC_URL", self._deployment.app_url), self._deployment.app_url])
        callbacks = [f"{address.rstrip('/')}/.auth/login/aad/callback" for address in addresses]
        registration = ("az", "ad", "app", "update", "--id", client)
        trust = ("az", "ad", "app", "federated-credential", "create", "--id", client, "--parameters")
        return Step(
            "Let the console's app registration send people back here (this replaces its addresses), and trust the"
            " app's identity.",
            [
                Command((*registration, "--web-redirect-uris", *callbacks, "--enable-id-token-issuance", "true")),
                Command((*trust, json_argument(credential, on_windows=self._on_windows))),
            ],
        )

    def _keys(self) -> Step:
        return Step(
            "Where a key is wanted: what Dataverse sends, and what callers of the API send. Hand out keys of functions,"
            " never a host key, which opens everything.",
            [self._key("ConnectionWebhook", "dynamics"), self._key("WebhookAdmin", "default")],
        )

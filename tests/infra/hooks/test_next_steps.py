"""What postdeploy prints: commands that exist, on the storage that was deployed, and no key."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
from typer.main import get_command

from admin.__main__ import app as command_line
from devhost.localsettings import apply_local_settings
from infra.hooks.deployment import read_deployment
from infra.hooks.next_steps import next_steps
from shared.settings import Settings
from tests.infra.hooks.conftest import FOLDERS, Azd
from tests.support.paths import ROOT

CLIENT = "0a6b3c1d-94a8-4be2-8f37-6d1f5c2e9b44"
GRAPH = {"ROLE_DIRECTORY": "graph", "NOTICE_MAILBOX": "hub@contoso.com"}
ALL = {**GRAPH, "CONSOLE_CLIENT_ID": CLIENT, "DATAVERSE_URL": "https://contoso.crm4.dynamics.com"}
TABLES = "https://stabcdefghijklm.table.core.windows.net/"


def lines(azd: Azd, variables: Mapping[str, str] | None = None, *, on_windows: bool = False) -> list[str]:
    environment = {**azd.environment, **(variables or {})}
    return list(next_steps(environment, read_deployment(environment), FOLDERS, on_windows=on_windows))


def commands(printed: list[str]) -> Iterator[list[str]]:
    """The words of each command, variables first; what is printed beside them is not indented."""
    text = "\n".join(printed).replace("\\\n", " ")
    yield from (shlex.split(line) for line in text.splitlines() if line.startswith("   "))


def admin_commands(printed: list[str]) -> list[tuple[dict[str, str], list[str]]]:
    found = []
    for words in commands(printed):
        if "admin" in words and "-m" in words:
            at = words.index("-m")
            variables = dict(word.split("=", 1) for word in words[: at - 1])
            found.append((variables, words[at + 2 :]))
    return found


@pytest.mark.parametrize("variables", [{}, ALL], ids=["table", "graph and all"])
def test_each_command_of_the_hub_is_one_that_its_command_line_has(azd: Azd, variables: dict[str, str]) -> None:
    given = [words for _, words in admin_commands(lines(azd, variables))]
    assert given
    for words in given:
        command, rest = get_command(command_line), words
        context = click.Context(command)  # type: ignore[arg-type]
        while hasattr(command, "resolve_command"):
            _, command, rest = command.resolve_command(context, rest)
        # Wrong options and missing arguments raise.
        command.make_context(words[-1], list(rest))


def test_they_work_on_the_deployed_storage_whatever_this_machine_has_set(azd: Azd, tmp_path: Path) -> None:
    example = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))
    (tmp_path / "local.settings.json").write_text(json.dumps(example))
    for variables, _ in admin_commands(lines(azd)):
        apply_local_settings(tmp_path, variables)
        storage = Settings.read(variables).storage
        assert storage.connection_string is None
        assert storage.table_service_uri == TABLES
        assert storage.queue_service_uri == TABLES.replace("table", "queue")


def test_dataverse_is_told_the_address_of_the_hub_and_the_key_comes_from_azure(azd: Azd) -> None:
    [(variables, words)] = [found for found in admin_commands(lines(azd)) if found[1][0] == "dynamics"]
    assert words == ["dynamics", "ensure"]
    assert variables["PUBLIC_URL"] == azd.environment["SERVICE_HUB_URI"]
    assert variables["DYNAMICS_WEBHOOK_KEY"] == (
        "$(az functionapp function keys list -g rg-test -n func-abcdefghijklm"
        " --function-name DynamicsWebhook --query dynamics -o tsv)"
    )
    [(variables, _)] = [
        found
        for found in admin_commands(lines(azd, {"PUBLIC_URL": "https://hooks.contoso.com"}))
        if found[1][0] == "dynamics"
    ]
    assert variables["PUBLIC_URL"] == "https://hooks.contoso.com"


def test_endpoints_are_those_of_the_functions(azd: Azd) -> None:
    printed = "\n".join(lines(azd))
    receivers = ("DynamicsWebhook", "ConnectionWebhook")
    for folder in ("Health", *receivers, "WebhookAdmin", "Events", "DynamicsRegistration", "Console"):
        bindings = json.loads((ROOT / folder / "function.json").read_text(encoding="utf-8"))["bindings"]
        route = bindings[0]["route"].partition("/{")[0]
        assert f"{azd.environment['SERVICE_HUB_URI']}/api/{route}\n" in printed


def test_only_what_is_left_is_printed(azd: Azd) -> None:
    bare = "\n".join(lines(azd))
    assert "azd env set DYNAMICS_ORGANIZATIONS ID" in bare
    assert "azd env set DATAVERSE_URL" in bare
    assert "graph_permissions" not in bare
    assert "federated-credential" not in bare
    full = "\n".join(lines(azd, {**ALL, "DYNAMICS_ORGANIZATIONS": CLIENT}))
    assert "azd env set" not in full
    assert "roles grant" not in full


def test_steps_are_numbered_without_a_gap(azd: Azd) -> None:
    numbers = [int(found[1]) for line in lines(azd, ALL) if (found := re.match(r"(\d+)\. ", line))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_console_trusts_the_apps_identity(azd: Azd) -> None:
    [update, trust] = [words for words in commands(lines(azd, ALL)) if words[:3] == ["az", "ad", "app"]]
    assert update[update.index("--web-redirect-uris") + 1] == (
        f"{azd.environment['SERVICE_HUB_URI']}/.auth/login/aad/callback"
    )
    assert json.loads(trust[-1]) == {
        "name": "id-abcdefghijklm",
        "issuer": f"https://login.microsoftonline.com/{azd.environment['AZURE_TENANT_ID']}/v2.0",
        "subject": azd.environment["HUB_IDENTITY_PRINCIPAL_ID"],
        "audiences": ["api://AzureADTokenExchange"],
    }


def test_people_who_sign_in_are_sent_back_to_the_address_that_they_came_by(azd: Azd) -> None:
    printed = lines(azd, {**ALL, "PUBLIC_URL": "https://hooks.contoso.com/"})
    [update] = [words for words in commands(printed) if words[:4] == ["az", "ad", "app", "update"]]
    at = update.index("--web-redirect-uris")
    assert update[at + 1 : update.index("--enable-id-token-issuance")] == [
        "https://hooks.contoso.com/.auth/login/aad/callback",
        f"{azd.environment['SERVICE_HUB_URI']}/.auth/login/aad/callback",
    ]


@pytest.mark.parametrize("blank", ["", " "], ids=["on POSIX", "on Windows"])
def test_a_blank_connection_outranks_that_of_this_machine(tmp_path: Path, blank: str) -> None:
    example = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))
    (tmp_path / "local.settings.json").write_text(json.dumps(example))
    variables = {"AzureWebJobsStorage": blank, "AzureWebJobsStorage__tableServiceUri": TABLES}
    apply_local_settings(tmp_path, variables)
    assert Settings.read(variables).storage.connection_string is None


def test_with_the_directory_graph_an_administrator_grants_what_the_hub_asks_graph_for(azd: Azd) -> None:
    [words] = [words for words in commands(lines(azd, GRAPH)) if "infra.hooks.graph_permissions" in words]
    assert words[3] == azd.environment["HUB_IDENTITY_PRINCIPAL_ID"]
    documented = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert words[4:] == ["User.Read.All", "GroupMember.Read.All", "Sites.Selected", "Mail.Send"]
    assert all(f"`{permission}`" in documented for permission in words[4:])


def test_roles_with_other_names_are_granted_by_these(azd: Azd) -> None:
    roles = {"ADMINISTRATOR_ROLE": "Hub Owner", "RELATIONSHIP_MANAGER_ROLE": "Account Manager"}
    (variables, words) = admin_commands(lines(azd, roles))[1]
    assert words == ["roles", "grant", "UPN", "--role", "Hub Owner"]
    assert variables.items() >= roles.items()


def test_a_national_cloud_has_its_own_addresses(azd: Azd) -> None:
    printed = "\n".join(lines(azd, {**ALL, "ARM_ENDPOINT": "https://management.usgovcloudapi.net/"}))
    assert "   GRAPH_URL=https://graph.microsoft.us \\\n" in printed
    assert '"issuer": "https://login.microsoftonline.us/' in printed
    assert '"audiences": ["api://AzureADTokenExchangeUSGov"]' in printed
    chosen = {"GRAPH_URL": "https://dod-graph.microsoft.us", "ENTRA_AUTHORITY": "https://login.example/"}
    printed = "\n".join(lines(azd, {**ALL, **chosen}))
    assert "   GRAPH_URL=https://dod-graph.microsoft.us \\\n" in printed
    assert '"issuer": "https://login.example/7d1a2c46' in printed


def test_on_windows_it_is_powershell(azd: Azd) -> None:
    printed = "\n".join(lines(azd, ALL, on_windows=True))
    assert "   $env:AzureWebJobsStorage = ' '\n" in printed
    assert f"   $env:AzureWebJobsStorage__tableServiceUri = '{TABLES}'\n" in printed
    assert "   .venv\\Scripts\\python -m admin dynamics ensure\n" in printed
    assert "   $env:DYNAMICS_WEBHOOK_KEY = az functionapp function keys list -g rg-test" in printed
    assert "$(" not in printed
    assert "close it before you run the hub" in printed

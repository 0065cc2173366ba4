"""postdeploy against Azure in each state that a deployment can be found in."""

import json
import shutil
from collections import deque
from email.utils import formatdate
from pathlib import Path

import pytest

from infra.hooks.keys import CONSOLE, DYNAMICS
from infra.hooks.vault import digest
from tests.fakes.arm import APP, FORBIDDEN, HOST_IS_STARTING, TOKEN, VAULT, FakeArm, Secret
from tests.fakes.azd import write_azd
from tests.fakes.server import Reply
from tests.infra.hooks.conftest import FOLDERS, Azd
from tests.support.paths import ROOT

CONSOLE_FUNCTIONS = CONSOLE.within(FOLDERS).functions
SITE = APP.partition("rg-test")[2]
SECRETS = f"{VAULT.partition('rg-test')[2]}/secrets"


def holders(arm: FakeArm, key: str) -> dict[str, str]:
    return {function: keys[key] for function, keys in arm.functions.items() if key in keys}


def put(function: str, key: str) -> str:
    return f"PUT {SITE}/functions/{function}/keys/{key}"


def test_the_first_run_makes_each_key_once_and_gives_it_to_the_functions_that_it_opens(
    azd: Azd, deployed: FakeArm
) -> None:
    azd.succeeds("postdeploy")
    for key, functions in {
        "dynamics": DYNAMICS.functions,
        "console": CONSOLE_FUNCTIONS,
        "arcgis": ("WebhookConnections",),
    }.items():
        held = holders(deployed, key)
        assert held.keys() == set(functions)
        assert len(set(held.values())) == 1
        assert [line for line in deployed.writes() if line.endswith(f"/{key}")] == [
            put(name, key) for name in functions
        ]
    assert not set(DYNAMICS.functions) & set(holders(deployed, "console"))


def test_what_the_app_itself_needs_is_in_the_vault_and_in_the_app(azd: Azd, deployed: FakeArm) -> None:
    azd.succeeds("postdeploy")
    for secret, key in {"console-key": "console", "arcgis-hook-key": "arcgis"}.items():
        value = holders(deployed, key)["WebhookConnections"]
        assert deployed.secrets[secret].value == value
        assert deployed.secrets[secret].tags == {"sha256": digest(value)}
        assert deployed.fetched[secret] == 1
    assert deployed.restarts == 1
    assert "dynamics" not in str(deployed.secrets)


def test_the_second_run_writes_nothing(azd: Azd, deployed: FakeArm) -> None:
    azd.succeeds("postdeploy")
    deployed.journal.clear()
    out = azd.succeeds("postdeploy")
    assert deployed.writes() == []
    assert f"console: opens {', '.join(CONSOLE_FUNCTIONS)}" in out


def test_keys_that_are_listed_as_azures_sdks_know_it_are_understood(azd: Azd, deployed: FakeArm) -> None:
    deployed.keys_in_properties = True
    azd.succeeds("postdeploy")
    deployed.journal.clear()
    azd.succeeds("postdeploy")
    assert deployed.writes() == []


def test_a_version_without_a_console_opens_what_it_has(azd: Azd, deployed: FakeArm, tmp_path: Path) -> None:
    azd.project = tmp_path / "project"
    shutil.copytree(ROOT / "infra" / "hooks", azd.project / "infra" / "hooks")
    (azd.project / "infra" / "__init__.py").touch()
    with_less = sorted({*FOLDERS} - {"ArcGisConnections", "Console"})
    for name in with_less:
        (azd.project / name).mkdir()
        (azd.project / name / "function.json").touch()
    # What was deployed before is another version, in which they were.
    out = azd.succeeds("postdeploy")
    assert holders(deployed, "console").keys() == {*CONSOLE_FUNCTIONS} - {"ArcGisConnections"}
    assert "/api/console\n" not in out


def test_a_run_that_stopped_between_two_functions_is_completed(azd: Azd, deployed: FakeArm) -> None:
    deployed.functions["Events"]["console"] = "a console key"
    azd.succeeds("postdeploy")
    assert set(holders(deployed, "console").values()) == {"a console key"}
    assert put("Events", "console") not in deployed.writes()
    assert deployed.secrets["console-key"].value == "a console key"


def test_a_key_that_only_a_later_function_has_is_taken_from_there(azd: Azd, deployed: FakeArm) -> None:
    deployed.functions["DynamicsWebhook"]["dynamics"] = "known to Dataverse"
    azd.succeeds("postdeploy")
    assert holders(deployed, "dynamics") == dict.fromkeys(DYNAMICS.functions, "known to Dataverse")


def test_two_keys_that_dataverse_may_know_both_stay(azd: Azd, deployed: FakeArm) -> None:
    deployed.functions["ConnectionWebhook"]["dynamics"] = "known to Dataverse"
    deployed.functions["DynamicsWebhook"]["dynamics"] = "known there too"
    out = azd.succeeds("postdeploy")
    assert "DynamicsWebhook has another value than ConnectionWebhook. Both stay as they are" in out
    assert holders(deployed, "dynamics") == {
        "ConnectionWebhook": "known to Dataverse",
        "DynamicsWebhook": "known there too",
    }


@pytest.mark.parametrize("tags", [{}, {"sha256": "0" * 12}], ids=["without tag", "of another value"])
def test_a_secret_of_the_vault_that_may_be_another_is_written_anew(
    azd: Azd, deployed: FakeArm, tags: dict[str, str]
) -> None:
    for function in CONSOLE_FUNCTIONS:
        deployed.functions[function]["console"] = "a console key"
    deployed.secrets["console-key"] = Secret("unknown", tags)
    deployed.secrets["arcgis-hook-key"] = Secret("an arcgis key", {"sha256": digest("an arcgis key")})
    deployed.functions["WebhookConnections"]["arcgis"] = "an arcgis key"
    # All references are resolved: what is fetched of the console's key is its old version.
    deployed.fetched = dict.fromkeys(deployed.secrets, 1)
    azd.succeeds("postdeploy")
    assert (deployed.secrets["console-key"].value, deployed.secrets["console-key"].versions) == ("a console key", 2)
    assert deployed.fetched["console-key"] == 2
    assert deployed.restarts == 1


def test_keys_in_the_functions_that_the_vault_has_not_are_written_there(azd: Azd, deployed: FakeArm) -> None:
    azd.succeeds("postdeploy")
    before = deployed.functions["Events"]["console"]
    del deployed.secrets["console-key"]
    deployed.journal.clear()
    azd.succeeds("postdeploy")
    assert deployed.secrets["console-key"].value == before
    assert [line for line in deployed.writes() if "/functions/" in line] == []


def test_secrets_that_were_written_and_not_brought_into_use_are_so_by_the_next_run(azd: Azd, deployed: FakeArm) -> None:
    azd.succeeds("postdeploy")
    deployed.fetched = {"secrets-key": 1}
    deployed.journal.clear()
    azd.succeeds("postdeploy")
    refresh, restart = f"POST {SITE}/config/configreferences/appsettings/refresh", f"POST {SITE}/restart"
    assert deployed.writes() == [refresh, restart]


@pytest.mark.parametrize(
    "busy",
    [
        HOST_IS_STARTING,
        Reply(429, headers={"Retry-After": "20"}),
        Reply(429, headers={"Retry-After": formatdate(0, usegmt=True)}),
        Reply(503, b"<html>busy</html>"),
        Reply(500),
        Reply(404),
    ],
    ids=["host starts", "throttled", "throttled until", "unavailable", "fault", "not known yet"],
)
def test_what_passes_is_waited_for(azd: Azd, deployed: FakeArm, busy: Reply) -> None:
    deployed.refuse("POST", "/listkeys", busy, times=3)
    deployed.refuse("PUT", "/keys/", busy, times=2)
    azd.succeeds("postdeploy")
    assert holders(deployed, "console").keys() == set(CONSOLE_FUNCTIONS)


def test_a_connection_that_breaks_is_tried_again(azd: Azd, deployed: FakeArm) -> None:
    deployed.functions["ConnectionWebhook"]["dynamics"] = "known to Dataverse"
    deployed.refuse("POST", "/listkeys", Reply(200, b'{"default": "half of it"}', cut=True), times=1)
    azd.succeeds("postdeploy")
    assert holders(deployed, "dynamics") == dict.fromkeys(DYNAMICS.functions, "known to Dataverse")


def test_a_host_that_never_starts_ends_the_hook_with_what_to_do(azd: Azd, deployed: FakeArm) -> None:
    deployed.refuse("POST", "/listkeys", HOST_IS_STARTING)
    sentence = azd.fails("postdeploy")
    assert "cannot read the keys of ConnectionWebhook: Azure is busy, or still starting (400 BadRequest)" in sentence
    assert "wait for some minutes" in sentence
    # From 2 seconds on, doubled up to 30: five minutes are over after some fifteen calls.
    assert len([request for request in deployed.journal if request.path.endswith("/listkeys")]) < 20


def test_a_pause_that_is_asked_for_beyond_all_patience_ends_the_hook_at_once(azd: Azd, deployed: FakeArm) -> None:
    deployed.refuse("POST", "/listkeys", Reply(429, headers={"Retry-After": "86400"}))
    assert "(429)" in azd.fails("postdeploy")
    assert len([request for request in deployed.journal if request.path.endswith("/listkeys")]) == 1


def test_all_calls_together_have_an_end(azd: Azd, deployed: FakeArm) -> None:
    for method, part in [
        *[("POST", f"/{name}/listkeys") for name in (*DYNAMICS.functions, "WebhookConnections")],
        *[("PUT", f"/{name}/keys/dynamics") for name in DYNAMICS.functions],
    ]:
        deployed.refuse(method, part, Reply(429, headers={"Retry-After": "250"}), times=1)
    # Each of them alone would be waited for. Four pauses fit into 20 minutes, the fifth does not.
    assert "cannot read the keys of WebhookConnections" in azd.fails("postdeploy")


@pytest.mark.parametrize(
    ("method", "part", "role"),
    [
        ("GET", "/functions", "Website Contributor or Contributor"),
        ("POST", "/listkeys", "Website Contributor or Contributor"),
        ("PUT", "/keys/", "Website Contributor or Contributor"),
        ("PUT", "/secrets/", "Key Vault Contributor or Contributor"),
        ("POST", "/refresh", "Website Contributor or Contributor"),
        ("POST", "/restart", "Website Contributor or Contributor"),
    ],
)
def test_whoever_may_not_is_told_the_role_that_they_need(
    azd: Azd, deployed: FakeArm, method: str, part: str, role: str
) -> None:
    deployed.refuse(method, part, FORBIDDEN)
    sentence = azd.fails("postdeploy")
    assert f"they need the role {role} on the resource group rg-test" in sentence
    assert "(403 AuthorizationFailed)" in sentence


def test_nobody_who_is_signed_in_is_told_how_to(azd: Azd, deployed: FakeArm) -> None:
    write_azd(azd.folder, token=None)
    assert "sign in with `azd auth login`" in azd.fails("postdeploy")


def test_a_token_that_expires_on_the_way_is_renewed(azd: Azd, deployed: FakeArm) -> None:
    deployed.refuse("PUT", "/keys/", Reply(401), times=1)
    azd.succeeds("postdeploy")
    assert azd.journal.read_text().count("auth token") == 2


def test_an_app_that_starts_slowly_is_waited_for(azd: Azd, deployed: FakeArm) -> None:
    deployed.health = deque([503, 502, 404, 503, 200])
    assert "health: " in azd.succeeds("postdeploy")


@pytest.mark.parametrize("status", [503, 500, 302])
def test_an_app_that_never_gets_well_ends_the_hook_before_any_key_is_made(
    azd: Azd, deployed: FakeArm, status: int
) -> None:
    deployed.health = deque([status])
    sentence = azd.fails("postdeploy")
    assert f"/api/health gave {status} in the end" in sentence
    assert "run `azd deploy` again" in sentence
    assert deployed.writes() == []


def test_an_app_that_nobody_reaches_is_told(azd: Azd, deployed: FakeArm) -> None:
    assert "/api/health gave ConnectionRefusedError" in azd.fails("postdeploy", SERVICE_HUB_URI="http://127.0.0.1:9")


def test_an_app_that_is_well_only_before_the_restart_is_not_said_to_be_ready(azd: Azd, deployed: FakeArm) -> None:
    deployed.health = deque([200, 503])
    assert "does not get well" in azd.fails("postdeploy")
    assert deployed.restarts == 1


def test_a_restart_that_takes_its_time_is_waited_for(azd: Azd, deployed: FakeArm) -> None:
    deployed.health = deque([200, *[404] * 40, 200])
    assert azd.succeeds("postdeploy").count("/api/health answers") == 2


def test_functions_that_are_listed_late_are_waited_for(azd: Azd, deployed: FakeArm) -> None:
    deployed.listed_late = 5
    assert f"functions: {len(FOLDERS)} of {len(FOLDERS)}" in azd.succeeds("postdeploy")


def test_an_app_without_functions_is_restarted_once(azd: Azd, deployed: FakeArm) -> None:
    deployed.needs_restart = True
    deployed.health = deque([*[404] * 20, 200])
    assert "the platform lists no function: restarting the app once" in azd.succeeds("postdeploy")
    # Once for the functions, once for the secrets.
    assert deployed.restarts == 2


def test_an_app_that_stays_without_functions_has_to_be_deployed_again(azd: Azd, arm: FakeArm) -> None:
    arm.health = deque([404])
    assert "the platform finds no function in it: run `azd deploy` again" in azd.fails("postdeploy")
    assert arm.writes() == [f"POST {SITE}/restart"]


def test_functions_that_are_missing_are_named_and_no_key_is_made(azd: Azd, arm: FakeArm) -> None:
    arm.deploy(set(FOLDERS) - {"EventDispatch", "Retention"})
    assert "does not find EventDispatch, Retention in what is deployed" in azd.fails("postdeploy")
    assert arm.writes() == []


def test_a_reference_that_stays_unresolved_ends_the_hook_with_its_reason(azd: Azd, deployed: FakeArm) -> None:
    deployed.fetched = {}
    deployed.refreshes_until_allowed = 1000
    sentence = azd.fails("postdeploy")
    assert "SECRETS_KEY (AccessToKeyVaultDenied)" in sentence
    assert "the app's identity needs the role Key Vault Secrets User on the vault" in sentence
    assert "`azd hooks run postdeploy`" in sentence


def test_an_app_whose_settings_were_replaced_has_to_be_provisioned_again(azd: Azd, deployed: FakeArm) -> None:
    del deployed.references["SECRETS_KEY"]
    assert "SECRETS_KEY (no reference); run `azd provision`" in azd.fails("postdeploy")


def test_a_secret_that_was_deleted_is_brought_back_by_a_person(azd: Azd, deployed: FakeArm) -> None:
    deployed.deleted.add("console-key")
    assert "`az keyvault secret recover" in azd.fails("postdeploy")


def test_what_azure_says_about_a_failure_is_not_repeated(azd: Azd, deployed: FakeArm) -> None:
    told = {"error": {"code": f"x {TOKEN}", "message": TOKEN}}
    deployed.refuse("PUT", "/keys/", Reply(418, json.dumps(told).encode()))
    assert "Azure answered 418; run" in azd.fails("postdeploy")


def test_an_app_that_somebody_has_stopped_is_left_alone(azd: Azd, deployed: FakeArm) -> None:
    deployed.is_stopped = True
    out = azd.succeeds("postdeploy")
    assert "the app is stopped" in out
    assert "`azd hooks run postdeploy`" in out
    assert deployed.writes() == []


def test_keys_that_cannot_be_read_are_not_replaced(azd: Azd, deployed: FakeArm) -> None:
    azd.succeeds("postdeploy")
    before = {name: dict(keys) for name, keys in deployed.functions.items()}
    deployed.refuse("POST", "/listkeys", Reply(200, b"<html>sign in</html>"))
    assert "cannot read the keys of ConnectionWebhook: Azure's answer cannot be read" in azd.fails("postdeploy")
    assert deployed.functions == before


def test_a_name_that_the_console_cannot_show_does_not_end_the_hook(azd: Azd, deployed: FakeArm) -> None:
    out = azd.succeeds("postdeploy", PYTHONIOENCODING="ascii", ADMINISTRATOR_ROLE="Spr\u00e1vce \u2019")
    assert "--role 'Spr\\xe1vce \\u2019'" in out

import json
import shutil
from pathlib import Path

import pytest

from infra.hooks.preprovision import allowed_regions
from tests.fakes.azd import write_azd
from tests.infra.hooks.conftest import Azd
from tests.support.paths import ROOT

GUID = "0a6b3c1d-94a8-4be2-8f37-6d1f5c2e9b44"


@pytest.fixture
def azd(azd: Azd, tmp_path: Path) -> Azd:
    """The same with a project of its own, whose template takes two regions."""
    azd.project = tmp_path / "project"
    shutil.copytree(ROOT / "infra" / "hooks", azd.project / "infra" / "hooks")
    (azd.project / "infra" / "__init__.py").touch()
    template = json.loads((ROOT / "infra" / "main.json").read_text(encoding="utf-8"))
    template["parameters"]["location"]["allowedValues"] = ["westeurope", "swedencentral"]
    (azd.project / "infra" / "main.json").write_text(json.dumps(template))
    shutil.copy(ROOT / "infra" / "main.parameters.json", azd.project / "infra")
    return azd


def files(folder: Path) -> dict[Path, bytes]:
    """All that is there, but for what Python makes of its own modules."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_it_says_that_all_is_ready_and_writes_nothing(azd: Azd) -> None:
    before = files(azd.project)
    assert azd.succeeds("preprovision") == "azd 1.31.2, environment test: ready to provision\n"
    assert files(azd.project) == before
    assert azd.arm.journal == []


@pytest.mark.parametrize("region", ["westeurope", "", None])
def test_a_region_of_the_template_is_taken_and_azd_may_ask_for_it(azd: Azd, region: str | None) -> None:
    azd.succeeds("preprovision", AZURE_LOCATION=region)


@pytest.mark.parametrize("region", ["West Europe", "WestEurope", "westeurope "])
def test_a_region_has_one_spelling(azd: Azd, region: str) -> None:
    if region.strip() == "westeurope":
        azd.succeeds("preprovision", AZURE_LOCATION=region)
    else:
        sentence = azd.fails("preprovision", AZURE_LOCATION=region)
        assert f"AZURE_LOCATION is {region!r}: write it as `azd env set AZURE_LOCATION westeurope`" in sentence


def test_another_region_is_refused_with_those_that_may_be_chosen(azd: Azd) -> None:
    sentence = azd.fails("preprovision", AZURE_LOCATION="Germany North")
    assert "AZURE_LOCATION is germanynorth" in sentence
    assert "swedencentral, westeurope with `azd env set AZURE_LOCATION NAME`" in sentence


def test_a_template_without_a_list_of_regions_takes_any(tmp_path: Path) -> None:
    assert allowed_regions(tmp_path) == frozenset()


@pytest.mark.parametrize("version", ["1.23.4", "0.9.9", "1.9.4"])
def test_an_azd_that_is_too_old_has_to_be_updated(azd: Azd, version: str) -> None:
    write_azd(azd.folder, token=None, version=version)
    assert f"azd is version {version}, but 1.23.5 or later is needed" in azd.fails("preprovision")


@pytest.mark.parametrize("version", ["1.23.5", "1.100.0", "2.0.0-beta.1"])
def test_an_azd_that_is_new_enough_is_taken(azd: Azd, version: str) -> None:
    write_azd(azd.folder, token=None, version=version)
    azd.succeeds("preprovision")


def test_an_azd_that_does_not_say_its_version_has_to_be_installed_anew(azd: Azd) -> None:
    write_azd(azd.folder, token=None, version="unknown")
    assert "azd does not say its version" in azd.fails("preprovision")


def test_without_azd_on_the_path_there_is_a_sentence(azd: Azd) -> None:
    (azd.folder / "azd").unlink()
    assert "azd is not on PATH" in azd.fails("preprovision")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"ROLE_DIRECTORY": "ldap"}, "ROLE_DIRECTORY is 'ldap'"),
        ({"ROLE_DIRECTORY": "graph", "SHAREPOINT_SITE_ID": "x"}, "ROLE_DIRECTORY is graph, which needs DATAVERSE_URL"),
        (
            {"ROLE_DIRECTORY": "graph", "DATAVERSE_URL": "https://contoso.crm4.dynamics.com"},
            "ROLE_DIRECTORY is graph, which needs SHAREPOINT_SITE_ID",
        ),
        ({"DATAVERSE_URL": "contoso.crm4.dynamics.com"}, "DATAVERSE_URL is 'contoso.crm4.dynamics.com'"),
        ({"DATAVERSE_URL": "https://contoso.crm4.dynamics.com/main.aspx"}, "DATAVERSE_URL is"),
        ({"DYNAMICS_ORGANIZATIONS": f"{GUID}, contoso"}, "DYNAMICS_ORGANIZATIONS is"),
        ({"CONSOLE_CLIENT_ID": "console"}, "CONSOLE_CLIENT_ID is 'console': a GUID is needed"),
        ({"ALERT_EMAIL": "a@contoso.com;b@contoso.com"}, "ALERT_EMAIL is 'a@contoso.com;b@contoso.com': one mail"),
        ({"NOTICE_MAILBOX": "hub"}, "NOTICE_MAILBOX is 'hub': one mail address"),
        ({"ENTRA_CLIENT_ID": f"{GUID},{GUID}"}, "ENTRA_CLIENT_ID is"),
        ({"RETENTION_SCHEDULE": "30 3 * * *"}, "RETENTION_SCHEDULE is '30 3 * * *': six fields"),
        ({"AZURE_ENV_NAME": "test."}, "cannot be called 'rg-test.'"),
        ({"HUB_RESOURCE_GROUP": "rg/test"}, "cannot be called 'rg/test'"),
        ({"HUB_RESOURCE_GROUP": "g" * 91}, "cannot be called 'ggg"),
    ],
)
def test_a_setting_that_the_hub_would_not_take_is_told_before_anything_is_made(
    azd: Azd, variables: dict[str, str | None], sentence: str
) -> None:
    assert sentence in azd.fails("preprovision", **variables)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"HUB_MAX_INSTANCES": "0"}, "HUB_MAX_INSTANCES is '0': a whole number from 1 to 1000 is needed"),
        ({"HUB_MAX_INSTANCES": "1001"}, "a whole number from 1 to 1000"),
        ({"RETENTION_DAYS": "-1"}, "RETENTION_DAYS is '-1': a whole number from 0 is needed"),
        ({"RETENTION_DAYS": "90d"}, "a whole number from 0 is needed"),
        ({"HUB_INSTANCE_MEMORY_MB": "1024"}, "one of 512, 2048, 4096 is needed"),
        ({"HUB_STORAGE_SKU": "LRS"}, "one of Standard_LRS, Standard_ZRS"),
        ({"HUB_ZONE_REDUNDANT": "yes"}, "HUB_ZONE_REDUNDANT is 'yes': true or false is needed"),
        ({"HUB_NAME_SALT": "s" * 25}, "a text of 24 characters at most is needed"),
        ({"HUB_TAGS": "costCenter=42"}, "HUB_TAGS is 'costCenter=42': an object in JSON is needed"),
        ({"EXTRA_SETTINGS": '["A"]'}, "EXTRA_SETTINGS is not right: an object in JSON is needed"),
    ],
)
def test_a_value_that_the_template_would_refuse_is_told_before_anything_is_made(
    azd: Azd, variables: dict[str, str | None], sentence: str
) -> None:
    assert sentence in azd.fails("preprovision", **variables)


def test_settings_that_may_hold_a_secret_are_not_shown(azd: Azd) -> None:
    assert "hunter2" not in azd.fails("preprovision", EXTRA_SETTINGS='{"PASSWORD": "hunter2"')


def test_what_the_template_takes_is_taken(azd: Azd) -> None:
    azd.succeeds(
        "preprovision",
        AZURE_ENV_NAME="t" * 64,
        HUB_RESOURCE_GROUP="rg-(Größe)_1.x",
        HUB_MAX_INSTANCES="1000",
        HUB_INSTANCE_MEMORY_MB="512",
        HUB_DAILY_QUOTA_GB="-1",
        HUB_ZONE_REDUNDANT="true",
        HUB_STORAGE_SKU="Standard_ZRS",
        HUB_TAGS='{"costCenter": "42"}',
        EXTRA_SETTINGS='{"MAX_WEBHOOKS": "500"}',
        RETENTION_DAYS="",
        RETENTION_SCHEDULE="0 0 */6 * * *",
        ALERT_EMAIL="team@contoso.com",
    )


def test_all_faults_are_told_at_once(azd: Azd) -> None:
    sentence = azd.fails("preprovision", ROLE_DIRECTORY="ldap", CONSOLE_CLIENT_ID="console")
    assert "ROLE_DIRECTORY" in sentence
    assert "CONSOLE_CLIENT_ID" in sentence


def test_right_settings_are_taken(azd: Azd) -> None:
    azd.succeeds(
        "preprovision",
        ROLE_DIRECTORY="graph",
        DATAVERSE_URL="https://contoso.crm4.dynamics.com/",
        SHAREPOINT_SITE_ID="contoso.sharepoint.com,guid,guid",
        DYNAMICS_ORGANIZATIONS=f"{GUID}, {GUID.upper()}",
        CONSOLE_CLIENT_ID=GUID,
    )

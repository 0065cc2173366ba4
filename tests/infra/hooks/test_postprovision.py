import pytest
from cryptography.fernet import Fernet

from tests.fakes.arm import FORBIDDEN, VAULT, FakeArm, Secret
from tests.fakes.azd import write_azd
from tests.fakes.server import Reply, json_reply
from tests.infra.hooks.conftest import Azd

REFRESH = "POST /providers/Microsoft.Web/sites/func-abcdefghijklm/config/configreferences/appsettings/refresh"
WRITE = "PUT /providers/Microsoft.KeyVault/vaults/kv-abcdefghijklm/secrets/secrets-key"


def test_the_first_run_makes_a_fernet_key_and_waits_until_the_app_may_read_it(azd: Azd, arm: FakeArm) -> None:
    out = azd.succeeds("postprovision")
    assert "secrets-key: made, and written to the key vault" in out
    assert "roles: the app's identity reads the key vault" in out
    Fernet(arm.secrets["secrets-key"].value)
    assert arm.writes() == [WRITE, REFRESH]


def test_two_environments_have_two_keys(azd: Azd, arm: FakeArm) -> None:
    azd.succeeds("postprovision")
    first = arm.secrets["secrets-key"].value
    arm.reset()
    azd.succeeds("postprovision")
    assert arm.secrets["secrets-key"].value != first


def test_the_second_run_writes_nothing(azd: Azd, arm: FakeArm) -> None:
    azd.succeeds("postprovision")
    arm.journal.clear()
    assert "stays as it is" in azd.succeeds("postprovision")
    assert arm.writes() == []


def test_a_key_that_somebody_wrote_by_hand_stays(azd: Azd, arm: FakeArm) -> None:
    arm.secrets["secrets-key"] = Secret("new,old")
    azd.succeeds("postprovision")
    assert arm.secrets["secrets-key"].value == "new,old"


def test_roles_that_spread_slowly_are_waited_for(azd: Azd, arm: FakeArm) -> None:
    arm.refreshes_until_allowed = 5
    assert "reads the key vault" in azd.succeeds("postprovision")
    assert arm.writes() == [WRITE, *[REFRESH] * 5]


def test_a_run_after_an_interrupted_one_waits_for_the_roles_too(azd: Azd, arm: FakeArm) -> None:
    arm.secrets["secrets-key"] = Secret("made by the run before")
    arm.refreshes_until_allowed = 2
    assert "reads the key vault" in azd.succeeds("postprovision")
    assert arm.writes() == [REFRESH] * 2


def test_roles_that_do_not_spread_in_three_minutes_do_not_stop_the_deployment(azd: Azd, arm: FakeArm) -> None:
    arm.refreshes_until_allowed = 1000
    out = azd.succeeds("postprovision")
    assert "AccessToKeyVaultDenied so far" in out
    assert "run `azd deploy` again" in out
    # Calls take time themselves, so it may be less than the pauses alone would let fit in.
    assert 2 < arm.writes().count(REFRESH) <= 180 // 15


def test_an_app_without_the_reference_has_to_be_provisioned_again(azd: Azd, arm: FakeArm) -> None:
    del arm.references["SECRETS_KEY"]
    assert "SECRETS_KEY is no reference" in azd.fails("postprovision")


def test_whoever_may_not_see_the_vault_is_told_the_role_and_nothing_is_written(azd: Azd, arm: FakeArm) -> None:
    arm.refuse("GET", VAULT, FORBIDDEN)
    sentence = azd.fails("postprovision")
    assert "403 AuthorizationFailed" in sentence
    assert "the role Key Vault Contributor or Contributor on the resource group rg-test" in sentence
    assert arm.writes() == []


def test_whoever_may_only_read_is_told_the_role(azd: Azd, arm: FakeArm) -> None:
    arm.refuse("PUT", VAULT, FORBIDDEN)
    assert "cannot write secrets-key" in azd.fails("postprovision")


def test_a_vault_that_does_not_say_whether_it_has_the_key_gets_none(azd: Azd, arm: FakeArm) -> None:
    arm.refuse("GET", VAULT, Reply(503))
    assert "cannot look for secrets-key in the key vault kv-abcdefghijklm" in azd.fails("postprovision")
    assert arm.writes() == []


def test_a_deleted_key_is_brought_back_by_a_person(azd: Azd, arm: FakeArm) -> None:
    arm.deleted.add("secrets-key")
    sentence = azd.fails("postprovision")
    assert "`az keyvault secret recover --vault-name kv-abcdefghijklm --name secrets-key`" in sentence


def test_a_vault_that_is_gone_is_told(azd: Azd, arm: FakeArm) -> None:
    arm.refuse("PUT", VAULT, json_reply({"error": {"code": "ResourceNotFound"}}, 404))
    assert "run `azd provision`" in azd.fails("postprovision")


def test_throttling_is_waited_for(azd: Azd, arm: FakeArm) -> None:
    arm.refuse("GET", VAULT, Reply(429, headers={"Retry-After": "17"}), times=3)
    arm.refuse("PUT", VAULT, Reply(503), times=2)
    azd.succeeds("postprovision")
    assert arm.secrets["secrets-key"].versions == 1


def test_nobody_who_is_signed_in_is_told_how_to(azd: Azd, arm: FakeArm) -> None:
    write_azd(azd.folder, token=None)
    sentence = azd.fails("postprovision")
    assert "sign in with `azd auth login`" in sentence
    assert arm.journal == []


def test_a_token_that_azure_does_not_take_is_renewed_once_and_then_told(azd: Azd, arm: FakeArm) -> None:
    arm.token = "another one"
    sentence = azd.fails("postprovision")
    assert "Azure does not take azd's sign-in (401 ExpiredAuthenticationToken)" in sentence
    assert len(arm.journal) == 2


def test_a_token_is_asked_for_at_the_plane_and_in_the_tenant_of_the_deployment(azd: Azd, arm: FakeArm) -> None:
    azd.succeeds("postprovision")
    tenant = azd.environment["AZURE_TENANT_ID"]
    assert azd.journal.read_text() == (f"auth token --scope {arm.url}/.default --tenant-id {tenant} --output json\n")


def test_an_output_that_is_missing_is_named(azd: Azd) -> None:
    sentence = azd.fails("postprovision", AZURE_KEY_VAULT_ID=None)
    assert "AZURE_KEY_VAULT_ID is not set" in sentence
    assert "run `azd provision`" in sentence


def test_a_token_is_never_sent_without_encryption(azd: Azd, arm: FakeArm) -> None:
    assert "ARM_ENDPOINT is 'http://management.example'" in azd.fails(
        "postprovision", ARM_ENDPOINT="http://management.example"
    )
    assert azd.journal.read_text() == ""


def test_a_redirect_is_not_followed(azd: Azd, arm: FakeArm) -> None:
    arm.refuse("GET", VAULT, Reply(302, headers={"Location": f"{arm.url}/elsewhere"}))
    assert "Azure answered 302" in azd.fails("postprovision")
    assert [request.path for request in arm.journal if request.path == "/elsewhere"] == []


@pytest.mark.parametrize("reply", [Reply(404, b"<html>no such page</html>"), Reply(200, b"<html>sign in</html>")])
def test_an_answer_of_somebody_else_on_the_way_does_not_make_a_key(azd: Azd, arm: FakeArm, reply: Reply) -> None:
    arm.refuse("GET", VAULT, reply)
    assert "cannot look for secrets-key" in azd.fails("postprovision")
    assert arm.writes() == []


@pytest.mark.parametrize("name", ["SERVICE_HUB_ID", "AZURE_KEY_VAULT_ID"])
@pytest.mark.parametrize("value", [".evil.example/x", "@evil.example/x", "https://evil.example/x", "x"])
def test_a_token_goes_to_nobody_whom_a_resource_id_names(azd: Azd, name: str, value: str) -> None:
    assert f"{name} is {value!r}, which is no resource id" in azd.fails("postprovision", **{name: value})
    assert azd.journal.read_text() == ""


def test_a_call_to_this_machine_passes_no_proxy(azd: Azd) -> None:
    azd.succeeds("postprovision", http_proxy="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9")


@pytest.mark.parametrize(
    "address",
    [
        "file://localhost/etc/passwd",
        "ftp://localhost",
        "//localhost",
        "https://",
        "https://management.example@evil.example",
        "https://[::1",
        "https://management.example:port",
        "https://management.example/?x=",
        "https://management.example#",
        "https://b\u00fccher.example",
        "https://management.example\\x",
        "https://management.example/a b",
    ],
)
def test_an_address_that_is_none_is_told(azd: Azd, address: str) -> None:
    assert f"ARM_ENDPOINT is {address!r}: an address that" in azd.fails("postprovision", ARM_ENDPOINT=address)

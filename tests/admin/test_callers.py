from shared.hub.hub import Hub
from tests.admin.command import admin

USER = "manager@hub.example"


def test_an_issued_key_is_shown_alone_and_is_its_users(hub: Hub, connection_string: str) -> None:
    run = admin("callers", "issue", USER, "--note", "for the nightly job", AzureWebJobsStorage=connection_string)
    assert run.code == 0
    assert hub.api_keys.user_of(run.out.strip()) == USER
    assert [(issued.user, issued.note) for issued in hub.api_keys.list()] == [(USER, "for the nightly job")]


def test_an_issued_key_is_shown_as_json(hub: Hub, connection_string: str) -> None:
    run = admin("callers", "issue", USER, "--json", AzureWebJobsStorage=connection_string)
    [issued] = hub.api_keys.list()
    assert isinstance(run.json, dict)
    assert (run.json["id"], run.json["user"]) == (issued.id, USER)
    assert hub.api_keys.user_of(run.json["key"]) == USER


def test_a_list_shows_no_key(hub: Hub, connection_string: str) -> None:
    key, issued = hub.api_keys.issue(USER)
    runs = [admin("callers", "list", *more, AzureWebJobsStorage=connection_string) for more in ([], ["--json"])]
    for run in runs:
        assert run.code == 0
        assert (issued.id in run.out, USER in run.out) == (True, True)
        assert key not in run.out + run.err
        assert key.removeprefix("hub_") not in run.out


def test_a_revoked_key_is_useless(hub: Hub, connection_string: str) -> None:
    key, issued = hub.api_keys.issue(USER)
    run = admin("callers", "revoke", issued.id, AzureWebJobsStorage=connection_string)
    assert (run.code, issued.id in run.out) == (0, True)
    assert hub.api_keys.user_of(key) is None


def test_revoking_an_unknown_key_fails(hub: Hub, connection_string: str) -> None:
    hub.api_keys.issue(USER)
    run = admin("callers", "revoke", "0123456789ab", "--json", AzureWebJobsStorage=connection_string)
    assert (run.code, run.json) == (1, {"revoked": False})
    assert run.err == "error: no key has the id 0123456789ab\n"


def test_a_key_for_nobody_is_refused(hub: Hub, connection_string: str) -> None:
    assert admin("callers", "issue", " ", AzureWebJobsStorage=connection_string).code == 1
    assert list(hub.api_keys.list()) == []


def test_a_key_for_an_arcgis_user_is_refused(hub: Hub, connection_string: str) -> None:
    run = admin("callers", "issue", "ArcGIS:megan", AzureWebJobsStorage=connection_string)
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith("error: USER is 'ArcGIS:megan': an ArcGIS user has a token of their own")
    assert list(hub.api_keys.list()) == []

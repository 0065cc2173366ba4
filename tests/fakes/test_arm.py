"""The fake of Azure's management plane behaves as the hooks' neighbour does."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.fakes.arm import APP, TOKEN, VAULT, FakeArm

SECRET = f"{VAULT}/secrets/console-key"
REFERENCES = f"{APP}/config/configreferences/appsettings"


@pytest.fixture
def arm() -> Iterator[FakeArm]:
    with FakeArm() as running:
        running.deploy(["Events"])
        yield running


def ask(arm: FakeArm, method: str, path: str, body: object = None, token: str = TOKEN) -> tuple[int, dict[str, object]]:
    data = None if body is None else json.dumps(body).encode()
    url = f"{arm.url}{path}?api-version=2024-04-01"
    request = urllib.request.Request(url, data, {"Authorization": f"Bearer {token}"}, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return response.status, json.loads(response.read() or b"{}")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_a_value_in_the_vault_is_never_shown(arm: FakeArm) -> None:
    body = {"tags": {"sha256": "0123"}, "properties": {"value": "a secret"}}
    assert ask(arm, "GET", SECRET)[0] == 404
    assert ask(arm, "PUT", SECRET, body)[0] == 201
    status, document = ask(arm, "GET", SECRET)
    assert (status, document["tags"]) == (200, {"sha256": "0123"})
    assert "a secret" not in str(document)


def test_a_key_without_a_value_is_made_by_the_platform(arm: FakeArm) -> None:
    key = f"{APP}/functions/Events/keys/console"
    assert ask(arm, "PUT", key, {"properties": {"name": "console"}})[0] == 201
    assert ask(arm, "PUT", key, {"properties": {"name": "console", "value": "given"}})[0] == 200
    assert ask(arm, "POST", f"{APP}/functions/Events/listkeys")[1].keys() == {"default", "console"}
    assert arm.functions["Events"]["console"] == "given"
    assert ask(arm, "POST", f"{APP}/functions/Other/listkeys")[0] == 404


def test_a_reference_is_fetched_by_a_refresh_alone(arm: FakeArm) -> None:
    arm.references = {"CONSOLE_KEY": "console-key"}

    def status() -> str:
        return json.dumps(ask(arm, "GET", REFERENCES)[1])

    assert "SecretNotFound" in status()
    ask(arm, "PUT", SECRET, {"properties": {"value": "a secret"}})
    assert "AccessToKeyVaultDenied" in status()
    ask(arm, "POST", f"{REFERENCES}/refresh")
    assert '"Resolved"' in status()


def test_without_a_token_nothing_is_answered(arm: FakeArm) -> None:
    assert ask(arm, "GET", f"{APP}/functions", token="another")[0] == 401
    assert arm.writes() == []

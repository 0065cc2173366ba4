"""Settings as people paste them, in the running app."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e.running import running_app
from tests.e2e.test_receiving import eventually, listed_ids, new_connection
from tests.e2e.webhooks import events_of, register
from tests.fakes.receiver import Receiver

PASTED = {
    "ROLE_DIRECTORY": "table ",
    "DELIVERY_REQUIRE_HTTPS": " false\n",
    "WEBSITE_AUTH_ENABLED": "false ",
    "ROLE_CACHE_SECONDS": "60 ",
    "DELIVERY_RETRY_DELAYS": "1, 2 \r\n",
    "RELATIONSHIP_MANAGER_ROLE": "Relationship Manager ",
    "DATAVERSE_URL": "@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/dataverse)",
}


def test_blanks_around_settings_do_no_harm_and_one_that_is_missing_is_named(
    new_account: Callable[[], str], tmp_path: Path, receiver: Receiver
) -> None:
    with running_app(new_account() + " \n", tmp_path, lease_seconds=60, **PASTED) as app:
        register(app, receiver.url, "connection.created")
        id_, body = new_connection()
        assert app.post(body).status_code == 201
        assert eventually(lambda: id_ in listed_ids(app))
        assert eventually(lambda: len(events_of(receiver.journal)) == 1)
        missing = app.send("GET", "v1/dynamics/webhooks")
        assert (missing.status_code, missing.json()["detail"].rpartition(" ")[2]) == (503, "DATAVERSE_URL")

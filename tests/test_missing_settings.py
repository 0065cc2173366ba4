"""Whatever misses a setting says its name: in the log, where whoever runs the app looks for it."""

from collections.abc import Callable

import pytest

from shared.errors import Misconfigured, Unavailable
from shared.hub.hub import Hub
from shared.roles.user import User
from shared.settings import Settings
from shared.storage.sealed import Sealer
from tests.support.cases import holds_for
from tests.support.events import make_event

ADDRESS = "https://x.example"
STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
GRAPH = {**STORAGE, "ROLE_DIRECTORY": "graph"}
SOMEBODY = "cc03d281-c95c-e911-a979-000d3a1cc8fe"


def assembled(settings: dict[str, str]) -> Hub:
    return Hub.assemble(Settings.read(settings))


type Use = Callable[[dict[str, str]], object]

MISSING: dict[str, tuple[str, dict[str, str], Use]] = {
    "no storage at all": ("AzureWebJobsStorage__tableServiceUri", {}, assembled),
    "no table service": (
        "AzureWebJobsStorage__tableServiceUri",
        {"AzureWebJobsStorage__queueServiceUri": ADDRESS},
        assembled,
    ),
    "no queue service": (
        "AzureWebJobsStorage__queueServiceUri",
        {"AzureWebJobsStorage__tableServiceUri": ADDRESS},
        assembled,
    ),
    "no key in the connection string": ("AzureWebJobsStorage", {"AzureWebJobsStorage": "AccountName=a"}, assembled),
    "a connection string in quotes": (
        "AzureWebJobsStorage",
        {"AzureWebJobsStorage": '"UseDevelopmentStorage=true"'},
        assembled,
    ),
    "a trimmed event": ("DATAVERSE_URL", STORAGE, lambda given: assembled(given).completion.complete(make_event())),
    "registering": (
        "DATAVERSE_URL",
        STORAGE,
        lambda given: list(assembled(given).registration.webhooks.list()),
    ),
    "a user of Dynamics": (
        "DATAVERSE_URL",
        GRAPH,
        lambda given: assembled(given).roles.has_role(User.system_user(SOMEBODY), "Relationship Manager"),
    ),
    "the list of roles": (
        "SHAREPOINT_SITE_ID",
        GRAPH,
        lambda given: assembled(given).roles.has_role(User.entra_object(SOMEBODY), "Relationship Manager"),
    ),
    "a secret": ("SECRETS_KEY", STORAGE, lambda given: Sealer(Settings.read(given).secrets_key).seal("secret")),
}
"""What somebody does: the setting that it misses, the settings that there are, and how it is done."""


@holds_for("what", MISSING)
def test_what_misses_a_setting_names_it(what: str) -> None:
    name, given, use = MISSING[what]
    with pytest.raises(Unavailable) as caught:
        use(given)
    assert name in caught.value.detail.replace(",", " ").split()


@pytest.mark.parametrize("what", [what for what, (name, _, _) in MISSING.items() if name.startswith("Azure")])
def test_storage_that_is_not_set_up_is_no_outage_of_storage(what: str) -> None:
    _, given, use = MISSING[what]
    with pytest.raises(Misconfigured):
        use(given)

import pytest
from cryptography.fernet import Fernet

from shared.errors import Misconfigured
from shared.hub.hub import Hub
from shared.settings import Settings
from tests.arcgis.samples import BODY, SECRET
from tests.arcgis.stored import WORKFLOW, store
from tests.fakes.feature_service import signature as sign


def test_a_wrong_address_of_the_portal_keeps_no_notification_out(connection_string: str) -> None:
    settings = {
        "AzureWebJobsStorage": connection_string,
        "SECRETS_KEY": Fernet.generate_key().decode(),
        "ARCGIS_PORTAL_URL": "https://portal..example",
    }
    hub = Hub.assemble(Settings.read(settings))
    connection = store(hub)
    assert hub.arcgis.notifications.receive(WORKFLOW, connection.id, BODY, sign(BODY, SECRET)) == 1
    with pytest.raises(Misconfigured, match="ARCGIS_PORTAL_URL"):
        _ = hub.arcgis.services

"""An ArcGIS organization: its portal, one feature service, and people in it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.fakes.arcgis_portal import ORG, FakeArcGisPortal
from tests.fakes.feature_service import FakeFeatureService

SECRET = "quay-lamp-otter-seven"
MANAGER = "megan_manager"
WORKFLOW_ITEM = "4e5a2f0c9b7d4d0aa1c3f2b1e0d9c8b7"
HOOK_KEY = "a key of the feature services=="


@dataclass(frozen=True)
class ArcGisOrganization:
    """The neighbours, and what a client sends. `other_service` is somebody else's."""

    portal: FakeArcGisPortal
    service: FakeFeatureService
    other_service: FakeFeatureService

    @property
    def settings(self) -> dict[str, str]:
        """The app settings with which the app serves this organization."""
        return {
            "ARCGIS_PORTAL_URL": self.portal.url,
            "ARCGIS_ORG_IDS": f"otherOrg, {ORG}",
            "ARCGIS_SERVICE_HOSTS": ",".join(
                one.url.removeprefix("http://") for one in (self.service, self.other_service)
            ),
            "ARCGIS_HOOK_KEY": HOOK_KEY,
        }

    def reset(self) -> None:
        """Remove all people and items, and let all neighbours be well."""
        self.portal.reset()
        self.service.reset()
        self.other_service.reset()

    def add_item(self, owner: str = MANAGER) -> str:
        """A feature-service item; its owner manages the service's webhooks."""
        self.service.managers.add(owner)
        return self.portal.add_item(owner, self.service.item_url)


@contextmanager
def running_organization() -> Iterator[ArcGisOrganization]:
    """All of them, until the end of the block."""
    with ExitStack() as stack:
        portal = stack.enter_context(FakeArcGisPortal())
        services = [FakeFeatureService(portal), FakeFeatureService(portal, "otherService")]
        yield ArcGisOrganization(portal, *map(stack.enter_context, services))


def connection_document(item_id: str, **members: object) -> dict[str, object]:
    """What a client sends to create a managed connection; a member that is None is left out."""
    document = {
        "connectionName": "My connection",
        "itemId": item_id,
        "webhookType": "FeatureService",
        "secret": SECRET,
        "enabled": True,
        "manageWebhook": True,
        "webhookChangeTypes": ["FeaturesUpdated", "FeaturesEdited"],
        **members,
    }
    return {name: value for name, value in document.items() if value is not None}

from dataclasses import replace

import pytest

from shared.arcgis.client import ArcGisToken
from shared.arcgis.consent import Consent
from shared.arcgis.webhook_connection import Workflow
from shared.hub.hub import Hub
from tests.arcgis.stored import NOW, WORKFLOW, consents, store

OTHER_ITEM = Workflow(WORKFLOW.org_id, "anotherItem")


@pytest.mark.parametrize("username", ["megan", "Megan", "a/b#c?d", "東京"])
def test_a_consent_is_kept_for_exactly_this_user_of_this_item(arcgis_hub: Hub, username: str) -> None:
    kept = consents(arcgis_hub)
    given = Consent(username, ArcGisToken("a token", "http"), NOW)
    kept.put(WORKFLOW, given)
    found = kept.get(WORKFLOW, username)
    assert found == given
    assert found.etag
    assert kept.get(OTHER_ITEM, username) is None
    assert kept.get(WORKFLOW, username.swapcase() + "x") is None


def test_a_consent_ends_with_the_last_connection_that_uses_it(arcgis_hub: Hub) -> None:
    kept, registry = consents(arcgis_hub), arcgis_hub.arcgis.connections
    first, second = store(arcgis_hub), store(arcgis_hub)
    for name in ("megan", "max"):
        kept.put(WORKFLOW, Consent(name, ArcGisToken("t"), NOW))
    kept.purge(WORKFLOW, ["megan", "max"], apart_from=first.id)
    assert [kept.get(WORKFLOW, name) is not None for name in ("megan", "max")] == [True, False]
    registry.delete(first)
    kept.purge(WORKFLOW, ["megan"], apart_from=second.id)
    assert kept.get(WORKFLOW, "megan") is None


def test_a_consent_of_a_fallback_is_used_too(arcgis_hub: Hub) -> None:
    kept, registry = consents(arcgis_hub), arcgis_hub.arcgis.connections
    stored = store(arcgis_hub)
    found = registry.get(WORKFLOW, stored.id)
    assert found is not None
    registry.replace(replace(found, fallback_username="max"), etag=found.etag)
    kept.put(WORKFLOW, Consent("max", ArcGisToken("t"), NOW))
    kept.purge(WORKFLOW, ["max"])
    assert kept.get(WORKFLOW, "max") is not None

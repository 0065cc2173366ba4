"""Which members of an update touch what a connection does."""

from hypothesis import given
from hypothesis import strategies as st

from shared.arcgis.connection_input import CHANGE_TYPES, ConnectionInput
from shared.arcgis.operations import new_connection_id
from shared.arcgis.update_permission import touched_members
from shared.arcgis.webhook_connection import ManagedWebhook, WebhookConnection
from shared.secret_mask import SECRET_MASK
from tests.arcgis.samples import SECRET
from tests.arcgis.stored import NOW, WORKFLOW
from tests.support.arcgis import connection_document

USERS = st.sampled_from(["megan", "bob"])
TYPES = st.lists(st.sampled_from(CHANGE_TYPES), min_size=1, unique=True)
MANAGED = st.builds(ManagedWebhook, st.just("id"), TYPES.map(tuple), st.booleans())
CONNECTIONS = st.builds(
    WebhookConnection,
    workflow=st.just(WORKFLOW),
    id=st.just(new_connection_id()),
    name=st.text(),
    item_id=st.just("item"),
    webhook_type=st.just("FeatureService"),
    sealed_secret=st.just("sealed"),
    enabled=st.booleans(),
    username=USERS,
    fallback_username=st.none() | USERS,
    created=st.just(NOW),
    updated=st.just(NOW),
    updated_by=st.just("megan"),
    managed=st.none() | MANAGED,
    service_secret=st.none() | st.just("sealed before"),
)


def wanted(**members: object) -> ConnectionInput:
    return ConnectionInput.parse(connection_document("item", **members))


@given(CONNECTIONS, st.booleans())
def test_what_was_read_and_is_saved_again_touches_nothing(before: WebhookConnection, manages: bool) -> None:
    shown = before.as_shown(with_managed_webhook=manages)
    known = {name: value for name, value in shown.items() if name != "connectionId"}
    # As Esri's client: it manages where it was shown a webhook; one as the hub last set it needs nothing more.
    is_as_set = before.managed is not None and before.managed.is_active == before.enabled and not before.service_secret
    manages_it = "managedWebhookId" in shown and is_as_set
    document = wanted(**{**known, "connectionName": "Renamed", "manageWebhook": manages_it})
    assert touched_members(before, document, before.username, before.fallback_username) == ()


@given(
    CONNECTIONS, st.booleans(), st.booleans(), TYPES, USERS, st.none() | USERS, st.sampled_from([SECRET_MASK, SECRET])
)
def test_an_update_that_touches_nothing_leaves_all_that_matters_as_it_is(
    before: WebhookConnection,
    enabled: bool,
    manages: bool,
    types: list[str],
    username: str,
    fallback: str | None,
    secret: str,
) -> None:
    document = wanted(enabled=enabled, manageWebhook=manages, webhookChangeTypes=types, secret=secret)
    touched = touched_members(before, document, username, fallback)
    is_same = (enabled, username, fallback) == (before.enabled, before.username, before.fallback_username)
    is_same_hook = (
        before.managed == ManagedWebhook("id", before.managed.change_types, enabled) if before.managed else False
    )
    has_types = before.managed is not None and set(before.managed.change_types) == set(types)
    hook_stays = not manages or (is_same_hook and has_types and before.service_secret is None)
    assert (touched == ()) == (is_same and hook_stays and secret == SECRET_MASK)

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.arcgis.webhook_connection import (
    ManagedWebhook,
    WebhookConnection,
    Workflow,
    changed_members,
    connection_row,
    is_connection_id,
    parse_connection_row,
)
from shared.errors import BadRequest

WORKFLOW = Workflow("org", "item")
MEGANS = WebhookConnection(
    workflow=WORKFLOW,
    id="f_fK9TMOSS6OJNn6AReNmg",
    name="Parcels",
    item_id="service",
    webhook_type="FeatureService",
    sealed_secret="sealed",
    enabled=True,
    username="megan",
    fallback_username=None,
    created=datetime(2026, 3, 14, 9, 26, 53, 589793, UTC),
    updated=datetime(2026, 3, 15, tzinfo=UTC),
    updated_by="arcgis:megan",
)
MANAGED = ManagedWebhook("id", ("FeaturesEdited",), is_active=True)


@given(
    st.text(),
    st.booleans(),
    st.none() | st.just("max"),
    st.none() | st.builds(ManagedWebhook, st.text(min_size=1), st.tuples(st.text()), st.booleans()),
    st.none() | st.text(min_size=1),
    st.none() | st.text(min_size=1),
)
def test_a_row_holds_the_whole_connection(
    name: str,
    enabled: bool,
    fallback: str | None,
    managed: ManagedWebhook | None,
    service_secret: str | None,
    service: str | None,
) -> None:
    connection = replace(
        MEGANS,
        name=name,
        enabled=enabled,
        fallback_username=fallback,
        managed=managed,
        service_secret=service_secret,
        service=service,
    )
    assert parse_connection_row(connection_row(connection), WORKFLOW, "") == connection


def test_a_row_of_the_first_version_is_bound_to_no_service() -> None:
    row = {name: value for name, value in connection_row(MEGANS).items() if name != "Service"}
    assert parse_connection_row(row, WORKFLOW, "etag") == replace(MEGANS, etag="etag")


def test_no_answer_shows_the_secret_and_only_some_the_services_webhook() -> None:
    managed = replace(MEGANS, managed=MANAGED)
    shown, hidden = (managed.as_shown(with_managed_webhook=may_see) for may_see in (True, False))
    assert shown["secret"] == "********"
    assert {name: value for name, value in shown.items() if name not in hidden} == {
        "webhookActive": True,
        "webhookChangeTypes": ["FeaturesEdited"],
        "managedWebhookId": "id",
    }
    assert MEGANS.as_shown(with_managed_webhook=True) == hidden


def test_what_a_save_changed_is_named_as_clients_know_it() -> None:
    after = replace(MEGANS, name="x", sealed_secret="y", enabled=False, updated_by="z", service="s")
    assert changed_members(MEGANS, after) == ("connectionName", "secret", "enabled")
    assert changed_members(MEGANS, MEGANS) == ()


def test_the_fallback_is_tried_last() -> None:
    assert replace(MEGANS, fallback_username="max").users == ("megan", "max")
    assert MEGANS.users == ("megan",)


@pytest.mark.parametrize(("org_id", "item_id"), [("", "i"), ("o", ""), ("a/b", "i"), ("o", "x" * 65), ("ö", "i")])
def test_a_path_that_names_no_workflow_is_refused(org_id: str, item_id: str) -> None:
    with pytest.raises(BadRequest):
        Workflow.of_path(org_id, item_id)


def test_an_id_has_22_characters_of_base64url() -> None:
    assert is_connection_id(MEGANS.id)
    assert not any(map(is_connection_id, ("", MEGANS.id[1:], MEGANS.id + "A", "/" * 22)))

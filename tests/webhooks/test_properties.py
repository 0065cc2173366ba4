"""Properties beside the hub's own members: which are told, and which a save may add."""

import pytest

from shared.errors import BadRequest
from shared.hub.hub import Hub
from shared.webhooks.properties import property_refusals, usable_properties
from shared.webhooks.webhook import WebhookState
from tests.fakes.receiver import Receiver
from tests.support.delivering import delivering_hub, register, save
from tests.support.patience import eventually


@pytest.mark.parametrize("name", ["Source", "source", "SOURCE", "EventId", "fieldvalues"])
def test_a_member_of_the_hubs_own_wins_in_any_case(name: str) -> None:
    assert usable_properties({name: "forged", "tenant": 7}) == {"tenant": 7}


def test_no_properties_are_none_to_tell() -> None:
    assert usable_properties(None) == {}


@pytest.mark.parametrize("name", ["Source", "source", "sOURCE"])
def test_source_cannot_be_added_and_may_stay(name: str) -> None:
    (error,) = property_refusals({"tenant": 7, name: "x"}, {"tenant": 7})
    assert error.pointer == f"#/Properties/{name}"
    assert len(property_refusals({name: "x"}, None)) == 1
    assert property_refusals({name: "other"}, {"source": "x"}) == []
    assert property_refusals({"Event": 1, "Sources": 2}, None) == property_refusals(None, None) == []


@pytest.fixture
def hub(connection_string: str) -> Hub:
    return delivering_hub(connection_string)


def test_a_save_that_adds_source_is_refused_before_its_test_event(hub: Hub, receiver: Receiver) -> None:
    with pytest.raises(BadRequest):
        register(hub, receiver.url, Properties={"Source": "crm"})
    assert receiver.connections == 0
    stored = register(hub, receiver.url, Properties={"tenant": 7})
    with pytest.raises(BadRequest) as caught:
        save(hub, stored.id, Properties={"tenant": 7, "source": "crm"})
    assert caught.value.errors[0].pointer == "#/Properties/source"


def test_a_webhook_of_the_previous_version_that_has_it_goes_on(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    stored = register(hub, receiver.url, State="Stopped")
    old = stored.webhook.model_copy(update={"properties": {"Source": "crm", "tenant": 7}})
    current = hub.receivers.webhooks.get(stored.id)
    assert current is not None
    hub.receivers.webhooks.update(current, current.__class__(**{**vars(current), "webhook": old}))
    assert save(hub, stored.id, State="Active").webhook.state is WebhookState.ACTIVE
    assert eventually(lambda: len(receiver.journal) == 1)
    assert b'"Source":"hub","tenant":7}' in receiver.journal[0].body

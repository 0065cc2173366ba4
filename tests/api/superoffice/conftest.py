"""A manager's client of a hub that may deliver to this machine."""

import pytest

from tests.api.superoffice.calling import Client, manager
from tests.support.delivering import delivering_hub
from tests.support.transport import JournalTransport


@pytest.fixture
def client(connection_string: str, transport: JournalTransport) -> Client:
    """A Relationship Manager's client; `transport` keeps the journal of its storage transactions."""
    return manager(delivering_hub(connection_string, transport))

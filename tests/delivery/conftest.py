"""A receiver of its own for each test, and an authority that signs for it."""

from collections.abc import Iterator

import pytest

from tests.fakes.certificates import Authority
from tests.fakes.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A healthy receiver at http://127.0.0.1."""
    with Receiver() as running:
        yield running


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that the tests' own TLS contexts trust."""
    return Authority.make(tmp_path_factory.mktemp("authority"))

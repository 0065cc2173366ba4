"""An authority that signs for the receivers of these tests."""

import pytest

from tests.fakes.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that the tests' own TLS contexts trust."""
    return Authority.make(tmp_path_factory.mktemp("authority"))

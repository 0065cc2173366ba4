import pytest

from shared.dynamics.registration.undo import undone_if_uncertain, undone_on_failure
from shared.errors import Conflict, DataverseDown, HubError

REFUSED = Conflict("no", extensions={"dataverse": {"status": 400}})
OUTAGE = DataverseDown("away")


@pytest.fixture
def deleted() -> list[str]:
    return []


def test_what_succeeds_is_kept(deleted: list[str]) -> None:
    with undone_on_failure("1", deleted.append), undone_if_uncertain("1", deleted.append):
        pass
    assert deleted == []


@pytest.mark.parametrize("error", [REFUSED, OUTAGE, KeyboardInterrupt()], ids=["refused", "outage", "interrupted"])
def test_a_webhook_is_deleted_if_what_follows_its_create_fails(deleted: list[str], error: BaseException) -> None:
    with pytest.raises(type(error)), undone_on_failure("1", deleted.append):
        raise error
    assert deleted == ["1"]


@pytest.mark.parametrize(("error", "expected"), [(REFUSED, []), (OUTAGE, ["1"]), (KeyboardInterrupt(), ["1"])])
def test_a_webhook_whose_create_fails_is_deleted_unless_dataverse_refused_it(
    deleted: list[str], error: BaseException, expected: list[str]
) -> None:
    with pytest.raises(type(error)), undone_if_uncertain("1", deleted.append):
        raise error
    assert deleted == expected


def test_a_webhook_that_cannot_be_deleted_is_named_by_the_first_error() -> None:
    def fail(_: str) -> None:
        raise DataverseDown("still away")

    with pytest.raises(HubError, match="away") as caught, undone_on_failure("1", fail):
        raise DataverseDown("away")
    assert (caught.value.detail, caught.value.extensions) == ("away", {"leftBehind": "1"})

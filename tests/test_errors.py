from collections.abc import Iterator

import pytest

from shared.errors import (
    BadRequest,
    FieldError,
    Forbidden,
    HubError,
    NotJson,
    Unauthenticated,
    Unavailable,
)
from tests.support.cases import holds_for

DETAIL = "a sentence"


def subclasses(error: type[HubError]) -> Iterator[type[HubError]]:
    for each in error.__subclasses__():
        yield each
        yield from subclasses(each)


@holds_for("error", list(subclasses(HubError)))
def test_every_error_has_a_status_a_title_and_its_detail(error: type[HubError]) -> None:
    # Never 500: Dataverse sends a request again after 503 and not after that.
    assert 400 <= error.status < 500 or error.status in {502, 503}
    assert error.title != HubError.title
    assert (error(DETAIL).detail, str(error(DETAIL))) == (DETAIL, DETAIL)


@pytest.mark.parametrize("error", list(subclasses(Unavailable)), ids=lambda error: error.__name__)
def test_an_outage_is_a_503_and_no_refusal(error: type[HubError]) -> None:
    assert error.status == 503
    assert not issubclass(error, BadRequest | Forbidden | Unauthenticated)


def test_a_bad_request_names_its_field() -> None:
    assert BadRequest(DETAIL, pointer="#/x").errors == (FieldError("#/x", DETAIL),)


def test_a_bad_request_without_a_field_names_none() -> None:
    assert BadRequest(DETAIL).errors == ()


def test_one_refusal_stands_for_several_fields() -> None:
    errors = [FieldError("#/a", "a is required"), FieldError("#/b", "b is wrong")]
    refusal = NotJson.of(errors)
    assert (type(refusal), refusal.detail, refusal.errors) == (NotJson, "a is required; b is wrong", tuple(errors))

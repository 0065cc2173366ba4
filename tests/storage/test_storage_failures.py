from dataclasses import dataclass, field

import pytest
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Forbidden, StorageDown, StorageRefused
from shared.storage.storage_failures import error_code, storage_failures
from tests.support.cases import holds_for


@dataclass
class Answer:
    """What the SDK keeps of storage's answer."""

    status_code: int = 409
    reason: str | None = "Conflict"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    def text(self) -> str:
        return self.body


def refusal(answer: Answer) -> HttpResponseError:
    return HttpResponseError("s3cret", response=answer)  # type: ignore[arg-type] # the few members that are read


def test_a_code_in_the_body_is_found() -> None:
    body = '{"odata.error": {"code": "EntityAlreadyExists", "message": {"value": "..."}}}'
    assert error_code(refusal(Answer(body=body))) == "EntityAlreadyExists"


def test_a_code_in_a_header_is_found() -> None:
    assert error_code(refusal(Answer(headers={"x-ms-error-code": "QueueNotFound"}, body="<Error/>"))) == "QueueNotFound"


def test_the_code_that_the_sdk_found_is_taken() -> None:
    error = refusal(Answer(headers={"x-ms-error-code": "another"}))
    error.error_code = "TableNotFound"  # type: ignore[attr-defined] # as some of the SDK's calls leave it
    assert error_code(error) == "TableNotFound"


@holds_for("body", ["", "{", "[]", "5", "null", '{"odata.error": "x"}', '{"odata.error": {}}', "<a/>"])
def test_an_answer_that_names_no_code_has_none(body: str) -> None:
    assert error_code(refusal(Answer(body=body))) is None


@given(st.text())
def test_any_body_has_a_code_or_none(body: str) -> None:
    assert error_code(refusal(Answer(body=body))) is None


def test_an_error_without_an_answer_has_no_code() -> None:
    assert error_code(HttpResponseError("no answer")) is None


def test_a_refusal_of_storage_is_an_outage_that_says_what_was_tried_and_why() -> None:
    told = r"^insert into events: storage answered 409 \(Conflict\)$"
    with pytest.raises(StorageDown, match=told), storage_failures("insert into events"):
        raise refusal(Answer())


@pytest.mark.parametrize("error", [AzureError("s3cret"), ServiceRequestError("s3cret"), refusal(Answer(reason=None))])
def test_an_outage_repeats_nothing_of_what_the_sdk_says_and_keeps_it_as_its_cause(error: AzureError) -> None:
    with pytest.raises(StorageDown) as caught, storage_failures("list events"):
        raise error
    assert "s3cret" not in caught.value.detail
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [KeyError("x"), Forbidden("x"), StorageDown("x")])
def test_other_errors_go_through_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, storage_failures("list events"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    "error", [refusal(Answer(431, "Too Large")), ServiceRequestError("s3cret"), TypeError("s3cret")]
)
def test_a_caller_is_told_nothing_of_tables_and_of_what_storage_says(error: Exception) -> None:
    with pytest.raises(StorageDown, match="list eventlog") as caught, storage_failures("list eventlog"):
        raise error
    assert caught.value.public_detail == "storage is out of reach"


@holds_for(("status", "is_refused"), [(400, True), (403, True), (404, True), (413, True), (408, False), (429, False)])
def test_a_refusal_of_the_call_itself_is_told_from_an_outage(status: int, *, is_refused: bool) -> None:
    with pytest.raises(StorageDown) as caught, storage_failures("insert into events"):
        raise refusal(Answer(status))
    assert isinstance(caught.value, StorageRefused) is is_refused


@holds_for("error", [refusal(Answer(500)), refusal(Answer(503)), ServiceRequestError("x"), AttributeError("x")])
def test_what_may_pass_is_no_refusal(error: Exception) -> None:
    with pytest.raises(StorageDown) as caught, storage_failures("insert into events"):
        raise error
    assert not isinstance(caught.value, StorageRefused)

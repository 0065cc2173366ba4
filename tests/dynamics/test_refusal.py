import pytest

from shared.dynamics.refusal import refusal_of
from shared.web_api import Answer


def answer(error: object, **headers: str) -> Answer:
    return Answer(412, {"error": error}, {name.replace("_", "-"): value for name, value in headers.items()}, True)


def test_a_refusal_says_what_dataverse_says_but_not_in_its_text() -> None:
    error = {"code": "0x80040237", "message": "duplicate s3cret"}
    refusal = refusal_of(answer(error, x_ms_service_request_id="abc-1"))
    assert (refusal.status, refusal.code, refusal.message) == (412, "0x80040237", "duplicate s3cret")
    assert (refusal.request_id, refusal.is_dataverses, refusal.is_second) == ("abc-1", True, True)
    assert str(refusal) == "Dataverse answered 412 (0x80040237, request abc-1)"


@pytest.mark.parametrize("error", [None, "no", [], 7])
def test_a_body_that_is_no_odata_error_may_be_anybodys(error: object) -> None:
    refusal = refusal_of(answer(error))
    assert (refusal.is_dataverses, refusal.code, refusal.message) == (False, "", "")


@pytest.mark.parametrize("code", [None, 7, "a b", "x" * 81, "<script>"])
def test_a_code_that_is_no_word_is_left_out(code: object) -> None:
    refusal = refusal_of(answer({"code": code, "message": 7}))
    assert (refusal.is_dataverses, refusal.code, refusal.message) == (True, "", "")


def test_a_long_message_is_cut() -> None:
    assert len(refusal_of(answer({"message": "x" * 5000})).message) == 1000

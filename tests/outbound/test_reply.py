"""An answer, and the lack of one, as plain data."""

import pytest

from shared.outbound.reply import ErrorClass, Reply, RequestFailed, why_no_answer


@pytest.mark.parametrize(("status", "is_success"), [(199, False), (200, True), (299, True), (300, False), (410, False)])
def test_a_2xx_is_a_success(status: int, *, is_success: bool) -> None:
    assert Reply(status, {}, b"", was_truncated=False).is_success is is_success


def test_a_header_is_found_in_any_case() -> None:
    reply = Reply(200, {"retry-after": "5"}, b"", was_truncated=False)
    assert (reply.header("Retry-After"), reply.header("RETRY-AFTER"), reply.header("Date")) == ("5", "5", None)


def test_a_failure_names_its_class_before_its_detail() -> None:
    assert str(RequestFailed(ErrorClass.DNS, "a.example has no address")) == "dns: a.example has no address"


@pytest.mark.parametrize("error_class", list(ErrorClass))
def test_why_there_is_no_answer_is_a_sentence_with_the_class_behind_it(error_class: ErrorClass) -> None:
    told = why_no_answer(error_class.value)
    assert told.endswith(f" ({error_class.value})")
    # A client takes a refusal of several members apart at this.
    assert ";" not in told
    assert told.count(" ") >= 3


def test_a_refused_connection_is_told_for_people() -> None:
    assert why_no_answer("refused") == "no connection could be made (refused)"

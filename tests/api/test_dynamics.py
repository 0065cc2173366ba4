import pytest

from shared.api.dynamics import parse_kind, parse_top
from shared.dynamics.registration.failure_kind import FailureKind
from shared.errors import BadRequest


@pytest.mark.parametrize(("query", "top"), [({}, 100), ({"top": "1"}, 1), ({"top": "500"}, 500), ({"top": "007"}, 7)])
def test_top_is_how_many_jobs_are_listed(query: dict[str, str], top: int) -> None:
    assert parse_top(query) == top


@pytest.mark.parametrize("text", ["", "0", "501", "-1", "1.0", "x", "1_0", "\u0661", "9" * 5000])
def test_any_other_top_is_named(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_top({"top": text})
    [error] = caught.value.errors
    assert (error.pointer, error.detail) == ("#/top", "top must be an integer from 1 to 500")


@pytest.mark.parametrize(
    ("query", "kind"), [({}, None), *(({"kind": kind.value}, kind) for kind in FailureKind), ({"top": "1"}, None)]
)
def test_a_kind_chooses_failures(query: dict[str, str], kind: FailureKind | None) -> None:
    assert parse_kind(query) is kind


@pytest.mark.parametrize("text", ["", "REFUSED", "all", " outage"])
def test_any_other_kind_is_named(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_kind({"kind": text})
    [error] = caught.value.errors
    assert (error.pointer, error.detail) == ("#/kind", "kind must be refused, outage or unknown")

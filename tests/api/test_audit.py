"""Which parameters the audit's listing knows, and what each must be."""

from datetime import UTC, datetime

import pytest

from shared.api.audit import PARAMETERS, list_audit, parse_filter
from shared.audit.entry import MAX_TEXT
from shared.audit.log import AuditFilter
from shared.errors import BadRequest
from shared.hub.hub import Hub

URL = "https://hub.example/api/v1/events/audit"


def test_a_filter_is_read_from_its_parameters() -> None:
    query = {"who": " KIM@hub.example ", "target": "webhooks/12", "since": "2026-01-31T12:00:00Z"}
    expected = AuditFilter(who="kim@hub.example", target="webhooks/12", since=datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert parse_filter(query) == expected
    assert parse_filter({}) == AuditFilter()


@pytest.mark.parametrize("name", ["who", "target"])
@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("", "must not be blank"),
        (" ", "must not be blank"),
        ("x" * (MAX_TEXT + 1), f"must be at most {MAX_TEXT} characters (got {MAX_TEXT + 1})"),
        ("a\nb", "must not contain control characters"),
    ],
)
def test_a_wrong_text_is_refused_by_its_name(name: str, text: str, phrase: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_filter({name: text})
    assert (caught.value.detail, caught.value.errors[0].pointer) == (f"{name} {phrase}", f"#/{name}")


def test_an_unknown_parameter_is_refused_and_the_known_ones_are_named(hub: Hub) -> None:
    for name in ("Who", "user", "x" * 1000):
        with pytest.raises(BadRequest) as caught:
            list_audit(hub.audit, {name: "x"}, url=URL)
        assert caught.value.detail == f"{name[:50]} is not a known parameter; known are {', '.join(PARAMETERS)}"
    assert list_audit(hub.audit, {"CODE": "a function key"}, url=URL)["value"] == []

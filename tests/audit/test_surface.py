import pytest

from shared.audit.recording import Kind
from shared.audit.surface import READ, SIGNAL, UNKNOWN, Operation, Surface

THINGS = Surface(
    "Things",
    "/api/things",
    "things/{orgId}",
    (
        Operation("GET", "{id}"),
        Operation("POST", "{id}/parts/{part}", "part.create"),
        Operation("POST", "replay", "thing.replay", is_bulk=True),
        Operation("POST", "{name}/signal", SIGNAL),
    ),
)


def test_the_first_operation_that_fits_names_the_request_and_its_target_ends_with_what_it_is_about() -> None:
    found = THINGS.begin("post", {"orgId": "o", "path": "7/parts/wheel"}, {})
    assert (found.action, found.kind, found.target) == ("part.create", Kind.CHANGE, "things/o/7/parts/wheel")
    assert THINGS.begin("POST", {"orgId": "o", "path": "a.b/signal"}, {}).kind is Kind.EVENT


@pytest.mark.parametrize(
    ("method", "action", "kind"), [("GET", READ, Kind.READ), ("DELETE", UNKNOWN, Kind.CHANGE), ("get", READ, Kind.READ)]
)
def test_a_request_that_is_not_listed_is_recorded_too(method: str, action: str, kind: Kind) -> None:
    found = THINGS.begin(method, {"orgId": "o", "path": "a/b/c/d"}, {})
    assert (found.action, found.kind, found.target) == (action, kind, "things/o")


def test_a_guid_has_one_spelling_and_other_names_keep_their_case() -> None:
    guid = "0D8F7C52-6A3E-4B19-9C4D-1F2E3A4B5C6D"
    assert THINGS.begin("GET", {"path": guid}, {}).target == f"things//{guid.lower()}"
    assert THINGS.begin("GET", {"path": "MyItem"}, {}).target == "things//MyItem"


@pytest.mark.parametrize(("path", "kind"), [("replay", Kind.READ), ("1/parts/2", Kind.CHANGE)])
def test_only_a_bulk_operation_can_be_a_dry_run(path: str, kind: Kind) -> None:
    assert THINGS.begin("POST", {"path": path}, {"dryRun": "TRUE"}).kind is kind

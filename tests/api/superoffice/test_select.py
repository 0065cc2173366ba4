import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.api.superoffice.select import apply_select
from tests.api.superoffice.samples import ENTITIES, TEXTS, rendered
from tests.support.cases import holds_for

LINKS = {"Self": "https://hub.example/18", "Archive": "https://hub.example"}
SELECTS = st.lists(st.sampled_from(["Name", "headers", "a", "/", ",", "*", " ", "Registered/"]) | TEXTS).map("".join)


def selected(select: str | None) -> dict[str, object]:
    """The members that are not null."""
    entity = apply_select({**rendered(), "_Links": LINKS}, select)
    assert [*entity] == [*rendered(), "_Links"]
    return {name: value for name, value in entity.items() if value is not None}


@holds_for("select", [None, "", " ", ",,", "*", "name,*", "/", " , /"])
def test_without_a_name_everything_stays(select: str | None) -> None:
    assert apply_select(rendered(), select) == rendered()


@pytest.mark.parametrize("select", ["Name,State", "name,STATE", " state , name ", "name,state,nonsense", "name,state,"])
def test_members_that_are_not_named_become_null(select: str) -> None:
    assert selected(select) == {"WebhookId": 18, "Name": "Mine", "State": "Stopped", "_Links": LINKS}


def test_the_id_and_the_links_stay_also_where_nothing_is_known() -> None:
    assert selected("nonsense") == {"WebhookId": 18, "_Links": LINKS}


def test_a_path_selects_below_an_object() -> None:
    associate = selected("registeredAssociate/fullName")["RegisteredAssociate"]
    assert isinstance(associate, dict)
    assert {name for name, value in associate.items() if value is not None} == {"FullName"}


@pytest.mark.parametrize("path", ["registeredassociate/*", "registeredassociate,registeredassociate/rank"])
def test_a_whole_object_is_selected_by_its_name_or_by_a_star(path: str) -> None:
    assert selected(path)["RegisteredAssociate"] == rendered()["RegisteredAssociate"]


def test_a_path_selects_in_every_object_of_a_list() -> None:
    assert selected("errorAssociates/id")["ErrorAssociates"] == [{"Id": 5, "Name": None, "Deleted": None}]


@pytest.mark.parametrize("path", ["name/first", "events/0", "totalCalls/x"])
def test_below_a_value_there_is_nothing(path: str) -> None:
    assert selected(path).keys() == {"WebhookId", "_Links"}


def test_a_path_may_be_longer_than_anything_is_deep() -> None:
    assert selected("properties/" + "nested/" * 20_000)["Properties"] == {"tenant": None, "nested": {"list": None}}


@given(ENTITIES, SELECTS)
@example({"Registered": [[]]}, "Registered/Name")
def test_selecting_twice_is_selecting_once(entity: dict[str, object], select: str) -> None:
    once = apply_select(entity, select)
    assert apply_select(once, select) == once


@given(ENTITIES, SELECTS)
def test_names_stay_and_values_are_kept_or_less(entity: dict[str, object], select: str) -> None:
    result = apply_select(entity, select)
    assert [*result] == [*entity]
    assert all(
        value == entity[name] or value is None or isinstance(value, dict | list) for name, value in result.items()
    )

import copy

from hypothesis import given

from shared.api.superoffice.merge_patch import merged
from tests.api.superoffice.samples import ANY_JSON, ENTITIES
from tests.support.cases import holds_for

type Json = dict[str, object]

# RFC 7396, appendix A, those with an object on both sides.
RFC_7396: list[tuple[Json, Json, Json]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@holds_for(("document", "changes", "expected"), RFC_7396)
def test_the_samples_of_the_rfc_give_what_the_rfc_says(document: Json, changes: Json, expected: Json) -> None:
    assert merged(document, changes) == expected


def test_an_object_for_an_array_is_appended_as_the_vendor_does() -> None:
    item = {"Id": 6}
    assert merged({"ErrorAssociates": [{"Id": 5}]}, {"errorAssociates": item}) == {"ErrorAssociates": [{"Id": 5}, item]}


def test_names_are_found_in_any_case_and_keep_theirs() -> None:
    assert merged({"Name": 1, "Headers": {"X-A": "1"}}, {"NAME": 2, "headers": {"x-a": None}}) == {
        "Name": 2,
        "Headers": {},
    }


def test_one_new_name_in_two_cases_is_one_member() -> None:
    assert merged({}, {"New": 1, "NEW": 2}) == {"New": 2}


@given(ENTITIES, ENTITIES)
def test_neither_argument_is_changed(document: Json, changes: Json) -> None:
    before = copy.deepcopy((document, changes))
    merged(document, changes)
    assert (document, changes) == before


@given(ENTITIES)
def test_an_empty_object_changes_nothing(document: Json) -> None:
    assert merged(document, {}) == document


@given(ENTITIES, ANY_JSON.filter(lambda value: not isinstance(value, dict | None)))
def test_a_value_replaces_whatever_was_there(document: Json, value: object) -> None:
    document.pop("name", None)
    assert merged({**document, "Name": 1}, {"name": value})["Name"] == value


def test_very_many_names_are_merged_at_once() -> None:
    names = dict.fromkeys(map(str, range(100_000)), 1)
    assert len(merged(names, {f"x{name}": 1 for name in names})) == 200_000

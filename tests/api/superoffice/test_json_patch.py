import copy
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.error_answers import PatchConflict
from shared.api.superoffice.json_patch import MAX_OPERATIONS, MAX_VALUE_CHARACTERS, apply_patch
from shared.errors import BadRequest, Conflict
from shared.webhooks.webhook import parse_webhook
from tests.api.superoffice.samples import ANY_JSON, ENTITIES, FULL, MINIMAL, TYPES, rendered

type Json = dict[str, object]
type Patch = list[dict[str, object]]

# RFC 6902, appendix A, by number, without move and copy.
RFC_6902: dict[str, tuple[Json, Patch, Json]] = {
    "A.1 member": ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
    "A.2 item": (
        {"foo": ["bar", "baz"]},
        [{"op": "add", "path": "/foo/1", "value": "qux"}],
        {"foo": ["bar", "qux", "baz"]},
    ),
    "A.3 remove member": ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    "A.4 remove item": (
        {"foo": ["bar", "qux", "baz"]},
        [{"op": "remove", "path": "/foo/1"}],
        {"foo": ["bar", "baz"]},
    ),
    "A.5 replace": (
        {"baz": "qux", "foo": "bar"},
        [{"op": "replace", "path": "/baz", "value": "boo"}],
        {"baz": "boo", "foo": "bar"},
    ),
    "A.8 test": (
        {"baz": "qux", "foo": ["a", 2, "c"]},
        [{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}],
        {"baz": "qux", "foo": ["a", 2, "c"]},
    ),
    "A.10 nested": (
        {"foo": "bar"},
        [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
        {"foo": "bar", "child": {"grandchild": {}}},
    ),
    "A.11 unknown members": (
        {"foo": "bar"},
        [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}],
        {"foo": "bar", "baz": "qux"},
    ),
    "A.14 escapes": ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    "A.16 append": (
        {"foo": ["bar"]},
        [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
        {"foo": ["bar", ["abc", "def"]]},
    ),
    "4.1 add replaces": ({"foo": 1}, [{"op": "add", "path": "/foo", "value": 2}], {"foo": 2}),
    "4.1 whole document": ({"foo": 1}, [{"op": "add", "path": "", "value": {"bar": 2}}], {"bar": 2}),
}
CONFLICTS: dict[str, tuple[Json, object, str]] = {
    "A.9 another value": ({"baz": "qux"}, "bar", "/baz"),
    "A.15 text and number": ({"/": 9, "~1": 10}, "10", "/~01"),
    "true is not 1": ({"a": 1}, True, "/a"),
    "null is not there": ({"a": {}}, None, "/a/b"),
    "no such item": ({"a": [1]}, 1, "/a/1"),
    "below a value": ({"a": 1}, 1, "/a/b"),
    "one member more": ({"a": {"b": 1, "c": 2}}, {"b": 1}, "/a"),
    "another order": ({"a": [1, 2]}, [2, 1], "/a"),
    "whole document": ({"a": 1}, {}, ""),
}
REFUSED: dict[str, tuple[object, str]] = {
    "a text": ("replace", "an array of operations"),
    "a number": (5, "an array of operations"),
    "null": (None, "an array of operations"),
    "no object": ([5], "operation 0: must be an object"),
    "no op": ([{"path": "/Name", "value": 1}], "op must be add, replace, remove or test"),
    "move": ([{"op": "move", "from": "/Name", "path": "/Secret"}], "move and copy are not supported"),
    "copy": ([{"op": "copy", "from": "/Name", "path": "/Secret"}], "move and copy are not supported"),
    "op no text": ([{"op": ["add"], "path": "/Name", "value": 1}], "op must be add"),
    "no path": ([{"op": "add", "value": 1}], "path is required"),
    "path no text": ([{"op": "add", "path": 5, "value": 1}], "path must be a string"),
    "no value": ([{"op": "replace", "path": "/Name"}], "value is required"),
    "second": ([{"op": "remove", "path": "/Name"}, {"op": "remove", "path": "/Name"}], "operation 1, remove /Name"),
    "A.12 nowhere": ([{"op": "add", "path": "/baz/bat", "value": "qux"}], "operation 0, add /baz/bat"),
    "replace nothing": ([{"op": "replace", "path": "/baz", "value": 1}], "no such member"),
    "below a text": ([{"op": "add", "path": "/Name/x", "value": 1}], "neither an object nor an array"),
    "remove below a text": ([{"op": "remove", "path": "/Name/x"}], "neither an object nor an array"),
    "past the end": ([{"op": "add", "path": "/Events/2", "value": "a"}], "no such item"),
    "replace the end": ([{"op": "replace", "path": "/Events/-", "value": "a"}], "index of an item"),
    "leading zero": ([{"op": "replace", "path": "/Events/00", "value": "a"}], "index of an item"),
    "negative": ([{"op": "remove", "path": "/Events/-1"}], "index of an item"),
    "other digits": ([{"op": "remove", "path": "/Events/\u0661"}], "index of an item"),
    "a huge index": ([{"op": "remove", "path": f"/Events/{'9' * 5000}"}], "index of an item"),
    "bad escape": ([{"op": "test", "path": "/~2", "value": 1}], "~0"),
    "long path": ([{"op": "add", "path": "/a" * 33, "value": 1}], "at most 32 steps"),
    "remove all": ([{"op": "remove", "path": ""}], "whole document"),
    "all becomes a list": ([{"op": "replace", "path": "", "value": []}], "whole document"),
    "too many": ([{"op": "test", "path": "", "value": 1}] * (MAX_OPERATIONS + 1), "at most 1000 operations"),
}
PATHS = st.lists(st.sampled_from(["/", "name", "Headers", "Events", "0", "-", "~", "~1", "a"])).map("".join)
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "test", "move"]), "path": PATHS}, optional={"value": ANY_JSON}
)
PATCHES = st.lists(OPERATIONS | ANY_JSON, max_size=6) | ENTITIES | ANY_JSON


def patched(*operations: dict[str, object]) -> Json:
    return apply_patch(rendered(), list(operations))


@pytest.mark.parametrize(("document", "patch", "expected"), RFC_6902.values(), ids=RFC_6902)
def test_the_samples_of_the_rfc_give_what_the_rfc_says(document: Json, patch: Patch, expected: Json) -> None:
    assert apply_patch(document, patch) == expected


@pytest.mark.parametrize(("document", "value", "path"), CONFLICTS.values(), ids=CONFLICTS)
def test_a_failed_test_is_a_conflict(document: Json, value: object, path: str) -> None:
    with pytest.raises(PatchConflict, match="operation 0, test"):
        apply_patch(document, [{"op": "test", "path": path, "value": value}])


@pytest.mark.parametrize(("patch", "detail"), REFUSED.values(), ids=REFUSED)
def test_a_patch_that_is_none_is_refused_by_operation_and_path(patch: object, detail: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        apply_patch(rendered(), patch)
    assert detail in refusal.value.detail


def test_numbers_are_equal_by_their_value() -> None:
    assert apply_patch({"a": 1}, [{"op": "test", "path": "/a", "value": 1.0}]) == {"a": 1}


@pytest.mark.parametrize("path", ["/Name", "/name", "Name", "NAME"])
def test_a_path_ignores_case_and_its_slash_is_optional(path: str) -> None:
    assert patched({"op": "replace", "path": path, "value": "Other"}) == {**rendered(), "Name": "Other"}


def test_a_path_leads_below_objects_in_any_case() -> None:
    changed = patched({"op": "replace", "path": "properties/NESTED/list/0", "value": 7})
    assert changed["Properties"] == {"tenant": 7, "nested": {"list": [7, 2.5, None, True, "x", {}, []]}}


def test_a_name_in_its_own_case_goes_before_others() -> None:
    assert apply_patch({"A": 1, "a": 2}, [{"op": "remove", "path": "/a"}]) == {"A": 1}


def test_operations_and_their_members_are_known_in_any_case() -> None:
    assert patched({"OP": "Replace", "Path": "name", "VALUE": "Other"})["Name"] == "Other"


def test_adding_below_a_null_makes_what_is_missing() -> None:
    document = rendered({**MINIMAL})
    added = apply_patch(document, [{"op": "add", "path": "/Headers/X-A", "value": "1"}])
    assert added["Headers"] == {"X-A": "1"}
    assert apply_patch({"a": None}, [{"op": "add", "path": "/a/-", "value": 1}]) == {"a": [1]}


def test_a_removed_member_gets_its_default_when_it_is_saved() -> None:
    webhook = parse_webhook(patched({"op": "remove", "path": "/state"}), types=TYPES)
    assert webhook == parse_webhook({**FULL, "Secret": "********", "State": "Active"}, types=TYPES)


def test_an_object_is_merged() -> None:
    assert apply_patch(rendered(), {"description": "Other"}) == {**rendered(), "Description": "Other"}


def test_the_patch_stays_as_it_is_when_what_it_adds_is_changed_later() -> None:
    patch = [{"op": "add", "path": "/a", "value": []}, {"op": "add", "path": "/a/-", "value": 1}]
    before = copy.deepcopy(patch)
    assert apply_patch({}, patch) == apply_patch({}, patch) == {"a": [1]}
    assert patch == before


def test_operations_among_very_many_members_are_refused_rather_than_slow() -> None:
    operation = {"op": "add", "path": "/Properties/x", "value": 1}
    with pytest.raises(BadRequest, match="more than 10000 members"):
        apply_patch({"Properties": dict.fromkeys(map(str, range(10_001)))}, [operation])


@given(ENTITIES, PATCHES)
def test_any_patch_gives_a_document_or_our_error_and_changes_nothing_else(document: Json, patch: object) -> None:
    before = copy.deepcopy((document, patch))
    with suppress(BadRequest, Conflict):
        assert isinstance(apply_patch(document, patch), dict)
    assert (document, patch) == before


@given(ENTITIES, st.sampled_from(["Name", "headers", "New"]), ANY_JSON)
def test_what_is_added_is_there(document: Json, name: str, value: object) -> None:
    added = apply_patch(document, [{"op": "add", "path": name, "value": value}])
    assert apply_patch(added, [{"op": "test", "path": f"/{name}", "value": value}]) == added


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ("replace", "#"),
        ([{"op": "test", "path": "", "value": 1}] * (MAX_OPERATIONS + 1), "#"),
        ([{"op": "add", "path": "/a", "value": "x" * MAX_VALUE_CHARACTERS}], "#"),
        ([{"op": "remove", "path": "/Description"}, 5], "#/1"),
        ([{"op": "remove", "path": "/Description"}, {"op": "remove", "path": "/nothing"}], "#/1/path"),
    ],
)
def test_a_refusal_points_at_the_operation(patch: object, pointer: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        apply_patch(rendered(), patch)
    assert [error.pointer for error in refusal.value.errors] == [pointer]


def test_values_may_have_as_many_characters_as_the_limit_says() -> None:
    # Two of them are the quotes of JSON.
    value = "x" * (MAX_VALUE_CHARACTERS - 2)
    assert apply_patch({}, [{"op": "add", "path": "/a", "value": value}]) == {"a": value}


def test_an_item_is_appended_by_the_index_behind_the_last_one() -> None:
    assert apply_patch({"a": [1]}, [{"op": "add", "path": "/a/1", "value": 2}]) == {"a": [1, 2]}


def test_the_whole_document_is_not_removed_though_an_object_is_named_as_its_value() -> None:
    with pytest.raises(BadRequest, match="whole document"):
        apply_patch({"a": 1}, [{"op": "remove", "path": "", "value": {}}])


def test_a_member_of_an_operation_in_its_own_case_goes_before_others() -> None:
    operation = {"OP": "remove", "op": "add", "PATH": "/b", "path": "/a", "VALUE": 2, "value": 1}
    assert apply_patch({}, [operation]) == {"a": 1}

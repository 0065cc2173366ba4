"""What a patch costs: as much as it is long, whatever it asks for. Counted, for clocks tell little on busy machines."""

import json
from collections.abc import Mapping

import pytest

from shared.api.superoffice.json_patch import MAX_OPERATIONS, MAX_VALUE_CHARACTERS, apply_patch
from shared.api.superoffice.merge_patch import merged
from shared.errors import BadRequest
from tests.api.superoffice.samples import rendered

type Json = dict[str, object]


class Name(str):
    """A name that counts how often one of its kind is compared or looked at."""

    __slots__ = ()
    looks = 0

    def lower(self) -> str:
        """Count it."""
        Name.looks += 1
        return super().lower()


@pytest.fixture(autouse=True)
def _nothing_was_counted() -> None:
    Name.looks = 0


def nested(levels: int, members: int) -> Json:
    """Objects in one another, each the last of very many members of the one above, by the name ZZ."""
    inner: object = 1
    for _ in range(levels):
        inner = {**{Name(f"m{number}"): 0 for number in range(members)}, Name("ZZ"): inner}
    return {"op": "add", "path": "/properties", "value": inner}


def replaced(levels: int) -> Json:
    """The innermost member is asked for in another case than it has."""
    return {"op": "replace", "path": "/properties" + "/zz" * levels, "value": 2}


def test_the_patch_of_the_review_is_refused_before_any_name_is_looked_at() -> None:
    patch = [nested(9, 9_989), *[replaced(9)] * 999]
    assert len(json.dumps(patch)) > 800_000
    with pytest.raises(BadRequest, match=rf"at most {MAX_VALUE_CHARACTERS} characters of JSON \(got") as refusal:
        apply_patch(rendered(), patch)
    assert (refusal.value.errors[0].pointer, Name.looks) == ("#", 0)


@pytest.mark.parametrize(("levels", "members"), [(9, 2_800), (30, 900), (1, 9_900)])
def test_the_largest_patch_that_is_taken_looks_at_each_name_a_few_times_at_most(levels: int, members: int) -> None:
    patch = [nested(levels, members), *[replaced(levels)] * (MAX_OPERATIONS - 1)]
    node: object = apply_patch(rendered(), patch)["Properties"]
    for _ in range(levels):
        assert isinstance(node, dict)
        node = node["ZZ"]
    assert node == 2
    assert Name.looks <= 2 * levels * (members + 1)


def test_names_that_come_and_go_do_not_make_all_others_be_looked_at_again() -> None:
    there = {Name(f"m{number}"): 0 for number in range(9_000)}
    comes_and_goes: list[Json] = [
        {"op": "add", "path": "/properties/New", "value": 1},
        {"op": "remove", "path": "/properties/nEW"},
    ]
    patched = apply_patch(rendered(), [{"op": "add", "path": "/properties", "value": there}, *comes_and_goes * 499])
    assert patched["Properties"] == there
    assert Name.looks <= 2 * len(there)


def test_a_thousand_small_operations_are_taken() -> None:
    adds: list[Json] = [{"op": "add", "path": f"/Properties/p{number}", "value": number} for number in range(500)]
    tests: list[Json] = [{"op": "test", "path": f"/properties/P{number}", "value": number} for number in range(500)]
    patched = apply_patch(rendered(), [*adds, *tests])
    assert patched["Properties"] == {**{f"p{number}": number for number in range(500)}, **_properties()}


def _properties() -> Mapping[str, object]:
    found = rendered()["Properties"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("op", ["add", "remove", "replace"])
def test_operations_among_very_many_items_are_refused_rather_than_slow(op: str) -> None:
    operation = {"op": op, "path": "/Properties/list/0", "value": 1}
    with pytest.raises(BadRequest, match="more than 10000 items"):
        apply_patch({"Properties": {"list": [0] * 10_001}}, [operation])


def spellings(name: str) -> list[str]:
    """A name in thousands of spellings."""
    letters = range(len(name))
    return [
        "".join(name[place].upper() if number >> place & 1 else name[place] for place in letters)
        for number in range(4096)
    ]


def test_a_merge_that_names_one_member_in_thousands_of_spellings_looks_at_its_names_once() -> None:
    document: Json = {"aaaaaaaaaaaa": {Name(f"m{number}"): 0 for number in range(3_000)}}
    after = merged(document, {name: {name: 1} for name in spellings("aaaaaaaaaaaa")})
    [inner] = after.values()
    assert isinstance(inner, dict)
    assert len(inner) == 3_000 + 1
    assert Name.looks <= 2 * 3_000


def test_a_merge_that_appends_in_thousands_of_spellings_appends_all_and_leaves_the_document_as_it_is() -> None:
    document: Json = {"aaaaaaaaaaaa": [0]}
    after = merged(document, {name: {"Id": 1} for name in spellings("aaaaaaaaaaaa")})
    assert (after, document) == ({"aaaaaaaaaaaa": [0, *[{"Id": 1}] * 4096]}, {"aaaaaaaaaaaa": [0]})

"""The fake of Graph refuses what Graph refuses."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import requests

from tests.fakes.graph import FakeGraph

OID = "5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21"
ITEMS = "/v1.0/sites/s/lists/l/items?$expand=fields($select=AdGroupName,Role)"


@pytest.fixture(scope="module")
def graph() -> Iterator[FakeGraph]:
    with FakeGraph() as running:
        running.add_user(OID, "Kim@contoso.example")
        yield running


def get(graph: FakeGraph, path: str, token: str | None = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {token or graph.token}"}
    return requests.get(graph.url + path, headers=headers, timeout=10)


def check(graph: FakeGraph, user: str, groups: object) -> requests.Response:
    url, headers = f"{graph.url}/v1.0/users/{user}/checkMemberGroups", {"Authorization": f"Bearer {graph.token}"}
    return requests.post(url, json={"groupIds": groups}, headers=headers, timeout=10)


def test_another_token_is_a_401(graph: FakeGraph) -> None:
    assert get(graph, "/v1.0/groups?$filter=displayName eq 'x'", "token for https://graph.example").status_code == 401


def test_more_than_twenty_groups_or_a_malformed_id_fail_the_whole_check(graph: FakeGraph) -> None:
    ids = [str(uuid4()) for _ in range(21)]
    assert [check(graph, OID, wrong).status_code for wrong in (ids, [*ids[:2], "x"], [], "x")] == [400] * 4
    assert check(graph, OID, ids[:20]).status_code == 200


def test_membership_is_transitive_and_survives_a_circle(graph: FakeGraph) -> None:
    outer, other = graph.add_group("Outer"), graph.add_group("Other")
    inner = graph.add_group("Inner", [OID, outer])
    graph.members[outer].add(inner)
    for user in (OID, "kim@CONTOSO.example"):
        assert check(graph, user, [outer, other, inner]).json() == {"value": [outer, inner]}


def test_an_unknown_user_is_a_404_with_a_code(graph: FakeGraph) -> None:
    response = check(graph, str(uuid4()), [str(uuid4())])
    assert (response.status_code, response.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


def test_a_quote_that_is_not_escaped_is_a_400(graph: FakeGraph) -> None:
    graph.add_group("O'Neill")
    assert get(graph, "/v1.0/groups?$filter=displayName eq 'O'Neill'").status_code == 400
    [row] = get(graph, "/v1.0/groups?$filter=displayName eq 'o''neill'").json()["value"]
    assert row["displayName"] == "O'Neill"


def test_a_list_shows_its_columns_only_where_they_are_expanded_and_page_by_page(graph: FakeGraph) -> None:
    graph.page_size = 1
    for group in ("A", "B"):
        graph.add_role("s", "l", "Role", group)
    first = get(graph, ITEMS).json()
    second = get(graph, first["@odata.nextLink"].removeprefix(graph.url)).json()
    assert [page["value"][0]["fields"]["AdGroupName"] for page in (first, second)] == ["A", "B"]
    assert "@odata.nextLink" not in second
    assert "fields" not in get(graph, ITEMS.partition("?")[0]).json()["value"][0]
    assert get(graph, ITEMS.replace("/l/", "/another/")).status_code == 404

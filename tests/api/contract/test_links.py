"""The links of the document lead from what makes something to what can be done with it."""

import re
from typing import Any

from shared.api.contract.document import openapi_document

DOCUMENT: dict[str, Any] = openapi_document()
OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    one["operationId"]: (path, one) for path, methods in DOCUMENT["paths"].items() for one in methods.values()
}
LINKS = [
    (maker, name, link)
    for maker, (_, one) in OPERATIONS.items()
    for answer in one["responses"].values()
    for name, link in answer.get("links", {}).items()
]


def test_each_link_fills_the_path_of_an_operation() -> None:
    for maker, name, link in LINKS:
        path, _ = OPERATIONS[link["operationId"]]
        assert set(re.findall(r"\{(\w+)\}", path)) == set(link["parameters"]), (maker, name)


def test_whatever_is_made_can_be_got_changed_and_deleted() -> None:
    followers = {maker: {link["operationId"] for one, _, link in LINKS if one == maker} for maker, _, _ in LINKS}
    assert {"getWebhook", "patchWebhook", "deleteWebhook"} <= followers["createWebhook"]
    assert {"getConnection", "updateConnection", "deleteConnection"} <= followers["createConnection"]
    assert {"getDataverseStep", "updateDataverseStep", "deleteDataverseStep"} <= followers["registerDataverseStep"]


def test_operations_that_share_a_description_do_not_share_links() -> None:
    assert "links" not in OPERATIONS["replaceWebhook"][1]["responses"]["200"]

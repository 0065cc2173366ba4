"""The page with all operations of the API."""

import re
from typing import Any

from deploy.api_page import api_page
from shared.api.contract.document import openapi_document

DOCUMENT = {
    "servers": [{"url": "/api"}],
    "tags": [{"name": "Webhooks", "description": "Who gets what."}, {"name": "Events"}, {"name": "Unused"}],
    "paths": {
        "/v1/events": {"parameters": [], "get": {"tags": ["Events"], "summary": "List\n events | all"}},
        "/v1/Webhook": {"post": {"tags": ["Webhooks", "Events"], "summary": "Create"}, "get": {"tags": ["Webhooks"]}},
        "/health": {"get": {"summary": "Look"}},
    },
}


def test_operations_stand_by_tag_in_the_order_of_the_document() -> None:
    page = api_page(DOCUMENT)
    assert [line for line in page.splitlines() if line.startswith(("## ", "| `"))] == [
        "## Webhooks",
        "| `GET` | `/api/v1/Webhook` |  |",
        "| `POST` | `/api/v1/Webhook` | Create |",
        "## Events",
        "| `GET` | `/api/v1/events` | List events \\| all |",
        "## Other",
        "| `GET` | `/api/health` | Look |",
    ]
    assert "## Webhooks\n\nWho gets what.\n\n| method " in page


def test_every_operation_of_the_app_is_there() -> None:
    document: dict[str, Any] = openapi_document()
    methods = {"get", "put", "post", "delete", "options", "head", "patch"}
    operations = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item if method in methods
    }
    found = set(re.findall(r"^\| `([A-Z]+)` \| `/api(\S+)` \| \S", api_page(document), re.MULTILINE))
    assert len(operations) > 50
    assert found == operations

"""The page with all operations of the API."""

from deploy.api_page import api_page

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


def test_without_a_document_the_page_says_where_it_is() -> None:
    assert "`GET /api/openapi.json`" in api_page(None)
    assert "| method" not in api_page(None)

"""What listings have in common: their parameters, and the members of a page. Pure."""

from shared.api.contract.parts import Json, boolean, integer, items, members, moment, nothing_or, parameter, ref, text
from shared.api.parameters import MAX_ITEMS, MAX_WEBHOOK_ID
from shared.webhooks.fields import MAX_EVENT_NAME

_TOKEN = "W1siN2QxYjUxZjgyYzNlIiwiIiwiIiwiIiwiIl0"  # noqa: S105 - where a listing goes on, and no secret

LIMIT = parameter("limit", integer(minimum=1, maximum=MAX_ITEMS, default=50), "How many items a page has at most.")
TOKEN = parameter(
    "continuationToken",
    text(maxLength=5000, pattern="^[A-Za-z0-9_=-]+$"),
    "Goes on after the page that gave this token. It belongs to the query that gave it; with other filters it is a"
    " 400.",
)
SINCE = parameter("since", moment(), "Of events received at this time or later; in UTC where it has no offset.")
UNTIL = parameter("until", moment(), "Of events received before this time.")
TYPE = parameter(
    "type", text(maxLength=MAX_EVENT_NAME), "Only events with this name, `opportunity.updated`, in any case."
)
WEBHOOK = parameter(
    "webhook", integer(minimum=0, maximum=MAX_WEBHOOK_ID), "Only what belongs to this webhook, by its id."
)
DRY_RUN = parameter("dryRun", boolean(default=False), "Whether to count alone: nothing is changed then.")

CONTINUATION = nothing_or(text(), "Goes on with the next page; null on the last one, and only there.")
NEXT_LINK = nothing_or(
    text(format="uri"), "The address of the next page; null on the last one. It holds no key: add yours."
)
MORE = boolean("Whether the call ended before all was done: call again with the token.")
NOT_ALWAYS_TOKEN = text("Where the next call goes on; there only if `more` is true.")


def page_of(name: str, description: str = "") -> Json:
    """A page of these items."""
    shown = {"value": items(ref(name)), "continuationToken": CONTINUATION, "nextLink": NEXT_LINK}
    return members(shown, description=description)


def example_page(item: object) -> Json:
    """A last page with one item."""
    return {"value": [item], "continuationToken": None, "nextLink": None}

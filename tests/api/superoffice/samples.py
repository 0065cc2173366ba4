"""A registered webhook, and values for property tests."""

from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import strategies as st

from shared.api.superoffice.render import render
from shared.webhooks.associate import associate_of
from shared.webhooks.registration import Author, Registration, Usage
from shared.webhooks.webhook import WebhookInput, parse_webhook
from tests.support.superoffice import Webhook, member_names

TYPES = frozenset({"webhook", "cloudevents"})
MINIMAL: dict[str, object] = {"Name": "Mine", "Events": ["connection.created"], "TargetUrl": "https://example.com/hook"}
FULL: dict[str, object] = {
    **MINIMAL,
    "Secret": "sécret",
    "State": "Stopped",
    "Type": "webhook",
    "Headers": {"X-Tenant": "7"},
    "Properties": {"tenant": 7, "nested": {"list": [1, 2.5, None, True, "x", {}, []]}},
    "ErrorsEmail": "one@example.com",
    "ErrorEmails": ["two@example.com"],
    "ErrorAssociates": [{"Id": 5, "Name": "Mira", "Deleted": False}],
    "Description": "what it does\r\n& <why>",
    "NotifyVia": "InApp",
    "NotifyWhen": "Disabling",
}

# What a body of JSON can hold: finite numbers, no lone surrogates.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
ANY_JSON: st.SearchStrategy[object] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from([*member_names(Webhook), "_Links", "name", "EVENTS", "headers", "Unknown"])
ENTITIES = st.dictionaries(MEMBERS, ANY_JSON)


def registered(document: Mapping[str, object] = FULL) -> Registration:
    """A webhook that was registered with this document, and changed half a second past a full second."""
    return Registration(
        id=18,
        webhook=parse_webhook(document, types=TYPES).model_copy(update={"secret": None}),
        sealed_secret=None,
        registered=datetime(2025, 11, 3, 9, 15, 42, tzinfo=UTC),
        updated=datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC),
        registered_by=Author("anna@example.com"),
        updated_by=Author("an app", is_application=True),
    )


def rendered(document: Mapping[str, object] = FULL, usage: Usage | None = None) -> dict[str, object]:
    """The same as its reader sees it."""
    return render(
        registered(document),
        usage or Usage(),
        registered_by=associate_of("anna@example.com", is_application=False),
        updated_by=associate_of("an app", is_application=True),
        secret="********",
    )


def stored_and_read_back(webhook: WebhookInput) -> WebhookInput:
    """What storage makes of it."""
    return WebhookInput.model_validate_json(webhook.model_dump_json(by_alias=True))

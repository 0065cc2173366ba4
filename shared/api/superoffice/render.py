"""The entities that clients read: all members, in the order of the vendor's documents.

Source: docs/sources/superoffice.md 1.2.

A member without a value is null, but lists are never null. Times are UTC without an offset, unless `tag_times` adds it.
"""

from datetime import UTC, datetime

from shared.api.superoffice.members import ID_MEMBER, LINKS_MEMBER, TIME_MEMBERS
from shared.webhooks.associate import Associate
from shared.webhooks.registration import Registration, Usage
from shared.webhooks.sensitive import masked_webhook
from shared.webhooks.webhook import WebhookInput, flag_names

UNSET_TIME = "0001-01-01T00:00:00"

_DEFAULT_EVENTS = ("contact.created", "contact.deleted")
_INCLUDE_OFFSET = "includetzoffset"


def render(
    registration: Registration,
    usage: Usage,
    *,
    registered_by: Associate,
    updated_by: Associate,
    secret: str | None,
    old_secret_until: datetime | None = None,
) -> dict[str, object]:
    """A stored webhook; `secret` is shown as it is. Secret values of headers and properties are masked.

    `SealedHeaders`, and `OldSecretUntil`, until when a replaced secret signs, are left out unless the webhook has
    them: SuperOffice does not know them.
    """
    webhook = masked_webhook(registration.webhook)
    sealed = {"SealedHeaders": [*webhook.sealed_headers]} if webhook.sealed_headers else {}
    overlap = {"OldSecretUntil": _time(old_secret_until)} if old_secret_until else {}
    return _webhook(
        webhook,
        usage,
        WebhookId=registration.id,
        Secret=secret,
        Registered=_time(registration.registered),
        RegisteredAssociate=registered_by.render(),
        Updated=_time(registration.updated),
        UpdatedAssociate=updated_by.render(),
        **sealed,
        **overlap,
    )


def default_webhook() -> dict[str, object]:
    """A webhook with default values that is not saved, for GET default and CreateDefaultWebhook."""
    blank = WebhookInput.model_construct(name="", events=_DEFAULT_EVENTS, target_url="")
    return _webhook(blank, Usage(), Name=None, TargetUrl=None)


def render_result(*, is_success: bool, message: str) -> dict[str, object]:
    """The outcome of a test: a WebhookResult."""
    return {"Success": is_success, "Message": message, "TableRight": None, "FieldProperties": None}


def with_links(entity: dict[str, object], public_url: str) -> dict[str, object]:
    """The entity with the addresses of itself and of all webhooks, as the REST API answers it."""
    base = f"{public_url}/api/v1/Webhook"
    return {**entity, LINKS_MEMBER: {"Self": f"{base}/{entity[ID_MEMBER]}", "Archive": base}}


def tag_times(entity: dict[str, object], so_timezone: str | None) -> dict[str, object]:
    """The entity with a `Z` behind its times if the header So-Timezone asks for offsets. Unset times stay."""
    options = [part.strip().lower() for part in (so_timezone or "").split(",")]
    if _INCLUDE_OFFSET not in options:
        return entity
    return {name: _tagged(value) if name in TIME_MEMBERS else value for name, value in entity.items()}


def _tagged(value: object) -> object:
    if not isinstance(value, str) or value == UNSET_TIME or value.endswith("Z"):
        return value
    return f"{value}Z"


def _webhook(webhook: WebhookInput, usage: Usage, **known: object) -> dict[str, object]:
    entity: dict[str, object] = {
        "WebhookId": 0,
        "Name": webhook.name,
        "Events": list(webhook.events),
        "TargetUrl": webhook.target_url,
        "Secret": None,
        "State": webhook.state.value,
        "Type": webhook.type,
        "Headers": webhook.headers,
        "Properties": webhook.properties,
        "Registered": UNSET_TIME,
        "RegisteredAssociate": None,
        "Updated": UNSET_TIME,
        "UpdatedAssociate": None,
        "ErrorsEmail": webhook.errors_email,
        "ErrorEmails": list(webhook.error_emails),
        "ErrorAssociates": list(webhook.error_associates),
        "Description": webhook.description,
        "NotifyVia": flag_names(webhook.notify_via),
        "NotifyWhen": flag_names(webhook.notify_when),
        "TotalCalls": usage.total_calls,
        "TotalErrors": usage.total_errors,
        "ConsecutiveErrors": usage.consecutive_errors,
        "LastError": usage.last_error or None,
    }
    return entity | known


def _time(moment: datetime) -> str:
    # To the second, as SuperOffice keeps them; If-Modified-Since is no finer either.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")

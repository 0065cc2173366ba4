"""What an update changes, and whether the hub may act at the feature service for it.

See docs/arcgis.md "Who may have the hub act as somebody else".
"""

from dataclasses import dataclass

from shared.arcgis.authority import Authority
from shared.arcgis.callers import WorkflowRequest
from shared.arcgis.connection_input import ConnectionInput
from shared.arcgis.run_as import RunAs
from shared.arcgis.webhook_connection import WebhookConnection
from shared.errors import Forbidden


@dataclass(frozen=True)
class UpdatePermission:
    """Whether the hub may call the service for an update, and the service that the connection is bound to from now."""

    may_act: bool
    service: str | None


def permit_update(
    authority: Authority, request: WorkflowRequest, before: WebhookConnection, wanted: ConnectionInput, run_as: RunAs
) -> UpdatePermission:
    """Decide about an update; raises Forbidden if the caller may not change what it changes, and Unavailable.

    Callers who bring the tokens of all users of the connection act as nobody else. A connection that is not bound to a
    service yet is bound to the one that just accepted a token.
    """
    touched = touched_members(before, wanted, run_as.username, run_as.fallback_username)
    if not touched and not wanted.manage_webhook:
        return UpdatePermission(may_act=False, service=before.service)
    if run_as.is_proved:
        return UpdatePermission(may_act=True, service=run_as.service)
    users = {*before.users, *(consent.username for consent in run_as.consents)}
    acts_as_themselves = users <= run_as.in_hand
    if acts_as_themselves and (before.service is not None or not wanted.manage_webhook):
        return UpdatePermission(may_act=True, service=before.service)
    service = authority.managed_service(request, before.item_id, wanted, service=before.service)
    if service is not None or acts_as_themselves:
        return UpdatePermission(may_act=True, service=service)
    if not touched:
        # The service's webhook is already as the document wants it.
        return UpdatePermission(may_act=False, service=before.service)
    raise Forbidden(
        f"to change {', '.join(touched)} you must be able to manage the feature service {before.item_id}, "
        "or send a userToken of somebody who can"
    )


def touched_members(
    before: WebhookConnection, wanted: ConnectionInput, username: str, fallback_username: str | None
) -> tuple[str, ...]:
    """Members of an update that change whom the connection acts as, what it accepts, or the service's webhook.

    Everybody who may change connections may change the other members. Touches nothing but its arguments.
    """
    managed = before.managed
    changes = {
        "username": username != before.username,
        "fallbackUsername": fallback_username != before.fallback_username,
        # Not compared: those who may not change it could find out the stored one by trying.
        "secret": not wanted.keeps_secret,
        "enabled": wanted.enabled != before.enabled,
        "manageWebhook": wanted.manage_webhook
        and (managed is None or managed.is_active != wanted.enabled or before.service_secret is not None),
        "webhookChangeTypes": wanted.manage_webhook
        and managed is not None
        and set(managed.change_types) != set(wanted.webhook_change_types),
    }
    return tuple(name for name, is_touched in changes.items() if is_touched)

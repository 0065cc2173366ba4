"""All administrative operations; docs/security.md has the same table, and a test holds them together. Pure."""

from shared.audit.surface import READ, SIGNAL, Operation, Surface

EVENTS = Surface(
    "Events",
    "/api/v1/events",
    "events",
    (
        Operation("GET", ""),
        Operation("GET", "audit"),
        Operation("GET", "deliveries"),
        Operation("GET", "deliveries/counts"),
        Operation("GET", "stats"),
        Operation("GET", "types"),
        Operation("GET", "{id}"),
        Operation("GET", "{id}/deliveries"),
        Operation("GET", "{id}/deliveries/{webhookId}"),
        Operation("POST", "purge", "event.purge", is_bulk=True),
        Operation("POST", "redrive", "queue.redrive", is_bulk=True),
        Operation("POST", "deliveries/replay", "delivery.replay", is_bulk=True),
        Operation("POST", "{id}/deliveries/{webhookId}/replay", "delivery.replay"),
        Operation("DELETE", "{id}", "event.forget"),
    ),
)
WEBHOOK_ADMIN = Surface(
    "WebhookAdmin",
    "/api/v1/Webhook",
    "webhooks",
    (
        Operation("GET", ""),
        Operation("GET", "default"),
        Operation("GET", "{id}"),
        Operation("GET", "{id}/LastError"),
        Operation("POST", "", "webhook.create"),
        Operation("POST", "test", "webhook.test"),
        Operation("POST", "{eventName}/{primaryKey}", SIGNAL),
        Operation("PUT", "{id}", "webhook.update"),
        Operation("PATCH", "{id}", "webhook.update"),
        Operation("DELETE", "{id}", "webhook.delete"),
    ),
)
WEBHOOK_AGENT = Surface(
    "WebhookAgent",
    "/api/v1/Agents/Webhook",
    "webhooks",
    (
        Operation("GET", ""),
        Operation("GET", "{operation}"),
        Operation("POST", "CreateDefaultWebhook"),
        Operation("POST", "GetWebhook"),
        Operation("POST", "GetAllWebhooks"),
        Operation("POST", "GetLastError"),
        # Its body says whether it creates a webhook or changes one.
        Operation("POST", "SaveWebhook", "webhook.save"),
        Operation("POST", "DeleteWebhook", "webhook.delete"),
        Operation("POST", "TestWebhook", "webhook.test"),
        Operation("POST", "SignalEvent", SIGNAL),
    ),
    parameters=("operation",),
)
WEBHOOK_CONNECTIONS = Surface(
    "WebhookConnections",
    "/api/{orgId}/{itemId}/webhookConnections",
    "connections/{orgId}/{itemId}",
    (
        Operation("GET", ""),
        Operation("GET", "{connectionId}"),
        Operation("POST", "", "connection.create"),
        Operation("PUT", "{connectionId}", "connection.update"),
        Operation("DELETE", "{connectionId}", "connection.delete"),
    ),
    parameters=("connectionId", "operation"),
)
ARCGIS_CONNECTIONS = Surface(
    "ArcGisConnections",
    "/api/v1/arcgis/connections",
    "connections",
    (Operation("GET", ""),),
)
DYNAMICS_REGISTRATION = Surface(
    "DynamicsRegistration",
    "/api/v1/dynamics/webhooks",
    "dynamics/webhooks",
    (
        Operation("GET", ""),
        Operation("GET", "{id}"),
        Operation("GET", "{id}/steps"),
        Operation("GET", "{id}/steps/{stepId}"),
        Operation("GET", "{id}/steps/{stepId}/failures"),
        Operation("POST", "", "dynamics.webhook.create"),
        Operation("POST", "ensure", "dynamics.webhook.ensure"),
        Operation("PATCH", "{id}", "dynamics.webhook.update"),
        Operation("DELETE", "{id}", "dynamics.webhook.delete"),
        Operation("POST", "{id}/steps", "dynamics.step.create"),
        Operation("PATCH", "{id}/steps/{stepId}", "dynamics.step.update"),
        Operation("DELETE", "{id}/steps/{stepId}", "dynamics.step.delete"),
        Operation("POST", "{id}/steps/{stepId}/failures/{jobId}/replay", "dynamics.job.replay"),
    ),
)
HEALTH = Surface("Health", "/api/health?deep=1", "health", (Operation("GET", "", READ),))
CONSOLE = Surface("Console", "/api/console", "console", (Operation("GET", "session", READ),))

SURFACES = (
    EVENTS,
    WEBHOOK_ADMIN,
    WEBHOOK_AGENT,
    WEBHOOK_CONNECTIONS,
    ARCGIS_CONNECTIONS,
    DYNAMICS_REGISTRATION,
    HEALTH,
    CONSOLE,
)
DISABLE = "webhook.disable"
OTHER_ACTIONS = (
    DISABLE,
    "role.grant",
    "role.revoke",
    "key.issue",
    "key.revoke",
    "queue.redrive",
    "hub.import",
)
"""Actions of the hub itself, and of the command line alone."""

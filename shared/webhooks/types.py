"""The types of webhooks: who delivers. A type that is not named here cannot be saved."""

WEBHOOK_TYPES = frozenset({"webhook", "cloudevents", "cloudevents-binary", "crmscript"})

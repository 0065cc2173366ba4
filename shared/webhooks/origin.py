"""Where a webhook's secrets may go: to the origin that they were given for, and to no other. Pure."""

from shared.delivery.target import TargetRefused, parse_target
from shared.superoffice.entity import WebhookInput


def origin_of(webhook: WebhookInput) -> tuple[object, ...]:
    """Scheme, host and port of the target; of a target that is no URL, such as an entry point, all of it."""
    try:
        target = parse_target(webhook.target_url)
    except TargetRefused:
        return (webhook.target_url,)
    return target.scheme, target.host, target.port


def has_moved(before: WebhookInput, after: WebhookInput) -> bool:
    """Whether the target is of another origin than it was."""
    return origin_of(before) != origin_of(after)

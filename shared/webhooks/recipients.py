"""Who is told that a webhook was disabled: a few addresses, in domains that the hub's operator names. Pure.

A notice comes from the operator's own mailbox, so no webhook may have it sent to strangers.
"""

import re
from dataclasses import dataclass
from typing import Self
from unicodedata import normalize

from shared.errors import FieldError
from shared.host_names import domain_name
from shared.validation import max_length
from shared.webhooks.webhook import WebhookInput

MAX_RECIPIENTS = 20

# No list of addresses, no name beside one, nothing quoted; no way to another server (`%`, `!`), which some servers go,
# and no encoded word (`=?`). What else a mailbox may be called is its server's business.
_ADDRESS = re.compile(r'(?!.*=\?)[^\s@,;:<>()\[\]\\"%!]+@([^\s@,;:<>()\[\]\\"]+)')


@dataclass(frozen=True)
class Recipients:
    """The rule. `domains` are those that notices are sent to; None accepts all, because no notices are sent at all."""

    domains: frozenset[str] | None

    @classmethod
    def of(cls, mailbox: str, domains: tuple[str, ...]) -> Self:
        """The rule of these settings: the domains, or the domain of the mailbox if none are named.

        A mailbox that is given by its id has no domain, so nobody is told until the domains are set.
        """
        if not mailbox and not domains:
            return cls(None)
        named = domains or tuple(filter(None, [mailbox.rpartition("@")[2] if "@" in mailbox else ""]))
        return cls(frozenset(filter(None, (domain_name(name.removeprefix("@")) for name in named))))

    def refusals(self, webhook: WebhookInput, before: WebhookInput | None) -> list[FieldError]:
        """What is wrong with the recipients that a save adds to those `before`; the ones that were there may stay."""
        known = set() if before is None else {address for _, address in _named(before)}
        added = [(member, address) for member, address in _named(webhook) if address not in known]
        judged = ((member, self._refusal(address)) for member, address in added)
        wrong = [FieldError(f"#/{member}", f"{member} {why}") for member, why in judged if why is not None]
        count = len({address for _, address in _named(webhook)})
        if added and count > MAX_RECIPIENTS:
            phrase = max_length(MAX_RECIPIENTS, count, "addresses, that of ErrorsEmail included")
            wrong.append(FieldError("#/ErrorEmails", f"ErrorEmails {phrase}"))
        return wrong

    def of_webhook(self, webhook: WebhookInput) -> tuple[str, ...]:
        """The recipients of this webhook that may be told, whenever they were saved."""
        addresses = dict.fromkeys(address for _, address in _named(webhook))
        return tuple(address for address in addresses if self._refusal(address) is None)[:MAX_RECIPIENTS]

    def _refusal(self, address: str) -> str | None:
        # A mail server may read a wide comma, or a wide @, as the plain one.
        found = _ADDRESS.fullmatch(address) and _ADDRESS.fullmatch(normalize("NFKC", address))
        domain = domain_name(found.group(1)) if found else None
        if domain is None:
            return "must be one e-mail address, user@domain, and nothing else"
        if self.domains is not None and domain not in self.domains:
            return "must be in a domain that notices are sent to (NOTICE_DOMAINS)"
        return None


def _named(webhook: WebhookInput) -> list[tuple[str, str]]:
    """Each address with the member that holds it."""
    first = [("ErrorsEmail", webhook.errors_email)] if webhook.errors_email else []
    return [*first, *((f"ErrorEmails/{number}", address) for number, address in enumerate(webhook.error_emails))]

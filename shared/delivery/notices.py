"""Sends notices by mail through Microsoft Graph (docs/sources/dynamics.md 5), and logs each of them."""

import logging
from urllib.parse import quote

import requests

from shared.deadline import deadline
from shared.errors import Unavailable
from shared.telemetry.lines import tell
from shared.web_api import WebApi

_SECONDS = 20.0
"""For all mails of a notice together."""

log = logging.getLogger(__name__)


class GraphNotices:
    """Sends from one mailbox. Without a mailbox, notices are only logged."""

    def __init__(self, graph: WebApi, mailbox: str) -> None:
        self._graph = graph
        self._mailbox = mailbox

    def send(self, addresses: tuple[str, ...], subject: str, text: str) -> None:
        """Send one mail to these addresses; none of them sees the others. Failures are logged, and nothing is raised.

        Nothing is sent again after a time-out, because the mail may have gone out. If Graph refuses the mail, which it
        does as a whole for one invalid address, each address gets a mail of its own.
        """
        # A line break would begin another entry in the log.
        subject = " ".join(subject.split())
        tell(log, "notice", {"subject": subject, "addresses": len(addresses)}, logging.WARNING)
        if not addresses or not self._mailbox:
            return
        # Bounded, so that enough of the message's time is left for writing the delivery down.
        with deadline(_SECONDS):
            if self._mail(addresses, subject, text) == requests.codes.bad_request and len(addresses) > 1:
                for address in addresses:
                    self._mail((address,), subject, text)

    def _mail(self, addresses: tuple[str, ...], subject: str, text: str) -> int | None:
        """The status that Graph answers with, None if it cannot be reached. Everything but 202 is logged."""
        try:
            status = self._post(addresses, subject, text)
        except Unavailable as error:
            tell(log, "notice.failed", {"detail": error.detail}, logging.ERROR)
            return None
        if status != requests.codes.accepted:
            tell(log, "notice.failed", {"detail": f"Graph answered {status}"}, logging.ERROR)
        return status

    def _post(self, addresses: tuple[str, ...], subject: str, text: str) -> int:
        message = {
            "subject": subject,
            "body": {"contentType": "Text", "content": text},
            "bccRecipients": [{"emailAddress": {"address": address}} for address in addresses],
        }
        path = f"/v1.0/users/{quote(self._mailbox, safe='@')}/sendMail"
        return self._graph.post(path, {"message": message, "saveToSentItems": False}).status

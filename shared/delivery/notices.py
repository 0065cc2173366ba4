"""Mail to those who asked to be told, through Microsoft Graph (docs/sources/dynamics.md 5); a log line in any case."""

import logging
from urllib.parse import quote

import requests

from shared.deadline import deadline
from shared.errors import Unavailable
from shared.web_api import WebApi

_SECONDS = 20.0
"""For all mails of a notice together."""

log = logging.getLogger(__name__)


class GraphNotices:
    """Sends from one mailbox. Without a mailbox it only logs."""

    def __init__(self, graph: WebApi, mailbox: str) -> None:
        self._graph = graph
        self._mailbox = mailbox

    def send(self, addresses: tuple[str, ...], subject: str, text: str) -> None:
        """Tell these addresses, once: after a time-out nobody knows whether the mail went out.

        They get one mail, in which nobody sees who else got it. Graph refuses it as a whole where it takes one of the
        addresses for none; then each gets a mail of its own.
        """
        # A log has one entry a line.
        subject = " ".join(subject.split())
        log.warning("notice: %s (to %d addresses)", subject, len(addresses))
        if not addresses or not self._mailbox:
            return
        # What is left of a message's time must do for writing the delivery down.
        with deadline(_SECONDS):
            if self._mail(addresses, subject, text) == requests.codes.bad_request and len(addresses) > 1:
                for address in addresses:
                    self._mail((address,), subject, text)

    def _mail(self, addresses: tuple[str, ...], subject: str, text: str) -> int | None:
        """The status that Graph answers with, None where it cannot be reached; what is not 202 is logged."""
        try:
            status = self._post(addresses, subject, text)
        except Unavailable as error:
            log.error("a notice could not be mailed: %s", error.detail)
            return None
        if status != requests.codes.accepted:
            log.error("a notice could not be mailed: Graph answered %d", status)
        return status

    def _post(self, addresses: tuple[str, ...], subject: str, text: str) -> int:
        message = {
            "subject": subject,
            "body": {"contentType": "Text", "content": text},
            "bccRecipients": [{"emailAddress": {"address": address}} for address in addresses],
        }
        path = f"/v1.0/users/{quote(self._mailbox, safe='@')}/sendMail"
        return self._graph.post(path, {"message": message, "saveToSentItems": False}).status

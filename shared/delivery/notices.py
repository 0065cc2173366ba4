"""Mail to those who asked to be told, through Microsoft Graph (facts/dynamics.md 5); a log line in any case."""

import logging
from urllib.parse import quote

import requests

from shared.errors import Unavailable
from shared.web_api import WebApi

log = logging.getLogger(__name__)


class GraphNotices:
    """Sends from one mailbox. Without a mailbox it only logs."""

    def __init__(self, graph: WebApi, mailbox: str) -> None:
        self._graph = graph
        self._mailbox = mailbox

    def send(self, addresses: tuple[str, ...], subject: str, text: str) -> None:
        """Tell these addresses, once: after a time-out nobody knows whether the mail went out."""
        # A webhook's name may hold line breaks, and a log has one entry a line.
        subject = " ".join(subject.split())
        log.warning("notice: %s (to %d addresses)", subject, len(addresses))
        if not addresses or not self._mailbox:
            return
        message = {
            "subject": subject,
            "body": {"contentType": "Text", "content": text},
            "toRecipients": [{"emailAddress": {"address": address}} for address in addresses],
        }
        try:
            path = f"/v1.0/users/{quote(self._mailbox, safe='@')}/sendMail"
            answer = self._graph.post(path, {"message": message, "saveToSentItems": False})
        except Unavailable as error:
            log.error("a notice could not be mailed: %s", error.detail)
            return
        if answer.status != requests.codes.accepted:
            log.error("a notice could not be mailed: Graph answered %d", answer.status)

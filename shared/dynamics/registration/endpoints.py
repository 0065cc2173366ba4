"""Webhooks in Dataverse: the rows of `serviceendpoint` whose contract is 8.

Source: docs/sources/dynamics.md 2.4, 2.7.
"""

from collections.abc import Iterable, Mapping

from shared.dynamics.organization import Organization
from shared.dynamics.refusal import DataverseRefused
from shared.dynamics.registration.authentication import AnyAuthentication
from shared.dynamics.registration.webhook import (
    COLUMNS,
    CONTRACT,
    ENDPOINTS,
    Webhook,
    parse_webhook_row,
    same_name,
)
from shared.errors import Conflict, NotFound
from shared.odata import query_string

ID_EXISTS = 412


class Endpoints:
    """Reads and writes rows of webhooks. Every method raises what Organization does."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization

    def list(self) -> list[Webhook]:
        """All webhooks, whoever registered them."""
        options = {"$select": COLUMNS, "$filter": f"contract eq {CONTRACT}"}
        rows = self._organization.list(ENDPOINTS + query_string(options))
        return [webhook for webhook in map(parse_webhook_row, rows) if webhook is not None]

    def get(self, id_: str) -> Webhook:
        """The webhook with this id; raises NotFound, also for an endpoint that is not a webhook."""
        row = self._organization.find(f"{ENDPOINTS}({id_})" + query_string({"$select": COLUMNS}))
        webhook = None if row is None else parse_webhook_row(row)
        if webhook is None:
            raise NotFound("there is no webhook with this id")
        return webhook

    def create(self, webhook: Webhook, authentication: AnyAuthentication, solution: str | None = None) -> None:
        """Create a webhook with the id that it has, as a part of a solution. It is a success, too, if only the answer
        was lost.

        Raises DataverseRefused with 412 if another row has this id.
        """
        row: dict[str, object] = {
            "serviceendpointid": webhook.id,
            "name": webhook.name,
            "url": webhook.url,
            "contract": CONTRACT,
            **authentication_columns(authentication),
        }
        if webhook.description is not None:
            row["description"] = webhook.description
        try:
            self._organization.create(ENDPOINTS, row, solution)
        except DataverseRefused as refusal:
            if refusal.status != ID_EXISTS or not refusal.is_second or not self._is_there(webhook):
                raise
            # The secret cannot be read back. If the id follows from the address, another installer may have written
            # its own.
            self.update(webhook.id, authentication_columns(authentication))

    def update(self, id_: str, changes: Mapping[str, object]) -> None:
        """Change columns of a webhook."""
        self._organization.update(f"{ENDPOINTS}({id_})", changes)

    def delete(self, id_: str) -> None:
        """Delete a webhook together with its steps."""
        self._organization.delete(f"{ENDPOINTS}({id_})")

    def _is_there(self, webhook: Webhook) -> bool:
        row = self._organization.find(f"{ENDPOINTS}({webhook.id})" + query_string({"$select": COLUMNS}))
        there = None if row is None else parse_webhook_row(row)
        return there is not None and same_name(there.name, webhook.name) and there.url == webhook.url


def authentication_columns(authentication: AnyAuthentication) -> dict[str, object]:
    """The columns of a webhook's authentication, which are always written together."""
    return {"authtype": authentication.authtype, "authvalue": authentication.authvalue}


def require_free_name(name: str, webhooks: Iterable[Webhook], *, besides: str | None = None) -> None:
    """Raises Conflict if a webhook has this name, other than the one with the id `besides`."""
    others = [webhook.id for webhook in webhooks if same_name(webhook.name, name) and webhook.id != besides]
    if others:
        raise Conflict("another webhook has this name", extensions={"conflicts": others})

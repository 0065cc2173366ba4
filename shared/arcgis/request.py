"""What every operation on webhook connections is told about the one who wants it."""

from dataclasses import dataclass

from shared.arcgis.connection import Workflow
from shared.arcgis.rest import ArcGisToken
from shared.callers.arcgis import ArcGisCaller
from shared.callers.caller import Caller


@dataclass(frozen=True)
class Request:
    """Who wants something done, and where. `referer` goes with the tokens in a document.

    `token` is an ArcGIS token that a caller of the hub's own sent besides: it shows what they may manage.
    """

    workflow: Workflow
    caller: Caller
    referer: str | None = None
    token: ArcGisToken | None = None

    @property
    def tokens(self) -> tuple[ArcGisToken, ...]:
        """The ArcGIS token that came with the request itself, the caller's own or the one besides."""
        token = self.caller.token if isinstance(self.caller, ArcGisCaller) else self.token
        return () if token is None else (token,)

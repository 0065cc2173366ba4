"""What every operation on webhook connections is told about the one who wants it."""

from dataclasses import dataclass

from shared.arcgis.connection import Workflow
from shared.callers.caller import Caller


@dataclass(frozen=True)
class Request:
    """Who wants something done, and where. `referer` goes with the tokens in a document."""

    workflow: Workflow
    caller: Caller
    referer: str | None = None

"""Ids of Dataverse as clients write them."""

from pydantic import TypeAdapter, ValidationError

from shared.dynamics.values import Guid
from shared.errors import NotFound

_GUID = TypeAdapter(Guid)


def parse_id(text: str) -> str:
    """The id in lower case; raises NotFound for what is no GUID, because nothing has such an id."""
    try:
        return _GUID.validate_python(text)
    except ValidationError:
        raise NotFound("there is nothing with this id, which is no GUID") from None

"""Storage that ends a page of a query before it has found a row, as Table Storage does after five seconds."""

import re
from typing import Any

from shared.azure_transport import DeadlineTransport
from tests.support.transport import JournalTransport

_ROWS_A_LOOK = 2
_FILTER = re.compile(r"(?:\$|%24)filter=[^&]*&?")
_NOTHING = "$filter=PartitionKey%20eq%20%27nobody%27&"
_TOP = re.compile(r"((?:\$|%24)top=)\d+")
_CONTINUATION = re.compile(r"&?Next(?:Partition|Row)Key=[^&]*")
_HEADERS = ("x-ms-continuation-NextPartitionKey", "x-ms-continuation-NextRowKey")


class EarlyEndTransport(JournalTransport):
    """While `early_ends` is above 0, a query looks at two rows, finds none of them, and says where it goes on.

    The test sees to it that the filter lets none of these rows through.
    """

    def __init__(self) -> None:
        super().__init__()
        self.early_ends = 0

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        """Send a request, or one that finds nothing, whose answer says where two rows further on are."""
        asked = request.url
        if not self.early_ends or not _FILTER.search(asked):
            return super().send(request, **kwargs)
        self.early_ends -= 1
        request.url = _TOP.sub(rf"\g<1>{_ROWS_A_LOOK}", _FILTER.sub("", asked))
        looked = DeadlineTransport.send(self, request, **kwargs)
        further = {name: looked.headers[name] for name in _HEADERS}
        getattr(looked, "internal_response", looked).close()
        request.url = _CONTINUATION.sub("", _FILTER.sub(_NOTHING, asked))
        response = super().send(request, **kwargs)
        response.headers.update(further)
        return response

"""An answer as the Azure SDKs want it, read to its end before they see it."""

import json
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any, Self

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import HttpResponse as PipelineResponse
from azure.core.rest import HttpRequest, HttpResponse

_BYTE_ORDER_MARK = "utf-8-sig"


class ReadResponse(HttpResponse, PipelineResponse):
    """The status, the headers and the whole body.

    It is a response of `azure.core.rest`, and one of the older kind too: that one knows how to take the parts of a
    transaction's answer apart. Whoever asks for a stream gets the body in one piece; it is decompressed already.
    """

    def __init__(
        self, request: HttpRequest, status: int, reason: str, headers: MutableMapping[str, str], body: bytes
    ) -> None:
        # Not PipelineResponse's: it would set what is read-only here.
        self._request, self._status, self._reason, self._headers, self._body = request, status, reason, headers, body
        self._encoding: str | None = None

    @property
    def request(self) -> HttpRequest:  # type: ignore[override]  # the older kind has attributes in place of properties
        """What was asked."""
        return self._request

    @property
    def url(self) -> str:
        """Where it was asked."""
        return self._request.url

    @property
    def status_code(self) -> int:  # type: ignore[override]
        """The status."""
        return self._status

    @property
    def reason(self) -> str:  # type: ignore[override]
        """The text beside the status."""
        return self._reason

    @property
    def headers(self) -> MutableMapping[str, str]:  # type: ignore[override]
        """The headers; their names compare ignoring case."""
        return self._headers

    @property
    def content_type(self) -> str | None:  # type: ignore[override]
        """The header Content-Type."""
        return self._headers.get("Content-Type")

    @property
    def content(self) -> bytes:
        """The body."""
        return self._body

    @property
    def encoding(self) -> str | None:
        """The encoding that the reader has set; None means UTF-8, which storage and the identity provider write."""
        return self._encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value

    @property
    def is_closed(self) -> bool:
        """Always: the connection is in use elsewhere, or gone."""
        return True

    @property
    def is_stream_consumed(self) -> bool:
        """Always."""
        return True

    def body(self) -> bytes:
        """The body, by its older name."""
        return self._body

    def read(self) -> bytes:
        """The body; it is read already."""
        return self._body

    def text(self, encoding: str | None = None) -> str:
        """The body as text; a byte order mark is no part of it."""
        name = encoding or self._encoding or "utf-8"
        return self._body.decode(_BYTE_ORDER_MARK if name.lower() in {"utf-8", "utf8"} else name)

    def json(self) -> Any:  # noqa: ANN401 - as in the class it stands for
        """The body as JSON; raises ValueError for anything else."""
        return json.loads(self.text())

    def raise_for_status(self) -> None:
        """Raise HttpResponseError for a status of 400 and more."""
        if self._status >= 400:
            raise HttpResponseError(response=self)

    def iter_bytes(self, **kwargs: Any) -> Iterator[bytes]:  # noqa: ANN401 - as in the class it stands for
        """The body in one piece; none if it is empty."""
        yield from (self._body,) if self._body else ()

    def iter_raw(self, **kwargs: Any) -> Iterator[bytes]:  # noqa: ANN401 - as in the class it stands for
        """The same."""
        return self.iter_bytes(**kwargs)

    def stream_download(self, pipeline: Any = None, **kwargs: Any) -> Iterator[bytes]:  # noqa: ANN401 - as above
        """The same, by its older name."""
        return self.iter_bytes()

    def close(self) -> None:
        """Nothing is left to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ReadResponse: {self._status} {self._reason}>"

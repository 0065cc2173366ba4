"""What can go wrong, and how it is answered.

HubError
├── BadRequest               400  the caller's mistake; names the field
│   └── NotJson              400  the body is not JSON, or not JSON that is accepted here
├── Unauthenticated          401  the caller is not known
├── Forbidden                403  the caller is known, but does not have the role that is needed
├── NotFound                 404  nothing has this id or path
├── Conflict                 409  somebody else was quicker, a test in a patch failed, or there is no room for more
├── Gone                     410  what the request is about no longer exists
├── LengthRequired           411  the body came in chunks, and the platform hands such a body over empty
├── PreconditionFailed       412  changed since the time that the request names
├── ContentTooLarge          413  the body is over the limit
├── UnsupportedMediaType     415  the body is of a type that is not accepted here
├── TooManyRequests          429  the caller is over their limit; says when to try again
├── BadGateway               502  another service refuses the hub itself, or gives an unusable answer
└── Unavailable              503  trying again may help
    ├── DirectoryDown        503  the role directory cannot be reached, or is not set up
    ├── IdentityDown         503  the identity provider cannot be reached, or gives no token
    ├── DataverseDown        503  Dataverse cannot be reached
    ├── Throttled            503  a neighbour is there, and asks to be left alone for now
    ├── Misconfigured        503  an app setting is wrong; the message names it
    └── StorageDown          503  Table or Queue Storage cannot be reached, or did not answer in time
        └── StorageRefused   503  it is there, and refuses this very call; the same call would fail again

A refusal and an outage are different classes from the bottom up, and neither is ever turned into the other. Messages
name the field, the setting or the service, and never hold a secret, a token or a whole body.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with a request: `pointer` is a JSON pointer as a URI fragment, `#/InitiatingUserId`."""

    pointer: str
    detail: str


class HubError(Exception):
    """Anything the hub answers with a problem; `status`, `title` and `public_detail` go into the reply.

    `extensions` are further members of the problem, as RFC 9457 calls them.
    """

    status = 500
    title = "Internal error"

    def __init__(self, detail: str, *, extensions: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extensions: dict[str, object] = dict(extensions or {})

    @property
    def public_detail(self) -> str:
        """What a reply says: the message, unless that is for the log only."""
        return self.detail


class BadRequest(HubError):
    """The request cannot be accepted as it is; `errors` names the fields."""

    status = 400
    title = "Bad request"

    def __init__(self, detail: str, *, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.errors: tuple[FieldError, ...] = (FieldError(pointer, detail),) if pointer else ()

    @classmethod
    def of(cls, errors: Sequence[FieldError]) -> Self:
        """One refusal for several fields at once; `errors` must not be empty."""
        refusal = cls("; ".join(error.detail for error in errors))
        refusal.errors = tuple(errors)
        return refusal


class NotJson(BadRequest):
    """The body is not JSON, or not JSON of the strict kind that is accepted here."""


class Unauthenticated(HubError):
    """It is not known who calls; `challenge` is the value of WWW-Authenticate."""

    status = 401
    title = "Unauthenticated"

    def __init__(self, detail: str, *, challenge: str = "Bearer") -> None:
        super().__init__(detail)
        self.challenge = challenge

    @property
    def bearer_challenge(self) -> str:
        """The challenge without Basic, for which a browser would open a password box of its own."""
        return self.challenge.partition(", Basic ")[0]


class Forbidden(HubError):
    """The caller is known, or at least named, and does not have the role that is needed."""

    status = 403
    title = "Not allowed"


class NotFound(HubError):
    """Nothing has this id, or no route has this path."""

    status = 404
    title = "Not found"


class Conflict(HubError):
    """Somebody else changed it meanwhile, a test in a patch found another value, or there is no room for one more."""

    status = 409
    title = "Conflict"


class Gone(HubError):
    """What the request is about existed once, and no longer does."""

    status = 410
    title = "Gone"


class LengthRequired(HubError):
    """The body was sent in chunks, without Content-Length, so on this platform it arrives empty."""

    status = 411
    title = "Length required"


class PreconditionFailed(HubError):
    """It was changed since the time that If-Unmodified-Since names."""

    status = 412
    title = "Precondition failed"


class ContentTooLarge(HubError):
    """The body is over the limit."""

    status = 413
    title = "Content too large"


class UnsupportedMediaType(HubError):
    """The body's content type is not one that is accepted here."""

    status = 415
    title = "Unsupported media type"


class TooManyRequests(HubError):
    """The caller is over a limit that ends with time; `retry_after_seconds` says when."""

    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after_seconds: int = 60) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class BadGateway(HubError):
    """Another service refuses the hub itself, or gives an unusable answer."""

    status = 502
    title = "Bad gateway"


class Unavailable(HubError):
    """Something the hub needs is out of reach. Nothing was acknowledged, and the same request may succeed later.

    `retry_after_seconds` is how long the other service asks to wait, None if it does not say.
    """

    status = 503
    title = "Unavailable"
    retry_after_seconds: int | None = None


class DirectoryDown(Unavailable):
    """The role directory cannot tell who has which role."""


class IdentityDown(Unavailable):
    """The identity provider cannot be reached, or gives the app no token, so callers cannot be identified."""


class DataverseDown(Unavailable):
    """Dataverse cannot be reached, or gives an unusable answer."""


class Throttled(Unavailable):
    """A neighbour is there and accepts no request for now: it answered 429, or 503 with a Retry-After.

    `retry_after_seconds` is None where it doesn't say for how long.
    """


class Misconfigured(Unavailable):
    """An app setting is wrong. The message is for the log; the reply does not repeat it."""

    @property
    def public_detail(self) -> str:
        """A sentence that names no setting."""
        return "the hub is not set up correctly"


class StorageDown(Unavailable):
    """Storage cannot be reached, refuses the hub, or did not answer in time.

    The message says which call failed, and how, for the log; the reply does not repeat it.
    """

    @property
    def public_detail(self) -> str:
        """A sentence that names no table, no queue and no answer of storage."""
        return "storage is out of reach"


class StorageRefused(StorageDown):
    """Storage is there and refuses this very call, as for a wrong key or a row that is too large: 4xx."""

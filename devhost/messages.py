"""The message classes that the worker's runtime reads and makes: plain stand-ins for the protobuf ones.

What members it uses is written down in docs/sources/functions.md 8.2; neither grpc nor protobuf is needed.
"""

from types import SimpleNamespace
from typing import Any

_DATA = ("string", "bytes", "json", "http", "int", "double")


class Message:
    """Holds the members it is made with. One that was not given is None, falsy like an empty one of protobuf."""

    def __init__(self, **members: Any) -> None:  # noqa: ANN401 - any member of any message
        self.__dict__.update(members)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        if name.startswith("__") or name == "TypedData":
            # The runtime tells messages apart by attributes that they must not have.
            raise AttributeError(name)
        return None


class TypedData(Message):
    """One value: of `string`, `bytes`, `json`, `http`, `int`, `double` at most one is set."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's own name
        """The name of the member that is set."""
        return next((name for name in _DATA if name in self.__dict__), None)


class ParameterBinding(Message):
    """A value for a binding."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - protobuf's own name
        """Always `data`: shared memory is not offered."""
        return "data"


class BindingInfo(Message):
    """A binding's kind and direction; the direction in, which is no name in Python, is 0."""

    out = 1
    inout = 2
    undefined = 0


class StatusResult(Message):
    """Whether a call of the runtime succeeded, or the exception."""

    Failure = 0
    Success = 1


class RpcHttpCookie(Message):
    """A cookie of an answer."""

    SameSite = SimpleNamespace(**{"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})


def _plain(name: str) -> type[Message]:
    return type(name, (Message,), {})


PROTOS = SimpleNamespace(
    TypedData=TypedData,
    ParameterBinding=ParameterBinding,
    BindingInfo=BindingInfo,
    StatusResult=StatusResult,
    RpcHttpCookie=RpcHttpCookie,
    **{
        name: _plain(name)
        for name in (
            "RpcHttp",
            "RpcException",
            "WorkerInitResponse",
            "WorkerMetadata",
            "FunctionMetadataResponse",
            "FunctionLoadResponse",
            "InvocationResponse",
            "NullableString",
            "NullableBool",
            "NullableDouble",
            "NullableTimestamp",
            "Timestamp",
        )
    },
)
"""What the runtime is given as its `protos`."""

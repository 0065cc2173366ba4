"""Ports that a host listens at: alone, or together with other instances of the same app."""

import socket


def free_port() -> int:
    """A port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listen(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """A socket that listens there; 0 takes a free port. Raises OSError with a sentence for whoever started it.

    Of a shared port, several processes may each have a socket: the system gives each new connection to one of them.
    """
    options = [socket.SO_REUSEADDR, *([_sharing_option()] if is_shared else [])]
    listening = socket.socket()
    try:
        for option in options:
            listening.setsockopt(socket.SOL_SOCKET, option, 1)
        listening.bind((host, port))
        listening.listen()
    except OverflowError:
        listening.close()
        raise
    except OSError as error:
        listening.close()
        raise OSError(f"port {port} of {host} cannot be used ({error.strerror}): choose another with --port") from None
    return listening


def check_sharing() -> None:
    """Raises OSError where the system does not let processes share a port."""
    _sharing_option()


def _sharing_option() -> int:
    option: int | None = getattr(socket, "SO_REUSEPORT", None)
    if option is None:
        raise OSError(
            "this system lets no two processes listen at one port (SO_REUSEPORT is missing): run one instance"
        )
    return option

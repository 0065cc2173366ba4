"""`python -m devhost`: runs the function app of a folder until Ctrl-C."""

import signal
import sys


def main() -> int:
    """Run the host. Returns 0 after Ctrl-C, 1 if the app cannot be started."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    # This takes a second, in which a Ctrl-C is to end well, too.
    from devhost.command import run

    return run()


if __name__ == "__main__":
    sys.exit(main())

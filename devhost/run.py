"""`make run`: the hub on this machine (local_hub.py), until Ctrl-C."""

import signal
import sys


def main() -> int:
    """Run until Ctrl-C (0) or until the app ends (its exit code). Returns 1 if it could not be started."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    # This takes a second, in which a Ctrl-C is to end well, too.
    from devhost.local_hub import run

    return run()


if __name__ == "__main__":
    sys.exit(main())

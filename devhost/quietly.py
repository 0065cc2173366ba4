"""`python -m devhost.quietly COMMAND...`: runs a command that Ctrl-C ends without a word, with what it started."""

import sys

from devhost.signals import STOPPED_CODE, Stopped, run_tool, stop_on_signals


def main() -> int:
    """Run it. Returns its exit code, and 130 where it was stopped."""
    try:
        stop_on_signals()
        return run_tool(sys.argv[1:])
    except Stopped:
        return STOPPED_CODE


if __name__ == "__main__":
    sys.exit(main())

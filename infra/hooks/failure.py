"""How a hook ends: quietly, or with one sentence on standard error and an exit code that stops azd."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping

_INTERRUPTED = 130


class HookFailed(Exception):
    """The hook cannot go on. The message is one sentence that says what to do; it holds no secret."""


def run_hook(hook: Callable[[Mapping[str, str]], None]) -> int:
    """Run a hook on the environment that azd gave it. Returns the exit code: 0, 1, or 130 if it was interrupted."""
    # What Windows or a plain POSIX locale cannot show is escaped: a name must not end a hook whose work is done.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        hook(os.environ)
    except HookFailed as failure:
        sys.stderr.write(f"error: {failure}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted; it is safe to run the same command again\n")
        return _INTERRUPTED
    except Exception as error:
        # A traceback could show a key that a call was given.
        sys.stderr.write(f"error: the hook itself is at fault ({type(error).__name__}): please report this\n")
        return 1
    return 0


def say(text: str = "") -> None:
    """Print a line at once, so that whoever waits sees how far the hook is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()

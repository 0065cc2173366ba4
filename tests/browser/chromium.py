"""The browser of the tests: Debian's Chromium, which playwright drives."""

import os
import shutil
import subprocess
import sys

_NAMES = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


class NoChromium(Exception):
    """There is no Chromium, and it could not be installed. The message says what to do."""


def find_chromium() -> str:
    """The path of Chromium; raises NoChromium."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise NoChromium(
            "Chromium is not on this machine: `make browser` installs it on Debian as root, "
            "elsewhere install the package chromium"
        )
    return found


def main() -> int:
    """Install Chromium where it is missing and may be installed. Returns 0 if it is there afterwards."""
    try:
        if not any(map(shutil.which, _NAMES)):
            _install()
        find_chromium()
    except (NoChromium, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _install() -> None:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return
    sys.stderr.write("Chromium is not on this machine: installing it with apt-get\n")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        subprocess.run([apt, "-qq", *words], env=quiet, stdout=sys.stderr, check=False)


if __name__ == "__main__":
    sys.exit(main())

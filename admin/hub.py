"""The hub that the command line works on. The environment's settings win over those in local.settings.json."""

import os
from pathlib import Path

from devhost.localsettings import apply_local_settings
from shared.hub.hub import Hub
from shared.hub.lazy import Lazy
from shared.settings import Settings

ROOT = Path(__file__).resolve().parent.parent

# Not that of the app's processes, whose log tells which of its settings contradict each other.
_hub = Lazy(lambda: Hub.assemble(Settings.read(os.environ)))


def local_hub() -> Hub:
    """The hub with these settings; raises Misconfigured."""
    apply_local_settings(ROOT, os.environ)
    return _hub()

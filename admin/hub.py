"""The hub that the command line works on. The environment's settings win over those in local.settings.json."""

import os
from pathlib import Path

from devhost.localsettings import apply_local_settings
from shared.hub.hub import Hub, process_hub

ROOT = Path(__file__).resolve().parent.parent


def local_hub() -> Hub:
    """The hub with these settings; raises Misconfigured."""
    apply_local_settings(ROOT, os.environ)
    return process_hub()

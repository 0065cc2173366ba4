"""The app put together: what is made at once, and what only when it is needed. Nothing here calls anybody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.hub.hub import Hub
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
LATE = ["receivers", "registration", "arcgis"]

PRINT_WHAT_IS_IMPORTED = f"""
import sys
from shared.hub.hub import process_hub
found = process_hub()
loaded = lambda: [name for name in {LATE} if "shared.hub." + name in sys.modules]
print(loaded())
print([type(getattr(found, name)).__name__ for name in {LATE}])
print(loaded())
"""
PRINT_HUBS = """
import os
from shared.errors import Misconfigured
from shared.hub.hub import process_hub
try:
    process_hub()
except Misconfigured:
    print("misconfigured")
os.environ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true"
print(process_hub() is process_hub())
"""


def printed(program: str, environment: dict[str, str]) -> list[str]:
    """What a program prints in a process of its own: its lines."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AzureWebJobsStorage")}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=others | environment, check=True, capture_output=True, text=True
    )
    return ran.stdout.splitlines()


def test_what_receiving_does_not_need_is_imported_when_it_is_first_needed() -> None:
    assert printed(PRINT_WHAT_IS_IMPORTED, STORAGE) == [
        "[]",
        "['Receivers', 'DataverseRegistration', 'ArcGis']",
        f"{LATE}",
    ]


def test_a_process_has_one_hub_as_soon_as_its_settings_are_right() -> None:
    assert printed(PRINT_HUBS, {}) == ["misconfigured", "True"]


@pytest.mark.parametrize("name", LATE)
def test_each_part_is_made_once(name: str) -> None:
    found = Hub.assemble(Settings.read(STORAGE))
    assert getattr(found, name) is getattr(found, name)

"""The unit tests of the pure modules of the page, in Node."""

import subprocess
from pathlib import Path

import pytest

from devhost.install import find_node

FOLDER = Path(__file__).parent / "units"
TESTS = sorted(FOLDER.glob("*.test.js"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_a_module_passes_its_unit_tests(path: Path) -> None:
    find_node()
    done = subprocess.run(["node", "--test", str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_such_tests() -> None:
    assert TESTS

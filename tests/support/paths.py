"""Where the repository is and where the files of its tests are, for tests in any folder."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"

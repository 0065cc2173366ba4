"""The page's JavaScript, judged by its own tools: types by tsc, behaviour by Node's own runner of tests."""

import shutil
import subprocess
from pathlib import Path

import pytest

from devhost.install import TEST_CLIENTS, find_node, install_packages

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "Console" / "static"
HERE = Path(__file__).parent
WRONG = """// @ts-check
import { html } from "./lit.js";
import { address } from "./router.js";
export const a = address(7);
export const b = html`<p></p>`.nothingLikeThis;
"""


@pytest.fixture(scope="module")
def tsc() -> str:
    """The checker of types."""
    find_node()
    install_packages(TEST_CLIENTS)
    return str(TEST_CLIENTS.folder / "node_modules" / "typescript" / "bin" / "tsc")


def check_types(tsc: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["node", tsc, "-p", folder],  # noqa: S607 - found by find_node
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_types_are_right(tsc: str) -> None:
    done = check_types(tsc, HERE)
    assert (done.stdout, done.returncode) == ("", 0)


def test_a_wrong_type_is_found(tsc: str, tmp_path: Path) -> None:
    shutil.copytree(STATIC, tmp_path / "Console" / "static")
    (tmp_path / "Console" / "static" / "wrong.js").write_text(WRONG, encoding="utf-8")
    folder = tmp_path / "tests" / "console"
    folder.mkdir(parents=True)
    shutil.copy(HERE / "tsconfig.json", folder)
    done = check_types(tsc, folder)
    # The second one only where the library's own types are known.
    assert done.stdout.count("wrong.js(") == 2, done.stdout


def test_the_pure_modules_behave(tmp_path: Path) -> None:
    find_node()
    for path in (*STATIC.glob("*.js"), *HERE.glob("*.test.js")):
        shutil.copy(path, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    done = subprocess.run(["node", "--test"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)  # noqa: S607
    assert done.returncode == 0, done.stdout
    assert "fail 0" in done.stdout

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.hooks.failure import HookFailed
from infra.hooks.own_environment import own_environment

METADATA = {
    "hook_part.py": "ANSWER = 42\n",
    "hook_part-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: hook-part\nVersion: 1.0\n",
    "hook_part-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "hook_part-1.0.dist-info/RECORD": "",
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one package, so that nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheels")
    with zipfile.ZipFile(folder / "hook_part-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in METADATA.items():
            wheel.writestr(name, text)
    return folder


def test_a_hook_gets_an_environment_with_its_packages_once(tmp_path: Path, wheels: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("hook-part==1.0\n")
    options = ["--no-index", "--find-links", str(wheels)]
    python = own_environment("page", requirements, root=tmp_path, options=options)
    assert tmp_path / ".local" / "hooks" / "page" in python.parents
    shown = subprocess.run([python, "-c", "import hook_part; print(hook_part.ANSWER)"], capture_output=True, check=True)
    assert shown.stdout == b"42\n"

    made = (python.parent.parent / "pyvenv.cfg").stat().st_ctime_ns
    assert own_environment("page", requirements, root=tmp_path, options=options) == python
    assert (python.parent.parent / "pyvenv.cfg").stat().st_ctime_ns == made


def python_that(folder: Path, *lines: str) -> str:
    """A program in place of Python, of which `-m venv FOLDER` is asked."""
    program = folder / "python"
    program.write_text("\n".join(("#!/bin/sh", *lines, "")))
    program.chmod(0o755)
    return str(program)


def test_what_was_installed_for_another_list_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    makes = (
        'mkdir -p "$3/bin" && printf "#!/bin/sh\\nexit ${FAILS:-0}\\n" > "$3/bin/python" && chmod +x "$3/bin/python"'
    )
    monkeypatch.setattr(sys, "executable", python_that(tmp_path, makes))
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("one\n")
    python = own_environment("page", requirements, root=tmp_path)
    assert (python.parent.parent / ".installed").exists()

    requirements.write_text("two\n")
    monkeypatch.setenv("FAILS", "1")
    with pytest.raises(HookFailed, match=r"pip could not install requirements\.txt"):
        own_environment("page", requirements, root=tmp_path)
    assert not (python.parent.parent / ".installed").exists()


def test_a_python_that_cannot_make_environments_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", python_that(tmp_path, "exit 1"))
    requirements = tmp_path / "requirements.txt"
    requirements.touch()
    with pytest.raises(HookFailed, match="install its package for that"):
        own_environment("page", requirements, root=tmp_path)

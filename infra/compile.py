"""Compiles and lints infra/main.bicep, and says whether the committed infra/main.json is current: `make infra`.

It needs Python's standard library and a Bicep compiler: the one that the environment variable BICEP names, else
`bicep` on PATH, else that of the Azure CLI (`az bicep`). A template that the compiler warns of is refused.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_NO_COMPILER = (
    "a Bicep compiler is needed: install one (https://learn.microsoft.com/azure/azure-resource-manager/bicep/install,"
    " or `az bicep install`), or let the environment variable BICEP name one"
)


class NotCompiled(Exception):
    """There is no template, or not one to rely on. The message says why and what to do."""


@dataclass(frozen=True)
class Compiler:
    """A Bicep compiler: how it is called, and the option before a file's name, where it wants one."""

    command: tuple[str, ...]
    file_option: tuple[str, ...] = ()

    def run(self, verb: str, file: Path, *options: str) -> tuple[str, str]:
        """What `verb` prints for this file, to standard output and standard error; raises NotCompiled if it fails."""
        command = [*self.command, verb, *self.file_option, str(file), *options]
        # Without this the Azure CLI also tells of newer versions, and that would count as a warning.
        environment = {**os.environ, "AZURE_BICEP_CHECK_VERSION": "false"}
        done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)  # noqa: S603 - our own arguments
        if done.returncode:
            raise NotCompiled(f"{done.stdout}{done.stderr}\n`{verb}` of {file.name} failed: the lines above say where")
        return done.stdout, done.stderr


def find_compiler(environment: Mapping[str, str]) -> Compiler:
    """The compiler of this environment; raises NotCompiled where there is none."""
    path = environment.get("PATH", "")
    if named := environment.get("BICEP"):
        if (found := shutil.which(named, path=path)) is None:
            raise NotCompiled(f"BICEP is {named!r}, and there is no such program")
        return Compiler((found,))
    if (found := shutil.which("bicep", path=path)) is not None:
        return Compiler((found,))
    # The Azure CLI has the command before it has the compiler, and would fetch that unasked.
    if (found := shutil.which("az", path=path)) is not None and _succeeds(found, "bicep", "version"):
        return Compiler((found, "bicep"), ("--file",))
    raise NotCompiled(_NO_COMPILER)


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own arguments


def compile_template(compiler: Compiler, source: Path) -> str:
    """The template, JSON, that this file compiles to; raises NotCompiled if compiler or linter has anything to say."""
    # `lint` succeeds whatever it finds, unless a rule is an error: what counts is what it prints.
    printed = "".join(compiler.run("lint", source))
    template, warnings = compiler.run("build", source, "--stdout")
    if (printed + warnings).strip():
        raise NotCompiled(f"{printed}{warnings}\nthe template has the warnings above: it must compile without one")
    return template


def without_generator(value: object) -> object:
    """A template without its `_generator` members, in modules too: they name the compiler's version, and a hash."""
    if isinstance(value, dict):
        return {name: without_generator(member) for name, member in value.items() if name != "_generator"}
    return [without_generator(member) for member in value] if isinstance(value, list) else value


def is_current(committed: Path, template: str) -> bool:
    """Whether this file holds the template; what names the compiler does not count. One that is not JSON does not."""
    try:
        held = json.loads(committed.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return without_generator(held) == without_generator(json.loads(template))


def main() -> int:
    """Do what the arguments say. Returns 0 if main.json is current afterwards."""
    parser = argparse.ArgumentParser(description="Compiles infra/main.bicep; says whether infra/main.json is current.")
    parser.add_argument("--write", action="store_true", help="write main.json")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    arguments = parser.parse_args()
    try:
        sys.stdout.write(f"{_check(arguments.folder, write=arguments.write)}\n")
    except (NotCompiled, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _check(folder: Path, *, write: bool) -> str:
    committed = folder / "main.json"
    template = compile_template(find_compiler(os.environ), folder / "main.bicep")
    if is_current(committed, template):
        return "main.bicep compiles without a warning, and main.json is current"
    if not write:
        raise NotCompiled("main.json is not what main.bicep compiles to: write it with `make infra WRITE=1`, commit it")
    committed.write_text(template.rstrip() + "\n", encoding="utf-8", newline="\n")
    return "main.bicep compiles without a warning, and main.json is written"


if __name__ == "__main__":
    sys.exit(main())

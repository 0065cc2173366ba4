"""Mutation testing of the pure core: `make mutants`, or `python -m tests.support.mutants [GLOB ...]`.

mutmut changes one place of a module at a time and runs the unit tests that reach it. A change that no test notices has
survived: a test is missing, or the change makes no difference. equivalent_mutants.toml lists those that make none, each
with its reason. A change of the wording of a sentence alone is ignored: tests need not repeat what people read.
pyproject.toml ([tool.mutmut]) names the modules.

Exit code 0: each survivor is answered. 1: some are not, and are printed. 2: mutmut failed, or was stopped.
"""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

ANSWERED = Path(__file__).parents[1] / "data" / "equivalent_mutants.toml"
_MUTMUT = Path(sys.executable).with_name("mutmut")
_RESULT = re.compile(r"^\s*(\S+__mutmut_[0-9]+): (.+)$", re.MULTILINE)
_SENTENCE = re.compile(r'"([^"]* [^"]* [^"]*)"')
_HARMLESS = frozenset({"killed", "timeout", "caught by type check", "skipped"})
_UNFINISHED = frozenset({"not checked", "check was interrupted by user"})


@dataclass(frozen=True)
class Change:
    """What a mutant changes: the function, and the lines before and after, without their indentation.

    It says neither module nor number, so it stays the same when a module is renamed or a line above is added.
    """

    function: str
    before: str
    after: str

    @property
    def is_wording(self) -> bool:
        """Whether it only changes the case of a sentence, or puts XX around it."""
        same = self.after.replace("XX", "").casefold() == self.before.casefold()
        return same and _SENTENCE.findall(self.before) != _SENTENCE.findall(self.after)


def parse_results(text: str) -> dict[str, str]:
    """Names of mutants with their states, from what `mutmut results` prints."""
    return dict(_RESULT.findall(text))


def parse_diff(name: str, diff: str) -> Change:
    """The change of a mutant, from its name and what `mutmut show` prints."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    before, after = ("\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    mangled = name.rpartition(".")[2].partition("__mutmut_")[0]
    # `x_f` is a function, `xǁClassǁf` a method.
    function = mangled.removeprefix("x_") if mangled.startswith("x_") else ".".join(mangled.split("ǁ")[1:])
    return Change(function, before, after)


def parse_answers(text: str) -> dict[Change, str]:
    """The changes that make no difference, with the reason of each. Raises ValueError for one without a reason."""
    answers = {}
    for entry in tomllib.loads(text).get("mutant", []):
        change = Change(entry["function"], entry["before"].strip(), entry["after"].strip())
        if not entry.get("why", "").strip():
            raise ValueError(f"{ANSWERED.name}: {change.function} has no `why`")
        answers[change] = entry["why"]
    return answers


def unanswered(survivors: Mapping[str, Change], answers: Iterable[Change]) -> list[str]:
    """The names of the survivors that no answer covers, but for those of wording."""
    known = frozenset(answers)
    return [name for name, change in survivors.items() if change not in known and not change.is_wording]


def main(patterns: Sequence[str]) -> int:
    """Run mutmut for the mutants whose names match (`shared.delivery.*`), or for all; the exit code."""
    earlier = {name for name, state in _results(patterns).items() if state not in _UNFINISHED}
    wanted = [f"{pattern.rstrip('*')}*" for pattern in patterns]
    done = _mutmut("run", *wanted)
    # mutmut tries again only what changed in shared/; a survivor of an earlier run may have got its test meanwhile.
    if done == 0 and not patterns and (again := earlier & _results(patterns).keys()):
        done = _mutmut("run", *sorted(again))
    states = _results(patterns)
    if done != 0 or any(state in _UNFINISHED for state in states.values()):
        sys.stderr.write("mutmut did not come to an end, see above\n")
        return 2
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        diffs = dict(zip(states, pool.map(partial(_output, "show"), states), strict=True))
    survivors = {name: parse_diff(name, diff) for name, diff in diffs.items()}
    open_ = unanswered(survivors, parse_answers(ANSWERED.read_text(encoding="utf-8")))
    for name in open_:
        sys.stdout.write(f"{diffs[name]}\n")
    sys.stdout.write(f"{len(states)} changes were noticed by no test, {len(open_)} of them unanswered\n")
    return 1 if open_ else 0


def _results(patterns: Sequence[str]) -> dict[str, str]:
    """What is not killed, and matches."""
    if not Path("mutants").exists():
        return {}
    states = {name: state for name, state in parse_results(_output("results")).items() if state not in _HARMLESS}
    return {
        name: state
        for name, state in states.items()
        if not patterns or any(fnmatchcase(name, f"{pattern.rstrip('*')}*") for pattern in patterns)
    }


def _mutmut(*arguments: str) -> int:
    return subprocess.run([_MUTMUT, *arguments], check=False).returncode


def _output(*arguments: str) -> str:
    return subprocess.run([_MUTMUT, *arguments], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

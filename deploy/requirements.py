"""Whether a lock file is what was asked for: read from texts and metadata, without asking a registry."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

type RequiresOf = Callable[[str, str], list[str] | None]
"""Gives what a package of this name and version requires, or None where that version is not installed here."""

_HASH = re.compile(r"--hash=(\S+)")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
PLATFORMS: tuple[Mapping[str, str], ...] = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
)
"""Where a lock must hold: the platform's own system, and those of developers."""


@dataclass(frozen=True)
class Entry:
    """A line of a requirements file, with the hashes of the files that it may be installed from."""

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def name(self) -> str:
        """The name as registries compare it: small letters, with hyphens."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str | None:
        """The version that is pinned, or None if none is."""
        pins = [one.version for one in self.requirement.specifier if one.operator == "=="]
        return pins[0] if len(pins) == len(self.requirement.specifier) == 1 else None


def parse_requirements(text: str) -> list[Entry]:
    """The entries of a requirements file; raises InvalidRequirement for a line that is none, such as an option."""
    joined = re.sub(r"\\\n", " ", text)
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines())
    return [Entry(Requirement(_HASH.sub("", line)), frozenset(_HASH.findall(line))) for line in lines if line]


def lock_faults(asked: str, locked: str, requires_of: RequiresOf) -> list[str]:
    """What is wrong with a lock file, in sentences; none if it is current.

    `asked` and `locked` are the texts of the two files. What a package requires in turn is known only where the locked
    version is installed; one that is not, such as another system's, counts as requiring nothing.
    """
    wanted = parse_requirements(asked)
    lock = {entry.name: entry for entry in parse_requirements(locked)}
    faults = [
        f"{name} has no version, or a file without a hash" for name, entry in lock.items() if not _is_exact(entry)
    ]
    faults += [f"{entry.requirement} is not what is locked" for entry in wanted if not _is_locked(entry, lock)]
    needed: set[str] = set()
    for platform in PLATFORMS:
        here = {name: str(value) for name, value in default_environment().items()}
        walk = _Walk(lock, requires_of, {**here, **platform})
        needed |= set(walk.visit(entry.requirement for entry in wanted))
        faults += walk.faults
    faults += [f"{name} is locked, but nothing needs it" for name in lock.keys() - needed]
    return sorted(set(faults))


def _is_exact(entry: Entry) -> bool:
    return entry.version is not None and bool(entry.hashes) and all(map(_SHA256.fullmatch, entry.hashes))


def _is_locked(entry: Entry, lock: Mapping[str, Entry]) -> bool:
    return entry.version is not None and entry.name in lock and lock[entry.name].version == entry.version


class _Walk:
    """A walk over all that is needed on one platform; keeps what it found wrong."""

    def __init__(self, lock: Mapping[str, Entry], requires_of: RequiresOf, environment: Mapping[str, str]) -> None:
        self.faults: list[str] = []
        self._lock = lock
        self._requires_of = requires_of
        self._environment = environment
        self._seen: set[tuple[str, str]] = set()

    def visit(self, requirements: Iterable[Requirement]) -> Iterator[str]:
        """The names of all that these need, in turn."""
        for requirement in requirements:
            name = canonicalize_name(requirement.name)
            entry = self._lock.get(name)
            if entry is None or not self._holds(entry.requirement):
                self.faults.append(f"{name} is needed on {self._environment['sys_platform']}, but not locked")
                continue
            yield name
            version = str(entry.version)
            if not requirement.specifier.contains(version, prereleases=True):
                self.faults.append(f"{name} {version} is locked, but {requirement} is needed")
            for extra in sorted({"", *requirement.extras}):
                yield from self._visit_what_is_required(name, version, extra)

    def _visit_what_is_required(self, name: str, version: str, extra: str) -> Iterator[str]:
        if (name, extra) in self._seen:
            return
        self._seen.add((name, extra))
        required = map(Requirement, self._requires_of(name, version) or ())
        yield from self.visit(one for one in required if self._holds(one, extra))

    def _holds(self, requirement: Requirement, extra: str = "") -> bool:
        return requirement.marker is None or requirement.marker.evaluate({**self._environment, "extra": extra})

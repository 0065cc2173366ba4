"""Whether a lock file is current, read from texts."""

import pytest

from deploy.requirements import lock_faults, parse_requirements

HASH = f"--hash=sha256:{'0' * 64}"
REQUIRES = {
    "web": ['colour; sys_platform == "win32"', "wires>=2", 'crypto>=1; extra == "safe"'],
    "wires": ["web"],
    "crypto": [],
}


def requires_of(name: str, _version: str) -> list[str] | None:
    return REQUIRES.get(name)


def lock(*pins: str) -> str:
    return "# Made by hand.\n" + "".join(f"{pin} \\\n    {HASH} \\\n    {HASH}\n    # via web\n" for pin in pins)


WHOLE = ("colour==1 ; sys_platform == 'win32'", "crypto==1", "Web==3.0", "wires==2.1")


def faults(asked: str, *pins: str) -> list[str]:
    return lock_faults(asked, lock(*pins), requires_of)


def test_a_lock_of_all_that_is_needed_has_no_fault() -> None:
    assert faults("# Why.\nweb[safe]==3.0  # Here.\n", *WHOLE) == []


def test_a_line_is_read_with_its_extras_marker_and_hashes() -> None:
    [entry] = parse_requirements(
        f"Py_JWT[crypto]==2.1 ; os_name == 'nt' \\\n    {HASH} \\\n    --hash=sha256:b\n# via x\n"
    )
    assert (entry.name, entry.version, entry.requirement.extras) == ("py-jwt", "2.1", {"crypto"})
    assert (str(entry.requirement.marker), len(entry.hashes)) == ('os_name == "nt"', 2)


@pytest.mark.parametrize(
    ("asked", "pins", "fault"),
    [
        ("web==3.1", ("web==3.0", "wires==2.1", WHOLE[0]), "web==3.1 is not what is locked"),
        ("web>=3", ("web==3.0", "wires==2.1", WHOLE[0]), "web>=3 is not what is locked"),
        ("web==3.0", ("web==3.0", "wires==1.9", WHOLE[0]), "wires 1.9 is locked, but wires>=2 is needed"),
        ("web==3.0", ("web==3.0", "wires==2.1"), "colour is needed on win32, but not locked"),
        ("web==3.0", ("web==3.0", "wires==2.1", "colour==1 ; sys_platform == 'linux'"), "colour is needed on win32"),
        ("web[safe]==3.0", ("web==3.0", "wires==2.1", WHOLE[0]), "crypto is needed on linux, but not locked"),
        ("web==3.0", WHOLE, "crypto is locked, but nothing needs it"),
        ("wires==2.1", (*WHOLE[:2], "web>=3", "wires==2.1"), "web has no version, or a file without a hash"),
    ],
)
def test_what_a_lock_lacks_or_has_too_much_is_said(asked: str, pins: tuple[str, ...], fault: str) -> None:
    assert any(found.startswith(fault) for found in faults(asked, *pins))


def test_an_entry_without_hashes_is_a_fault() -> None:
    assert lock_faults("crypto==1", "crypto==1\n", requires_of) == ["crypto has no version, or a file without a hash"]
    assert lock_faults("crypto==1", "crypto==1 --hash=md5:1\n", requires_of) != []


def test_what_is_not_installed_here_counts_as_requiring_nothing() -> None:
    assert faults("unknown==1", "unknown==1") == []

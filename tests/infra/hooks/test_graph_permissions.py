"""The command that an administrator of Entra runs, with a small `az` that keeps a journal."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PRINCIPAL = "5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21"
# Ids and names of two roles, one of which is assigned already.
AZ = f"""#!{sys.executable}
import json, os, sys
words = sys.argv[1:]
url, method = words[words.index("--url") + 1], words[words.index("--method") + 1]
body = None
if "--body" in words:
    body = json.loads(open(words[words.index("--body") + 1][1:]).read())
with open(os.environ["JOURNAL"], "a") as journal:
    journal.write(json.dumps([method, url, body]) + "\\n")
if os.environ.get("AZ_FAILS"):
    sys.stderr.write("Forbidden: a token eyJ...")
    sys.exit(1)
if url.endswith("appRoleAssignments"):
    print(json.dumps({{"value": [{{"appRoleId": "role-1"}}]}}))
else:
    roles = [{{"value": "User.Read.All", "id": "role-1"}}, {{"value": "Sites.Selected", "id": "role-2"}}]
    print(json.dumps({{"id": "graph", "appRoles": roles}}))
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    (tmp_path / "az").write_text(AZ)
    (tmp_path / "az").chmod(0o755)
    (tmp_path / "journal").touch()
    return tmp_path / "journal"


def run(journal: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{journal.parent}:/usr/bin:/bin", "JOURNAL": str(journal), **variables}
    program = [sys.executable, "-m", "infra.hooks.graph_permissions", *words]
    return subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_what_is_missing_is_granted_and_what_is_there_is_left_alone(journal: Path) -> None:
    done = run(journal, PRINCIPAL, "User.Read.All", "Sites.Selected")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "User.Read.All: the identity has it\nSites.Selected: granted\n"
    *_, (method, url, body) = map(json.loads, journal.read_text().splitlines())
    assert method == "post"
    assert url == f"https://graph.microsoft.com/v1.0/servicePrincipals/{PRINCIPAL}/appRoleAssignments"
    assert body == {"principalId": PRINCIPAL, "resourceId": "graph", "appRoleId": "role-2"}


def test_a_national_cloud_has_its_own_graph(journal: Path) -> None:
    run(journal, PRINCIPAL, "User.Read.All", GRAPH_URL="https://graph.microsoft.us")
    urls = [json.loads(line)[1] for line in journal.read_text().splitlines()]
    assert all(url.startswith("https://graph.microsoft.us/v1.0/") for url in urls)


@pytest.mark.parametrize(
    ("words", "variables", "sentence"),
    [
        ((PRINCIPAL, "User.Reed.All"), {}, "Graph has no application permission User.Reed.All"),
        ((PRINCIPAL, "User.Read.All"), {"AZ_FAILS": "1"}, "sign in with `az login` as an administrator of Entra"),
        ((PRINCIPAL, "User.Read.All"), {"PATH": "/nowhere"}, "az is not on PATH"),
        ((PRINCIPAL,), {}, "usage: "),
        ((), {}, "usage: "),
    ],
)
def test_a_failure_is_one_sentence(
    journal: Path, words: tuple[str, ...], variables: dict[str, str], sentence: str
) -> None:
    done = run(journal, *words, **variables)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr
    assert "eyJ" not in done.stderr
    assert "post" not in journal.read_text()

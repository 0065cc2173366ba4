"""The document of the API as it was released: `python -m deploy.openapi [--write]`.

Without `--write` it says what the present document breaks for clients of the released one, and fails for what
CHANGELOG.md does not announce. With it the present document becomes the released one: a part of releasing a version.
"""

import argparse
import json
import sys

from deploy.breaking import breaking_changes, unannounced
from deploy.tool import ROOT
from shared.api.contract.document import openapi_document

RELEASED = ROOT / "docs" / "openapi" / "released.json"
CHANGELOG = ROOT / "CHANGELOG.md"


def main() -> int:
    """Compare or write. Returns 0 if nothing breaks without a word in the changelog."""
    parser = argparse.ArgumentParser(prog="python -m deploy.openapi", description="Sees breaking changes of the API.")
    parser.add_argument("--write", action="store_true", help="the present document is the released one from now on")
    document = openapi_document()
    if parser.parse_args().write:
        RELEASED.write_text(released_text(document), encoding="utf-8")
        return 0
    changes = breaking_changes(json.loads(RELEASED.read_text(encoding="utf-8")), document)
    silent = unannounced(changes, CHANGELOG.read_text(encoding="utf-8"))
    for one in changes:
        sys.stdout.write(f"{'not announced: ' if one in silent else 'announced: '}{one}\n")
    return 1 if silent else 0


def released_text(document: object) -> str:
    """A document as it is committed, so that a difference shows line by line."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())

"""The files of the console's page: read once a process, compressed once, answered by name.

Only what was found in the folder is answered: a name from a request is looked up, and never becomes a path.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import azure.functions as func

from shared.errors import NotFound, Unavailable
from shared.http import path_segments

# The machine's own table of types may be wrong, or be changed by an administrator.
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
_INDEX = "index.html"
_VENDOR = "vendor/"
# Names below vendor/ have a version in them, so what they name never changes.
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_NOT_MODIFIED = 304


@dataclass(frozen=True)
class PageFile:
    """A file as it is answered, as it is and compressed; `etag` follows from its content."""

    content: bytes
    compressed: bytes
    type: str
    etag: str
    cache_control: str


@cache
def page_files(folder: Path) -> Mapping[str, PageFile]:
    """The files below this folder by their names, `views/help.js`; what is of a type that no page needs is left out."""
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.suffix in _TYPES}
    return {name: _page_file(name, path) for name, path in found.items()}


def serve_file(req: func.HttpRequest, folder: Path) -> func.HttpResponse:
    """The file that the path names, the page itself where it names none; raises NotFound."""
    files = page_files(folder)
    file = files.get("/".join(path_segments(req)) or _INDEX)
    if file is None:
        raise NotFound("the console has no such file")
    if not any(name.startswith(_VENDOR) for name in files):
        raise Unavailable(
            "the libraries of the console are not installed: run `python -m page.install`, then start again"
        )
    headers = {"ETag": file.etag, "Cache-Control": file.cache_control, "Vary": "Accept-Encoding"}
    if is_known(req.headers.get("if-none-match", ""), file.etag):
        return func.HttpResponse(status_code=_NOT_MODIFIED, headers=headers)
    body = file.content
    if accepts_gzip(req.headers.get("accept-encoding", "")):
        body, headers = file.compressed, {**headers, "Content-Encoding": "gzip"}
    return func.HttpResponse(body, mimetype=file.type, charset="utf-8", headers=headers)


def accepts_gzip(header: str) -> bool:
    """Whether this Accept-Encoding takes gzip: it is named, and not with a weight of 0."""
    for coding in header.lower().split(","):
        name, *parameters = (part.strip() for part in coding.split(";"))
        if name == "gzip":
            return not any(one.replace(" ", "").rstrip("0").rstrip(".") in {"q=", "q=0"} for one in parameters)
    return False


def is_known(header: str, etag: str) -> bool:
    """Whether this If-None-Match names the version with this ETag."""
    # Weak or strong, a comparison for a GET is the weak one (RFC 9110, 13.1.2).
    return any(one.strip().removeprefix("W/") in {etag, "*"} for one in header.split(","))


def _page_file(name: str, path: Path) -> PageFile:
    content = path.read_bytes()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    lasting = _FOR_EVER if name.startswith(_VENDOR) else _ASK_AGAIN
    return PageFile(content, gzip.compress(content, 9, mtime=0), _TYPES[path.suffix], etag, lasting)

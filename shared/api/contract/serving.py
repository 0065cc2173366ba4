"""`GET /api/openapi.json`: the document as a file, made once a process when somebody asks for it first."""

import gzip
import hashlib
import json
from functools import cache

import azure.functions as func

from shared.api.console.files import accepts_gzip, is_known
from shared.api.contract.document import openapi_document

_HEADERS = {
    "Cache-Control": "public, max-age=300",
    "Vary": "Accept-Encoding",
    # It says nothing that the repository does not say, and viewers on other sites may show it.
    "Access-Control-Allow-Origin": "*",
}
_NOT_MODIFIED = 304


@cache
def document_bytes() -> bytes:
    """The document as JSON."""
    return json.dumps(openapi_document(), ensure_ascii=False, separators=(",", ":")).encode()


@cache
def _compressed() -> bytes:
    return gzip.compress(document_bytes(), 9, mtime=0)


@cache
def _etag() -> str:
    return f'"{hashlib.sha256(document_bytes()).hexdigest()[:32]}"'


def serve_document(req: func.HttpRequest) -> func.HttpResponse:
    """The document, compressed for whoever takes that; 304 for an ETag that is still right."""
    headers = {**_HEADERS, "ETag": _etag()}
    if is_known(req.headers.get("if-none-match", ""), _etag()):
        return func.HttpResponse(status_code=_NOT_MODIFIED, headers=headers)
    body = document_bytes()
    if accepts_gzip(req.headers.get("accept-encoding", "")):
        body, headers = _compressed(), {**headers, "Content-Encoding": "gzip"}
    return func.HttpResponse(body, mimetype="application/json", headers=headers)

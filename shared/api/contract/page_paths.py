"""The console, Health, and this document (docs/console.md, docs/events.md). Pure."""

from shared.api.contract.parts import (
    NOSNIFF,
    Json,
    Operation,
    answer,
    boolean,
    integer,
    items,
    mapping,
    members,
    nothing_or,
    one_of,
    parameter,
    ref,
    text,
)
from shared.api.contract.refusals import PROBLEMS
from shared.api.contract.security import CALLER, OPEN
from shared.version import __version__

TAG = "The app itself"
_COUNTS = mapping(integer(minimum=0))
_HEALTH: dict[str, Json] = {"status": text(const="ok"), "version": text("The version of the app.")}
SCHEMAS: dict[str, Json] = {
    "Health": members(_HEALTH, description="The app runs."),
    "DeepHealth": members(
        {
            **_HEALTH,
            "queues": {**_COUNTS, "description": "About how many messages are in each queue."},
            "poison": {**_COUNTS, "description": "The same of each poison queue: more than 0 needs somebody."},
            "oldestUndispatchedSeconds": nothing_or(
                integer(minimum=0), "For how long the oldest event has waited for its dispatch; null if none is seen."
            ),
            "warnings": items(text(), "Sentences about settings and senders."),
        },
        description="Its storage answers.",
    ),
    "ConsoleSession": members(
        {
            "user": text("The caller's id."),
            "roles": items(one_of(["manager", "administrator"]), "Those that they have.", minItems=1),
            "signIn": one_of(["key", "platform"], "How they proved who they are."),
            "functionKey": nothing_or(text(), "The key for the page's calls; null where the app has none for it."),
            "version": text("The version of the app."),
            "features": members({"dynamics": boolean("Dataverse is set up."), "arcgis": boolean("ArcGIS is set up.")}),
        },
        description="Who uses the console, and what they may do.",
    ),
}
_CONSOLE_HEADERS: dict[str, Json] = {
    **NOSNIFF,
    "Content-Security-Policy": {"description": "What the page may load.", "required": True, "schema": text()},
}
_FILE_HEADERS: dict[str, Json] = {
    **_CONSOLE_HEADERS,
    "ETag": ref("ETag", "headers"),
    "Cache-Control": {"description": "How long it is good.", "required": True, "schema": text()},
    "Vary": {"required": True, "schema": text(const="Accept-Encoding")},
}
_NOT_MODIFIED: Json = {"description": "Whoever asks has this version already.", "headers": _FILE_HEADERS}
IF_NONE_MATCH = parameter(
    "If-None-Match", text(), "The ETag of what is there already.", place="header", example='"0123456789abcdef"'
)


def _file(description: str, *types: str) -> Json:
    return {
        "description": description,
        "headers": _FILE_HEADERS,
        "content": {type_: {"schema": text()} for type_ in types},
    }


_DOCUMENT_HEADERS: dict[str, Json] = {
    **NOSNIFF,
    "ETag": ref("ETag", "headers"),
    "Cache-Control": {
        "description": "For some minutes.",
        "required": True,
        "schema": text(const="public, max-age=300"),
    },
    "Vary": {"required": True, "schema": text(const="Accept-Encoding")},
    "Access-Control-Allow-Origin": {
        "description": "Any page may read it.",
        "required": True,
        "schema": text(const="*"),
    },
}
_CHECKED: Json = {
    "status": "ok",
    "version": __version__,
    "queues": {"events": 0, "deliveries": 3, "deliveries-slow": 0, "wakeups": 1},
    "poison": {"events-poison": 0, "deliveries-poison": 0, "deliveries-slow-poison": 0, "wakeups-poison": 0},
    "oldestUndispatchedSeconds": None,
    "warnings": [],
}
OPERATIONS = (
    Operation(
        "get",
        "/health",
        "getHealth",
        TAG,
        "Whether the app runs",
        "Without `deep` it calls nobody and needs no caller. With `deep=1` it asks storage, for any caller whom the app"
        " knows; 503 if storage does not answer.",
        {
            200: answer("It runs.", {"anyOf": [ref("DeepHealth"), ref("Health")]}, example=_CHECKED),
            **PROBLEMS(400, 401, 503),
        },
        ({}, *CALLER),
        (parameter("deep", integer(enum=[0, 1], default=0), "Whether to look at storage and its queues."),),
    ),
    Operation(
        "get",
        "/openapi.json",
        "getOpenApi",
        TAG,
        "This document",
        "OpenAPI 3.1.",
        {
            200: {
                "description": "The document.",
                "headers": _DOCUMENT_HEADERS,
                "content": {
                    "application/json": {
                        "schema": {
                            **members(
                                {"openapi": text(pattern=r"^3\.1\."), "info": mapping(True), "paths": mapping(True)}
                            ),
                            "additionalProperties": True,
                        }
                    }
                },
            },
            304: {"description": "Whoever asks has this version already.", "headers": _DOCUMENT_HEADERS},
        },
        OPEN,
        (IF_NONE_MATCH,),
    ),
    Operation(
        "get",
        "/console",
        "getConsole",
        TAG,
        "The console",
        "A page for Relationship Managers and administrators.",
        {200: _file("The page.", "text/html"), 304: _NOT_MODIFIED, **PROBLEMS(503)},
        OPEN,
        (IF_NONE_MATCH,),
    ),
    Operation(
        "get",
        "/console/{file}",
        "getConsoleFile",
        TAG,
        "A file of the console",
        "By its name, which may have slashes in it.",
        {
            200: _file("The file.", "text/html", "text/css", "text/javascript", "image/svg+xml", "text/plain"),
            304: _NOT_MODIFIED,
            **PROBLEMS(404, 503),
        },
        OPEN,
        (parameter("file", text(), "Its name.", place="path", example="index.html"), IF_NONE_MATCH),
    ),
    Operation(
        "get",
        "/console/session",
        "getConsoleSession",
        TAG,
        "Who uses the console",
        "A caller with one of the two roles gets the function key for the page. A 401 or a 403 says in `easyAuth`"
        " where a"
        " browser signs in.",
        {
            200: answer(
                "The caller.",
                ref("ConsoleSession"),
                headers=_CONSOLE_HEADERS,
                example={
                    "user": "megan@contoso.example",
                    "roles": ["manager"],
                    "signIn": "key",
                    "functionKey": None,
                    "version": __version__,
                    "features": {"dynamics": True, "arcgis": False},
                },
            ),
            **PROBLEMS(401, 403, 503),
        },
        CALLER,
    ),
)

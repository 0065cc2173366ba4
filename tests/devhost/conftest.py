"""One host for all tests of what requests do, over an app with a function for each question."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.devhost.apps import RETURN, http_trigger, write_app, write_function
from tests.devhost.hosting import RunningHost, running_host

# Answers what reached it, and leaves a mark where a caller asks for one.
_ECHO = """
    def main(req: func.HttpRequest) -> func.HttpResponse:
        if "mark" in req.params:
            (ROOT / req.params["mark"]).touch()
        body = base64.b64encode(req.get_body()).decode()
        seen = {"function": "THIS", "method": req.method, "url": req.url, "headers": dict(req.headers)}
        seen |= {"cwd": str(pathlib.Path.cwd()), "host": os.environ["WEBSITE_HOSTNAME"]}
        seen |= {"params": dict(req.params), "route": dict(req.route_params), "body": body}
        return func.HttpResponse(json.dumps(seen), mimetype="application/json")
"""


@pytest.fixture(scope="package")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """The host; its app has no queue."""
    root = write_app(tmp_path_factory.mktemp("app"))
    _write_echoes(root)
    _write_answers(root)
    _write_broken(root)
    settings = '{"Values": {"AzureWebJobs.Disabled.Disabled": "true"}}'
    (root / "local.settings.json").write_text(settings, encoding="utf-8")
    with running_host(root) as running:
        yield running


def _write_echoes(root: Path) -> None:
    routes: dict[str, dict[str, object]] = {
        "Any": {"route": "any/{id?}"},
        "First": {"route": "order/{name}", "methods": ["get"]},
        "Second": {"route": "order/fixed", "methods": ["get", "post"]},
        "Rest": {"route": "rest/{*rest}"},
        "Number": {"route": "number/{id:int}"},
        "Locked": {"route": "locked", "authLevel": "function"},
        "OtherLocked": {"authLevel": "function"},
        "MasterOnly": {"authLevel": "admin"},
        "Disabled": {"authLevel": "function"},
        "Declared": {"methods": ["head", "options"]},
    }
    traced = """
        def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
            return func.HttpResponse(context.trace_context.trace_parent)
    """
    write_function(root, "Traced", traced, http_trigger(), RETURN)
    for name, members in routes.items():
        write_function(root, name, _ECHO.replace("THIS", name), http_trigger(**members), RETURN)


def _write_answers(root: Path) -> None:
    bodies = {
        "Binary": "return func.HttpResponse(bytes(range(256)), mimetype='application/octet-stream', status_code=201)",
        "Text": "return func.HttpResponse('grüße', mimetype='text/plain', headers={'X-One': 'a', 'x-one': 'b'})",
        "Plain": "return 'plain'",
        "BadHeader": "return func.HttpResponse(headers={'X-Bad': 'line\\nbreak'})",
        "BadStatus": "return func.HttpResponse(status_code=1000)",
        "NoContent": "return func.HttpResponse('not sent', status_code=204)",
        "Raises": "raise ValueError('a text of the exception')",
        "Exits": "sys.exit('enough')",
    }
    for name, body in bodies.items():
        code = f"def main(req: func.HttpRequest) -> func.HttpResponse:\n    {body}\n"
        trigger = http_trigger(route="no-content" if name == "NoContent" else name)
        write_function(
            root, name, code.replace("func.HttpResponse:", "str:") if name == "Plain" else code, trigger, RETURN
        )
    meets = """
        import threading

        came, all_there = [], threading.Event()

        def main(req: func.HttpRequest) -> func.HttpResponse:
            came.append(req)
            if len(came) == 3:
                all_there.set()
            return func.HttpResponse(status_code=200 if all_there.wait(30) else 504)
    """
    write_function(root, "Meets", meets, http_trigger(), RETURN)
    asynchronous = """
        async def main(req: func.HttpRequest) -> func.HttpResponse:
            await asyncio.sleep(0)
            return func.HttpResponse("asynchronous")
    """
    write_function(root, "Asynchronous", asynchronous, http_trigger(), RETURN)
    named = """
        def main(req: func.HttpRequest, resp: func.Out[func.HttpResponse]) -> None:
            resp.set(func.HttpResponse("named", status_code=202))
    """
    output = {"name": "resp", "type": "http", "direction": "out"}
    write_function(root, "NamedOutput", named, http_trigger(), output)
    write_function(root, "NoOutput", "def main(req: func.HttpRequest) -> None:\n    pass\n", http_trigger())


def _write_broken(root: Path) -> None:
    locked = http_trigger(authLevel="function")
    write_function(root, "NoImport", "import nowhere_to_be_found\ndef main(req): pass\n", locked, RETURN)
    write_function(root, "Mismatch", "def main(other: func.HttpRequest) -> str: return ''\n", locked, RETURN)
    write_function(root, "ExitsAtImport", "sys.exit(3)\n", locked, RETURN)
    write_function(root, "TwoTriggers", "", locked, {**locked, "name": "req2"}, RETURN)

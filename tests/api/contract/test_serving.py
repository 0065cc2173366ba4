import gzip
import importlib
import json
import subprocess
import sys

import azure.functions as func
import pytest

from shared.api.contract.serving import document_bytes
from tests.support.invoking import invocation_context
from tests.support.paths import ROOT

OPEN_API = importlib.import_module("OpenApi")


def ask(**headers: str) -> func.HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = func.HttpRequest("GET", "https://hub.example/api/openapi.json", headers=named, body=b"")
    answer: func.HttpResponse = OPEN_API.main(request, invocation_context())
    return answer


def test_the_document_is_json_that_may_be_kept_for_a_while_and_shown_by_any_page() -> None:
    answer = ask()
    assert (answer.status_code, answer.mimetype, answer.get_body()) == (200, "application/json", document_bytes())
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert json.loads(answer.get_body())["openapi"] == "3.1.0"


def test_it_is_compressed_for_whoever_takes_that() -> None:
    answer = ask(accept_encoding="br, gzip")
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(answer.get_body()) == document_bytes()
    assert "Content-Encoding" not in ask(accept_encoding="gzip;q=0").headers


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_whoever_has_it_gets_304(form: str) -> None:
    etag = ask().headers["ETag"]
    answer = ask(if_none_match=form.format(etag))
    assert (answer.status_code, answer.get_body(), answer.headers["ETag"]) == (304, b"", etag)


def test_another_version_is_sent() -> None:
    assert ask(if_none_match='"other"').status_code == 200


def test_a_function_that_does_not_need_the_document_does_not_load_it() -> None:
    code = "import sys, OpenApi, Events, WebhookAdmin; print([name for name in sys.modules if 'contract' in name])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

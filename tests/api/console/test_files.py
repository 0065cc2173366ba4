"""The files of the page: what is found, what never is, and how they are cached and compressed."""

import gzip
from pathlib import Path

import azure.functions as func
import pytest

from shared.api.console.files import accepts_gzip, page_files, serve_file
from shared.errors import NotFound, Unavailable
from tests.support.cases import holds_for


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A page with a library, and what does not belong to it."""
    for name in (
        "index.html",
        "app.js",
        "views/help.js",
        "icon.svg",
        "vendor/lit-1/lit.js",
        "vendor/lit-1/lit.d.ts",
        "x.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"// {name} é" * 100, encoding="utf-8")
    (tmp_path.parent / "secret.js").write_text("secret", encoding="utf-8")
    return tmp_path


def get(path: str, **headers: str) -> func.HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return func.HttpRequest(
        "GET", "http://localhost:7071/api/console", headers=named, route_params={"path": path}, body=b""
    )


@holds_for(
    ("path", "name", "kind"),
    [
        ("", "index.html", "text/html"),
        ("/", "index.html", "text/html"),
        ("index.html", "index.html", "text/html"),
        ("app.js", "app.js", "text/javascript"),
        ("views/help.js", "views/help.js", "text/javascript"),
        ("icon.svg", "icon.svg", "image/svg+xml"),
        ("vendor/lit-1/lit.js", "vendor/lit-1/lit.js", "text/javascript"),
    ],
)
def test_a_file_is_answered_by_its_name_with_its_type(folder: Path, path: str, name: str, kind: str) -> None:
    response = serve_file(get(path), folder)
    assert response.get_body() == (folder / name).read_bytes()
    assert (response.mimetype, response.charset) == (kind, "utf-8")


@pytest.mark.parametrize(
    "path",
    [
        "x.py",
        "vendor/lit-1/lit.d.ts",
        "../secret.js",
        "views/../../secret.js",
        "..%2fsecret.js",
        "views",
        "vendor",
        "APP.JS",
        "/etc/passwd",
        "app.js/x",
        "app.js\0",
    ],
)
def test_nothing_else_is_answered_wherever_a_path_leads(folder: Path, path: str) -> None:
    with pytest.raises(NotFound):
        serve_file(get(path), folder)


def test_our_own_files_are_asked_for_again_and_libraries_never(folder: Path) -> None:
    assert serve_file(get(""), folder).headers["Cache-Control"] == "no-cache"
    assert serve_file(get("app.js"), folder).headers["Cache-Control"] == "no-cache"
    assert (
        serve_file(get("vendor/lit-1/lit.js"), folder).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    )


def test_who_has_a_file_does_not_get_it_again(folder: Path) -> None:
    etag = serve_file(get("app.js"), folder).headers["ETag"]
    for header in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = serve_file(get("app.js", If_None_Match=header), folder)
        assert (response.status_code, response.get_body()) == (304, b"")
        assert response.headers["ETag"] == etag
    assert serve_file(get("app.js", If_None_Match='"other"'), folder).status_code == 200


def test_a_file_that_changes_has_another_etag(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("page")
    (other / "app.js").write_text("else", encoding="utf-8")
    assert page_files(other)["app.js"].etag != page_files(folder)["app.js"].etag


def test_a_file_is_compressed_for_whoever_understands_that(folder: Path) -> None:
    response = serve_file(get("app.js", Accept_Encoding="br, gzip"), folder)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(response.get_body()) == (folder / "app.js").read_bytes()
    assert len(response.get_body()) < len((folder / "app.js").read_bytes()) / 2
    plain = serve_file(get("app.js"), folder)
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == "Accept-Encoding"


@holds_for(
    ("header", "answer"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5, br", True),
        ("gzip ; q=0.001", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q = 0.000", False),
        ("gzipped", False),
    ],
)
def test_gzip_is_taken_where_it_is_named_and_not_refused(header: str, *, answer: bool) -> None:
    assert accepts_gzip(header) is answer


def test_a_page_without_its_libraries_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page", encoding="utf-8")
    with pytest.raises(Unavailable, match=r"python -m page\.install"):
        serve_file(get(""), tmp_path)

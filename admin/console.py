"""`python -m admin console`: the hub's page in a browser, signed in where the hub runs on this machine."""

import html
import json
import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer

from devhost.console import sign_in_link
from devhost.local_hub import LOCAL, RUN_FILE
from devhost.private import make_private_folder, write_private

_LINK_FILE = LOCAL / "console.html"


def console(
    url: Annotated[str, typer.Option(help="another hub's address; sign in there")] = "",
    print_link: Annotated[bool, typer.Option("--print", help="print the link that signs in, and open nothing")] = False,
) -> None:
    """Open the console in a browser. With the hub of `make run` it is signed in; the link is in no argument."""
    link = f"{url.rstrip('/')}/api/console" if url else _local_link()
    if print_link:
        typer.echo(link)
        return
    # Other users of a machine see the arguments of a browser, but not into this file.
    opened = link if url else _link_file(link)
    if not webbrowser.open(opened):
        typer.echo(
            "error: no browser could be opened here: `python -m admin console --print` prints the link", err=True
        )
        raise typer.Exit(1)
    typer.echo(f"opened {link.partition('#')[0]}")


def _local_link() -> str:
    try:
        facts: dict[str, Any] = json.loads(RUN_FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        typer.echo("error: no hub runs here: start one with `make run`, or name another with --url", err=True)
        raise typer.Exit(1) from None
    return sign_in_link(str(facts["url"]), str(facts["api_key"]))


def _link_file(link: str) -> str:
    """The address of a private file that leads to the link."""
    make_private_folder(LOCAL)
    target = html.escape(link, quote=True)
    page = f'<!doctype html><title>Webhook hub</title><meta http-equiv="refresh" content="0; url={target}">\n'
    write_private(_LINK_FILE, page)
    return Path(_LINK_FILE).as_uri()
